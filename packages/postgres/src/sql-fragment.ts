/**
 * Pieces of SQL that know their values apart from their text. A piece of text comes from a template in the program alone, never from a value:
 * what a value may become is a parameter, a quoted identifier, or nothing.
 */
import { outOfRange, wrongType } from '@shrapnel/core/parts'
import { checkParameterCount } from './wire/frontend-encode.js'

/** What goes to the server. */
export interface ComposedSql {
  /** With $1, $2 … where the values are. */
  readonly text: string
  readonly parameters: readonly unknown[]
}

/** Text, and between each two of it a value or another piece. Made by the tag `sql` and its functions. */
export class SqlFragment {
  readonly #strings: readonly string[]
  readonly #values: readonly unknown[]
  /** Of a template whose values are all parameters, the text is always the same. */
  readonly #isPlain: boolean

  /** @internal */
  constructor(strings: readonly string[], values: readonly unknown[]) {
    this.#strings = strings
    this.#values = values
    this.#isPlain = !values.some((value) => value instanceof SqlFragment)
    for (const [i, value] of values.entries())
      if (value === undefined || typeof value === 'function' || typeof value === 'symbol')
        throw wrongType(`value ${i + 1} of the query`, 'something that SQL knows: null, for nothing', value)
  }

  /** The text with its numbers, and the parameters. Throws PG_LIMIT if there are more than 65535. */
  compose(): ComposedSql {
    checkParameterCount(this.#values.length)
    if (this.#isPlain) return { text: plainText(this.#strings), parameters: this.#values }
    const parameters: unknown[] = []
    const text = this.#append(parameters)
    checkParameterCount(parameters.length)
    return { text, parameters }
  }

  #append(parameters: unknown[]): string {
    let text = this.#strings[0] as string
    for (let i = 0; i < this.#values.length; i++) {
      const value = this.#values[i]
      if (value instanceof SqlFragment) text += value.#append(parameters)
      else text += `$${parameters.push(value)}`
      text += this.#strings[i + 1] as string
    }
    return text
  }
}

const plainTexts = new WeakMap<readonly string[], string>()

/** A template is the same object each time it is run: its text is put together once. */
function plainText(strings: readonly string[]): string {
  const known = plainTexts.get(strings)
  if (known !== undefined) return known
  let text = strings[0] as string
  for (let i = 1; i < strings.length; i++) text += `$${i}${strings[i]}`
  plainTexts.set(strings, text)
  return text
}

/** Text that is no value. For this package alone. @internal */
export function text(content: string): SqlFragment {
  return new SqlFragment([content], [])
}

/** Pieces after one another. @internal */
export function joined(parts: readonly unknown[], separator: string): SqlFragment {
  if (parts.length === 0) return text('')
  return new SqlFragment(['', ...new Array<string>(parts.length - 1).fill(separator), ''], parts)
}

/** `"schema"."table"`. Throws ERR_OUT_OF_RANGE for a name that is empty or has a NUL. */
export function quoteIdentifier(path: readonly string[]): string {
  if (path.length === 0) throw outOfRange('an identifier', 'one name at least', 'none')
  return path
    .map((name) => {
      if (typeof name !== 'string') throw wrongType('an identifier', 'text', name)
      if (name === '' || name.includes('\0'))
        throw outOfRange(
          'an identifier',
          'text of one character at least and without NUL',
          JSON.stringify(name),
        )
      return `"${name.replaceAll('"', '""')}"`
    })
    .join('.')
}
