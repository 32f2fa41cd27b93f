/**
 * Headers of the fetch standard over ours, without a copy: it is asked where the fields lie. For `instanceof` and for other people's
 * constructors it is one of the platform's Headers. What it does not do is guard against what a script may not set.
 */
import { HttpHeaders } from '../headers.js'

type Field = [name: string, value: string]

export class LightHeaders {
  readonly #fields: HttpHeaders

  constructor(fields: HttpHeaders) {
    this.#fields = fields
  }

  /** @internal */
  get fields(): HttpHeaders {
    return this.#fields
  }

  get(name: string): string | null {
    // Two fields Cookie are one with a semicolon (RFC 6265bis, 4.2; RFC 9113, 8.2.3).
    if (name.length === 6 && name.toLowerCase() === 'cookie') {
      const values = this.#fields.getAll(name)
      return values.length === 0 ? null : values.join('; ')
    }
    return this.#fields.get(name) ?? null
  }

  has(name: string): boolean {
    return this.#fields.has(name)
  }

  set(name: string, value: string): void {
    typed(() => this.#fields.set(String(name), trimmed(value)))
  }

  append(name: string, value: string): void {
    typed(() => this.#fields.append(String(name), trimmed(value)))
  }

  delete(name: string): void {
    this.#fields.delete(String(name))
  }

  getSetCookie(): string[] {
    return this.#fields.getAll('set-cookie')
  }

  forEach(callback: (value: string, name: string, headers: unknown) => void, thisArg?: unknown): void {
    for (const [name, value] of this.#sorted()) callback.call(thisArg, value, name, this)
  }

  *entries(): IterableIterator<Field> {
    yield* this.#sorted()
  }

  *keys(): IterableIterator<string> {
    for (const [name] of this.#sorted()) yield name
  }

  *values(): IterableIterator<string> {
    for (const [, value] of this.#sorted()) yield value
  }

  [Symbol.iterator](): IterableIterator<Field> {
    return this.entries()
  }

  get [Symbol.toStringTag](): string {
    return 'Headers'
  }

  /** Names in small letters and in order, those of a name joined, but for Set-Cookie (fetch, 2.2.2, sort and combine). */
  #sorted(): Field[] {
    const { flat } = this.#fields
    const names = new Set<string>()
    const cookies: Field[] = []
    for (let i = 0; i < flat.length; i += 2) {
      const name = (flat[i] as string).toLowerCase()
      if (name === 'set-cookie') cookies.push([name, flat[i + 1] as string])
      else names.add(name)
    }
    const fields = Array.from(names, (name): Field => [name, this.get(name) as string]).concat(cookies)
    return fields.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
  }
}

Object.setPrototypeOf(LightHeaders.prototype, Headers.prototype)

/** As the platform's Headers, whose line breaks at the ends are no fault. */
function trimmed(value: string): string {
  return String(value).replace(/^[\t\n\r ]+|[\t\n\r ]+$/g, '')
}

function typed(change: () => void): void {
  try {
    change()
  } catch (cause) {
    throw new TypeError((cause as Error).message, { cause })
  }
}

/** A copy of what a Response or a Request is told its headers are. */
export function fieldsOf(init: RequestInit['headers']): HttpHeaders {
  const fields = new HttpHeaders()
  if (init === undefined || init === null) return fields
  const headers = new LightHeaders(fields)
  if (init instanceof LightHeaders) return new HttpHeaders(init.fields)
  if (Symbol.iterator in init)
    for (const [name, value] of init as Iterable<readonly [string, string]>) headers.append(name, value)
  else for (const [name, value] of Object.entries(init)) headers.append(name, String(value))
  return fields
}
