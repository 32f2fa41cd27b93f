/**
 * Header fields in the order in which they came, duplicates kept, names compared without case (RFC 9110, 5). Names keep the case they were
 * given; values are text of bytes 0x20 to 0xff and tabs, without white space around. It checks what it is given, so that no CR, LF or NUL gets on a line.
 */
import { HttpError } from './errors.js'

/** What headers can be made of. */
export type HeadersInit =
  | HttpHeaders
  | Iterable<readonly [name: string, value: string]>
  | Readonly<Record<string, string | number | readonly string[] | undefined>>

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/

export class HttpHeaders implements Iterable<[name: string, value: string]> {
  /** Name, value, name, value, … */
  readonly #flat: string[] = []

  constructor(init?: HeadersInit) {
    if (init === undefined) return
    if (Symbol.iterator in init) for (const [name, value] of init) this.append(name, value)
    else
      for (const [name, value] of Object.entries(init)) {
        if (Array.isArray(value)) for (const one of value as readonly string[]) this.append(name, one)
        else if (value !== undefined) this.append(name, String(value))
      }
  }

  /** How many fields there are; duplicates count. */
  get size(): number {
    return this.#flat.length / 2
  }

  /** The value of `name`, several joined by `, `; undefined: there is none. Not for `set-cookie`: see `getAll`. */
  get(name: string): string | undefined {
    const key = name.toLowerCase()
    let joined: string | undefined
    for (let i = 0; i < this.#flat.length; i += 2) {
      const at = this.#flat[i] as string
      if (at.length !== key.length || at.toLowerCase() !== key) continue
      const value = this.#flat[i + 1] as string
      joined = joined === undefined ? value : `${joined}, ${value}`
    }
    return joined
  }

  /** Each value of `name`, in order. */
  getAll(name: string): string[] {
    const key = name.toLowerCase()
    const values: string[] = []
    for (let i = 0; i < this.#flat.length; i += 2)
      if ((this.#flat[i] as string).toLowerCase() === key) values.push(this.#flat[i + 1] as string)
    return values
  }

  has(name: string): boolean {
    return this.get(name) !== undefined
  }

  /** Adds a field at the end. Throws `HTTP_HEADER` for a name or a value that cannot be. */
  append(name: string, value: string): void {
    if (!TOKEN.test(name))
      throw new HttpError('HTTP_HEADER', `${JSON.stringify(name)} is no name of a header field`)
    const trimmed = value.replace(/^[\t ]+|[\t ]+$/g, '')
    if (!VALUE.test(trimmed))
      throw new HttpError('HTTP_HEADER', `the value of ${name} has a character that no header field can have`)
    this.#flat.push(name, trimmed)
  }

  /** Replaces every field of that name by one. */
  set(name: string, value: string): void {
    this.delete(name)
    this.append(name, value)
  }

  delete(name: string): boolean {
    const key = name.toLowerCase()
    const before = this.#flat.length
    for (let i = this.#flat.length - 2; i >= 0; i -= 2)
      if ((this.#flat[i] as string).toLowerCase() === key) this.#flat.splice(i, 2)
    return this.#flat.length < before
  }

  *[Symbol.iterator](): IterableIterator<[name: string, value: string]> {
    for (let i = 0; i < this.#flat.length; i += 2)
      yield [this.#flat[i] as string, this.#flat[i + 1] as string]
  }
}
