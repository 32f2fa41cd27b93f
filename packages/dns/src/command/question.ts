/** What is asked, from words of the command line. */
import {
  CLASSES,
  canonicalName,
  nameToAscii,
  type Question,
  RECORD_TYPES,
  reverseName,
} from '../wire/index.js'
import { UsageError } from './usage-error.js'

/** Not asked for in a question: what belongs to messages, not to names (RFC 6895, 3.1). */
const NO_QUESTION = new Set(['OPT', 'TSIG', 'TKEY'])

export function questionFor(name: string, type: string, className: string): Question {
  return {
    name: checked('name', name, () => asked(name)),
    type: mnemonic('type', type),
    class: mnemonic('class', className),
  }
}

export function reverseQuestion(address: string, type: string, className: string): Question {
  return questionFor(
    checked('address', address, () => reverseName(address)),
    type,
    className,
  )
}

function asked(name: string): string {
  return canonicalName(nameToAscii(name))
}

function mnemonic(what: 'type' | 'class', word: string): string {
  const upper = word.toUpperCase()
  const table = what === 'type' ? RECORD_TYPES : CLASSES
  const canonical = checked(what, word, () => table.word(table.number(upper)))
  if (NO_QUESTION.has(canonical)) throw new UsageError(`${word}: nobody is asked for this type`)
  return canonical
}

function checked(what: string, text: string, make: () => string): string {
  try {
    return make()
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new UsageError(`that is no ${what}: ${text} (${why})`)
  }
}
