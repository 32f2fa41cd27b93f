/**
 * Cookies on the wire (RFC 6265, and the prefixes and Partitioned of its successor): the fields Cookie and
 * Set-Cookie. Values may be any text: what no cookie can hold is percent-encoded on its way out and decoded
 * on its way in.
 */
import { CLASS, IS_TOKEN } from './characters.js'

/** What Set-Cookie can say beside name and value. */
export interface CookieAttributes {
  readonly maxAgeSeconds?: number | undefined
  readonly domain?: string | undefined
  readonly path?: string | undefined
  readonly secure?: boolean | undefined
  readonly httpOnly?: boolean | undefined
  readonly sameSite?: 'strict' | 'lax' | 'none' | undefined
  readonly partitioned?: boolean | undefined
}

const SAME_SITE = { strict: 'Strict', lax: 'Lax', none: 'None' } as const

/**
 * The cookies of a Cookie field: of several of one name the first, which is the one whose path fits best.
 * What is no cookie is left out.
 */
export function parseCookies(field: string): Map<string, string> {
  const cookies = new Map<string, string>()
  for (let at = 0; at < field.length; ) {
    const semicolon = field.indexOf(';', at)
    const to = semicolon < 0 ? field.length : semicolon
    const equals = field.indexOf('=', at)
    if (equals >= 0 && equals < to) {
      const name = field.slice(at, equals).trim()
      if (isCookieName(name) && !cookies.has(name))
        cookies.set(name, decodeValue(field.slice(equals + 1, to)))
    }
    at = to + 1
  }
  return cookies
}

function decodeValue(field: string): string {
  let value = field.trim()
  if (value.length > 1 && value.startsWith('"') && value.endsWith('"')) value = value.slice(1, -1)
  if (!value.includes('%')) return value
  try {
    return decodeURIComponent(value)
  } catch {
    return value
  }
}

export function isCookieName(name: string): boolean {
  if (name === '') return false
  for (let i = 0; i < name.length; i++) {
    const code = name.charCodeAt(i)
    if (code > 127 || ((CLASS[code] as number) & IS_TOKEN) === 0) return false
  }
  return true
}

/**
 * `value` in letters that a cookie can hold: not those that end it, and no percent sign, which says that one
 * is encoded.
 */
export function encodeCookieValue(value: string): string {
  return value.replace(/[^\x21\x23\x24\x26-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]+/g, (part) =>
    Array.from(Buffer.from(part), (byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
  )
}

/** The value of a Set-Cookie field. Name and attributes are to be checked before. */
export function formatSetCookie(name: string, encodedValue: string, attributes: CookieAttributes): string {
  const { maxAgeSeconds, domain, path, secure, httpOnly, sameSite, partitioned } = attributes
  let field = `${name}=${encodedValue}`
  if (maxAgeSeconds !== undefined) field += `; Max-Age=${maxAgeSeconds}`
  if (domain !== undefined) field += `; Domain=${domain}`
  if (path !== undefined) field += `; Path=${path}`
  if (secure === true) field += '; Secure'
  if (httpOnly === true) field += '; HttpOnly'
  if (sameSite !== undefined) field += `; SameSite=${SAME_SITE[sameSite]}`
  if (partitioned === true) field += '; Partitioned'
  return field
}
