/**
 * The field Authorization taken apart (RFC 9110, 11.4): a scheme, and either one word or parameters. Strict:
 * what is neither, or says something twice, is no credentials at all.
 */
import { CLASS, IS_TOKEN } from './characters.js'

export interface Credentials {
  /** In small letters. */
  readonly scheme: string
  /** The word behind the scheme, such as the base64 of Basic; empty if there are parameters. */
  readonly word: string
  /** By name in small letters; text between quotes without them and their backslashes. */
  readonly parameters: ReadonlyMap<string, string>
}

const MAX_CREDENTIALS_LENGTH = 8_192
const MAX_PARAMETERS = 32
const WORD = /^[A-Za-z0-9\-._~+/]+=*$/
const NO_PARAMETERS: ReadonlyMap<string, string> = new Map()

/** Undefined: these are none. */
export function parseCredentials(field: string): Credentials | undefined {
  if (field.length > MAX_CREDENTIALS_LENGTH) return undefined
  const scheme = tokenAt(field, 0)
  if (scheme === '') return undefined
  const rest = field.slice(scheme.length)
  if (rest !== '' && !rest.startsWith(' ')) return undefined
  const text = rest.trim()
  const lower = scheme.toLowerCase()
  if (text === '' || WORD.test(text)) return { scheme: lower, word: text, parameters: NO_PARAMETERS }
  const parameters = parseParameters(text)
  return parameters === undefined ? undefined : { scheme: lower, word: '', parameters }
}

function parseParameters(text: string): Map<string, string> | undefined {
  const parameters = new Map<string, string>()
  for (let at = 0; at < text.length; ) {
    const name = tokenAt(text, at)
    if (name === '') return undefined
    at = skipSpace(text, at + name.length)
    if (text[at] !== '=') return undefined
    const value = valueAt(text, skipSpace(text, at + 1))
    if (value === undefined || parameters.size >= MAX_PARAMETERS) return undefined
    const key = name.toLowerCase()
    if (parameters.has(key)) return undefined
    parameters.set(key, value.text)
    at = skipSpace(text, value.to)
    if (at === text.length) break
    if (text[at] !== ',') return undefined
    at = skipSpace(text, at + 1)
    if (at === text.length) return undefined
  }
  return parameters
}

function valueAt(text: string, from: number): { text: string; to: number } | undefined {
  if (text[from] !== '"') {
    const token = tokenAt(text, from)
    return token === '' ? undefined : { text: token, to: from + token.length }
  }
  let value = ''
  for (let at = from + 1; at < text.length; at++) {
    if (text[at] === '"') return { text: value, to: at + 1 }
    if (text[at] === '\\' && ++at === text.length) return undefined
    value += text[at]
  }
  return undefined
}

function tokenAt(text: string, from: number): string {
  let at = from
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code > 127 || ((CLASS[code] as number) & IS_TOKEN) === 0) break
  }
  return text.slice(from, at)
}

function skipSpace(text: string, from: number): number {
  let at = from
  while (text[at] === ' ' || text[at] === '\t') at++
  return at
}

/** `text` between quotes, for a field that goes out. It is to have no control characters. */
export function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`
}
