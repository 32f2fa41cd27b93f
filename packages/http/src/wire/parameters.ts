/**
 * Values with parameters, `form-data; name="a"` (RFC 9110, 5.6.6). Strict: what is no parameter, and one that comes twice, is refused, because
 * somebody else would read it another way. In quotes a backslash escapes a quote and a backslash and nothing else: browsers put
 * names of files there as they are.
 */
import { CLASS, IS_TOKEN, SEMICOLON, SPACE, TAB } from './characters.js'
import { badSyntax } from './refusals.js'

const QUOTE = 34
const EQUALS = 61
const BACKSLASH = 92

export interface ValueWithParameters {
  /** What stands before the first semicolon, in small letters. */
  readonly value: string
  /** By names in small letters. */
  readonly parameters: ReadonlyMap<string, string>
}

/** `where` names the field, for errors. Throws `HTTP_SYNTAX` (status 400). */
export function parseParameters(text: string, where: string): ValueWithParameters {
  const scanner = new ParameterScanner(text, where)
  const first = text.indexOf(';')
  const value = (first < 0 ? text : text.slice(0, first)).trim().toLowerCase()
  const parameters = new Map<string, string>()
  for (scanner.at = first < 0 ? text.length : first; scanner.next(); ) {
    if (parameters.has(scanner.name)) throw badSyntax(`${where} with two parameters ${scanner.name}`)
    parameters.set(scanner.name, scanner.value)
  }
  return { value, parameters }
}

class ParameterScanner {
  at = 0
  name = ''
  value = ''
  readonly #text: string
  readonly #where: string

  constructor(text: string, where: string) {
    this.#text = text
    this.#where = where
  }

  /** False: there is no other. */
  next(): boolean {
    const text = this.#text
    this.#skipSpace()
    while (text.charCodeAt(this.at) === SEMICOLON) {
      this.at++
      this.#skipSpace()
    }
    if (this.at === text.length) return false
    this.name = this.#token().toLowerCase()
    if (text.charCodeAt(this.at++) !== EQUALS) throw this.#bad()
    this.value = text.charCodeAt(this.at) === QUOTE ? this.#quoted() : this.#token()
    this.#skipSpace()
    if (this.at < text.length && text.charCodeAt(this.at) !== SEMICOLON) throw this.#bad()
    return true
  }

  #bad(): Error {
    return badSyntax(`${this.#where} with a parameter that is none`)
  }

  #skipSpace(): void {
    for (; this.at < this.#text.length; this.at++) {
      const code = this.#text.charCodeAt(this.at)
      if (code !== SPACE && code !== TAB) return
    }
  }

  #token(): string {
    const text = this.#text
    const from = this.at
    for (; this.at < text.length; this.at++) {
      const code = text.charCodeAt(this.at)
      if (code > 255 || ((CLASS[code] as number) & IS_TOKEN) === 0) break
    }
    if (this.at === from) throw this.#bad()
    return text.slice(from, this.at)
  }

  #quoted(): string {
    const text = this.#text
    let value = ''
    let from = this.at + 1
    for (let i = from; i < text.length; i++) {
      const code = text.charCodeAt(i)
      if (code === QUOTE) {
        this.at = i + 1
        return value + text.slice(from, i)
      }
      const next = text.charCodeAt(i + 1)
      if (code !== BACKSLASH || (next !== QUOTE && next !== BACKSLASH)) continue
      value += text.slice(from, i)
      from = ++i
    }
    throw badSyntax(`${this.#where} with a quotation that does not end`)
  }
}
