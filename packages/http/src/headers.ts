/**
 * Header fields in the order in which they came, duplicates kept, names compared without case (RFC 9110, 5). Names keep the case they were
 * given; values are text of bytes 0x20 to 0xff and tabs, without white space around. It checks what it is given, so that no CR, LF or NUL gets on a line.
 *
 * Those of a message that came are the text of its head until somebody asks: most handlers look at few fields or none.
 */
import { HttpError } from './errors.js'
import { FieldTable, fieldKey, PLACES } from './wire/field-table.js'

/** What headers can be made of. */
export type HeadersInit =
  | HttpHeaders
  | Iterable<readonly [name: string, value: string]>
  | Readonly<Record<string, string | number | readonly string[] | undefined>>

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/
const COLON = 58
/** What a small letter has and its capital has not. */
const CASE_BIT = 32
const LETTER_A = 97
const LETTER_Z = 122

export class HttpHeaders implements Iterable<[name: string, value: string]> {
  /** The fields as they came, checked and up to the empty line, until they are taken apart. */
  #text: string | null = null
  #textFrom = 0
  /** Where the fields are in the text: the parser's as long as that knows no other head, then our own. */
  #table: FieldTable | null = null
  #serial = 0
  /** Name, value, name, value, … */
  #flat: string[] | null = null

  constructor(init?: HeadersInit) {
    if (init === undefined) return
    if (Symbol.iterator in init) for (const [name, value] of init) this.append(name, value)
    else
      for (const [name, value] of Object.entries(init)) {
        if (Array.isArray(value)) for (const one of value as readonly string[]) this.append(name, one)
        else if (value !== undefined) this.append(name, String(value))
      }
  }

  /**
   * The fields in `text` from `from` up to an empty line, which a parser has found to be well. `table` has where they are, as long as it
   * is at `serial`. @internal
   */
  static fromWire(text: string, from: number, table: FieldTable | null = null, serial = 0): HttpHeaders {
    const headers = new HttpHeaders()
    headers.#text = text
    headers.#textFrom = from
    headers.#table = table
    headers.#serial = serial
    return headers
  }

  #fields(): string[] {
    this.#flat ??= this.#text === null ? [] : this.#takeApart(this.#text)
    this.#text = this.#table = null
    return this.#flat
  }

  #places(text: string): FieldTable {
    if (this.#table?.serial !== this.#serial) {
      this.#table = FieldTable.of(text, this.#textFrom)
      this.#serial = this.#table.serial
    }
    return this.#table as FieldTable
  }

  #takeApart(text: string): string[] {
    const { places, count } = this.#places(text)
    const fields: string[] = []
    for (let at = 0; at < PLACES * count; at += PLACES) {
      const nameFrom = places[at + 1] as number
      fields.push(text.slice(nameFrom, text.indexOf(':', nameFrom)))
      fields.push(text.slice(places[at + 2] as number, places[at + 3] as number))
    }
    return fields
  }

  /** Finds fields where they are: most questions are about few of them, and need no copy of the others. */
  #getFromText(text: string, name: string): string | undefined {
    const { places, count } = this.#places(text)
    const { length } = name
    const key = fieldKey(length, name.charCodeAt(0), name.charCodeAt(length - 1))
    let joined: string | undefined
    for (let at = 0; at < PLACES * count; at += PLACES) {
      if (places[at] !== key) continue
      const nameFrom = places[at + 1] as number
      if (text.charCodeAt(nameFrom + length) !== COLON) continue
      if (!text.startsWith(name, nameFrom) && !isNameAt(text, nameFrom, name)) continue
      const value = text.slice(places[at + 2] as number, places[at + 3] as number)
      joined = joined === undefined ? value : `${joined}, ${value}`
    }
    return joined
  }

  /** Name, value, name, value, …: not to be changed. @internal */
  get flat(): readonly string[] {
    return this.#fields()
  }

  /** How many fields there are; duplicates count. */
  get size(): number {
    return this.#fields().length / 2
  }

  /** The value of `name`, several joined by `, `; undefined: there is none. Not for `set-cookie`: see `getAll`. */
  get(name: string): string | undefined {
    if (this.#text !== null) return this.#getFromText(this.#text, name)
    const fields = this.#fields()
    const key = name.toLowerCase()
    let joined: string | undefined
    for (let i = 0; i < fields.length; i += 2) {
      if (!isSame(fields[i] as string, key)) continue
      const value = fields[i + 1] as string
      joined = joined === undefined ? value : `${joined}, ${value}`
    }
    return joined
  }

  /** Each value of `name`, in order. */
  getAll(name: string): string[] {
    const fields = this.#fields()
    const key = name.toLowerCase()
    const values: string[] = []
    for (let i = 0; i < fields.length; i += 2)
      if (isSame(fields[i] as string, key)) values.push(fields[i + 1] as string)
    return values
  }

  has(name: string): boolean {
    const fields = this.#fields()
    const key = name.toLowerCase()
    for (let i = 0; i < fields.length; i += 2) if (isSame(fields[i] as string, key)) return true
    return false
  }

  /** Adds a field at the end. Throws `HTTP_HEADER` for a name or a value that cannot be. */
  append(name: string, value: string): void {
    if (!TOKEN.test(name))
      throw new HttpError('HTTP_HEADER', `${JSON.stringify(name)} is no name of a header field`)
    const trimmed = value.replace(/^[\t ]+|[\t ]+$/g, '')
    if (!VALUE.test(trimmed))
      throw new HttpError('HTTP_HEADER', `the value of ${name} has a character that no header field can have`)
    this.#fields().push(name, trimmed)
  }

  /** Replaces every field of that name by one. */
  set(name: string, value: string): void {
    this.delete(name)
    this.append(name, value)
  }

  delete(name: string): boolean {
    const fields = this.#fields()
    const key = name.toLowerCase()
    const before = fields.length
    for (let i = before - 2; i >= 0; i -= 2) if (isSame(fields[i] as string, key)) fields.splice(i, 2)
    return fields.length < before
  }

  *[Symbol.iterator](): IterableIterator<[name: string, value: string]> {
    const fields = this.#fields()
    for (let i = 0; i < fields.length; i += 2) yield [fields[i] as string, fields[i + 1] as string]
  }
}

/** Whether `name` is `key`, which is in small letters. */
function isSame(name: string, key: string): boolean {
  return name.length === key.length && (name === key || name.toLowerCase() === key)
}

/** Whether what stands there is `name`, whatever the case of either. */
function isNameAt(text: string, at: number, name: string): boolean {
  for (let i = 0; i < name.length; i++) {
    const code = name.charCodeAt(i)
    const other = text.charCodeAt(at + i)
    if (code !== other && ((code ^ other) !== CASE_BIT || !isLetter(code | CASE_BIT))) return false
  }
  return true
}

function isLetter(code: number): boolean {
  return code >= LETTER_A && code <= LETTER_Z
}
