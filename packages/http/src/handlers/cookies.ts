/**
 * Cookies: those of a request, and the field that sets one, which is as safe as cookies are unless told
 * otherwise.
 */
import { checkInteger, checkOptionNames, outOfRange, wrongType } from '@shrapnel/core/parts'
import type { HttpRequest } from '../message.js'
import {
  type CookieAttributes,
  encodeCookieValue,
  formatSetCookie,
  isCookieName,
  parseCookies,
} from '../wire/cookie.js'
import { invalidValue } from './invalid-value.js'

export interface CookieOptions {
  /** How long the client keeps it, in seconds; until it ends unless given. 0 or less: it is gone at once. */
  readonly maxAgeSeconds?: number
  /** Below which paths it is sent. `/` unless given. */
  readonly path?: string
  /** To which host and all below it. That of the request alone unless given. */
  readonly domain?: string
  /** Over TLS alone. True unless given. */
  readonly secure?: boolean
  /** Not for scripts. True unless given. */
  readonly httpOnly?: boolean
  /** When other sites lead here: never, when the user follows a link, always. `lax` unless given. */
  readonly sameSite?: 'strict' | 'lax' | 'none'
  /** One for each site that this one is embedded in. False unless given. */
  readonly partitioned?: boolean
}

const NAMES = ['maxAgeSeconds', 'path', 'domain', 'secure', 'httpOnly', 'sameSite', 'partitioned']
const OPTIONS = new Set(NAMES)
const DELETE_OPTIONS = new Set(NAMES.filter((name) => name !== 'maxAgeSeconds'))
/** Browsers drop longer ones without a word. */
const MAX_COOKIE_BYTES = 4_096
const PATH = /^\/[\x20-\x3a\x3c-\x7e]*$/
const DOMAIN = /^\.?[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/
const NONE: ReadonlyMap<string, string> = new Map()

const known = new WeakMap<HttpRequest, ReadonlyMap<string, string>>()

/**
 * The cookies that came with a request, by name, their values decoded. Taken apart when first asked for. Of
 * several of one name it is the first.
 */
export function cookies(request: HttpRequest): ReadonlyMap<string, string> {
  let found = known.get(request)
  if (found !== undefined) return found
  const fields = request.headers.getAll('cookie')
  if (fields.length === 0) return NONE
  found = parseCookies(fields.join('; '))
  known.set(request, found)
  return found
}

/**
 * The value of a Set-Cookie field: `{ headers: { 'Set-Cookie': setCookie('theme', 'dark') } }`. `value` may
 * be any text; what a cookie cannot hold is percent-encoded, as `cookies` undoes. Throws
 * `ERR_INVALID_ARG_VALUE` for what would be ignored or be something else: a name with `=`, a path with `;`,
 * `sameSite: 'none'` without `secure`, a `__Host-` cookie with a domain; and `ERR_OUT_OF_RANGE` past 4,096
 * bytes.
 */
export function setCookie(name: string, value: string, options: CookieOptions = {}): string {
  checkOptionNames(options, OPTIONS)
  if (typeof name !== 'string') throw wrongType('name', 'text', name)
  if (typeof value !== 'string') throw wrongType('value', 'text', value)
  if (!isCookieName(name)) throw invalidValue('name', 'is no name of a cookie', name)
  const encoded = encodeCookieValue(value)
  const bytes = name.length + encoded.length
  if (bytes > MAX_COOKIE_BYTES)
    throw outOfRange('value', `at most ${MAX_COOKIE_BYTES} bytes with its name`, bytes)
  const attributes = checkAttributes(options)
  checkTogether(name, attributes)
  return formatSetCookie(name, encoded, attributes)
}

/**
 * The value of a Set-Cookie field that ends a cookie. `path` and `domain` have to be those that it was set
 * with.
 */
export function deleteCookie(name: string, options: Omit<CookieOptions, 'maxAgeSeconds'> = {}): string {
  checkOptionNames(options, DELETE_OPTIONS)
  return setCookie(name, '', { ...options, maxAgeSeconds: 0 })
}

function checkAttributes(options: CookieOptions): CookieAttributes {
  const { maxAgeSeconds, path = '/', domain, secure = true, httpOnly = true, sameSite = 'lax' } = options
  const { partitioned = false } = options
  if (maxAgeSeconds !== undefined) checkInteger('maxAgeSeconds', maxAgeSeconds, -(2 ** 31), 2 ** 31)
  if (typeof path !== 'string') throw wrongType('path', 'text', path)
  if (!PATH.test(path)) throw invalidValue('path', 'is no path of a cookie', path)
  if (domain !== undefined && typeof domain !== 'string') throw wrongType('domain', 'text', domain)
  if (domain !== undefined && !DOMAIN.test(domain))
    throw invalidValue('domain', 'is no name of a host', domain)
  for (const [name, flag] of Object.entries({ secure, httpOnly, partitioned }))
    if (typeof flag !== 'boolean') throw wrongType(name, 'true or false', flag)
  if (!['strict', 'lax', 'none'].includes(sameSite))
    throw invalidValue('sameSite', 'is none of strict, lax and none', sameSite)
  return { maxAgeSeconds, path, domain, secure, httpOnly, sameSite, partitioned }
}

function checkTogether(
  name: string,
  { secure, sameSite, partitioned, path, domain }: CookieAttributes,
): void {
  if (secure !== true && (sameSite === 'none' || partitioned === true || /^__(?:secure|host)-/i.test(name)))
    throw invalidValue('secure', 'is false: browsers ignore such a cookie', name)
  if (/^__host-/i.test(name) && (path !== '/' || domain !== undefined))
    throw invalidValue('name', 'begins with __Host-: its path is / and it has no domain', name)
}
