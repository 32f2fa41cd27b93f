/** Questions: what a caller asked for, in the form in which it is looked up and put to servers. */
import { outOfRange, wrongType } from '@shrapnel/core/parts'
import { DnsError } from '../errors.js'
import { nameKey, nameToAscii, type Question, RECORD_TYPES } from '../wire/index.js'

export interface Asked {
  /** As the cache knows the name. */
  readonly key: string
  readonly question: Question
}

const OPT = 41
/** Those that ask for something else than the records of one type: ANY, AXFR, TSIG, … (RFC 6895, 3.1). No cache can keep what they are answered with. */
const FIRST_META_TYPE = 128
const LAST_META_TYPE = 255

/** The type's own name, whatever it was called by. For mistakes in the program: a name or type that is no text, or a type that there is not. */
export function checkAsked(name: unknown, type: unknown): string {
  if (typeof name !== 'string') throw wrongType('name', 'text', name)
  if (typeof type !== 'string') throw wrongType('type', 'text', type)
  const number = RECORD_TYPES.find(type)
  const isMeta =
    number === undefined ||
    number === 0 ||
    number === OPT ||
    (number >= FIRST_META_TYPE && number <= LAST_META_TYPE)
  if (isMeta) throw outOfRange('type', 'a type of records', type)
  return RECORD_TYPES.word(number)
}

/** Nothing in it can be written in two ways, but for case and the last dot. */
const PLAIN = /^[!-[\]-~]{2,}$/

/** Without the work of looking whether the name is one: enough to find what is known of it. Undefined where that takes more. */
export function plainlyAsked(name: string, type: string): Asked | undefined {
  if (!PLAIN.test(name)) return undefined
  const bare = name.endsWith('.') ? name.slice(0, -1) : name
  return { key: bare.toLowerCase(), question: { name: bare, type, class: 'IN' } }
}

/** A DnsError `EBADNAME` for what is no domain name. */
export function asked(name: string, type: string): Asked {
  try {
    const ascii = nameToAscii(name)
    return { key: nameKey(ascii), question: { name: ascii, type, class: 'IN' } }
  } catch (cause) {
    throw new DnsError('EBADNAME', `'${name}' is no domain name`, { hostname: name, type, cause })
  }
}
