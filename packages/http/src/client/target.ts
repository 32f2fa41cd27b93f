/** Where a request goes: a URL, taken apart once and kept, as programs ask for the same ones over and over. */
import { HttpError } from '../errors.js'
import type { OriginPool } from './pool.js'

export interface Target {
  /** Without credentials and fragment. */
  readonly url: string
  /** `https://host:port`, port always there. */
  readonly origin: string
  readonly isTls: boolean
  /** For connecting: an IPv6 address has no brackets. */
  readonly host: string
  readonly port: number
  /** `host:port` as the Host field has it: without the usual port. */
  readonly authority: string
  /** Path and query. */
  readonly path: string
  /** What the URL's user and password make of Authorization. */
  readonly authorization: string | undefined
  pool: OriginPool | null
  /** The head of a plain GET of it, once one was sent. */
  getHead: string | null
}

const SECURE_PORT = 443
const PLAIN_PORT = 80
const MOST_KEPT = 1_000
const LONGEST_KEPT = 1_024

/** Targets by the text they were asked for with. */
export class TargetCache {
  readonly #targets = new Map<string, Target>()
  readonly #base: URL | undefined

  constructor(base: URL | undefined) {
    this.#base = base
  }

  /** Throws `HTTP_URL`. */
  find(url: string | URL): Target {
    if (typeof url !== 'string') return makeTarget(url)
    const known = this.#targets.get(url)
    if (known !== undefined) return known
    const target = makeTarget(parseUrl(url, this.#base))
    if (url.length <= LONGEST_KEPT) {
      // Whoever asks for that many different ones hardly asks for any of them again.
      if (this.#targets.size >= MOST_KEPT) this.#targets.clear()
      this.#targets.set(url, target)
    }
    return target
  }
}

export function parseUrl(text: string, base: URL | string | undefined): URL {
  try {
    return new URL(text, base)
  } catch {
    // The text may have a password in it, and is not shown.
    const hint = text.includes('://')
      ? ''
      : `: it begins with http:// or https://${base === undefined ? ', or the client needs a baseUrl' : ''}`
    throw new HttpError('HTTP_URL', `that is no URL${hint}`)
  }
}

export function makeTarget(url: URL): Target {
  if (!(url instanceof URL)) throw new HttpError('HTTP_URL', 'a URL is text or a URL object')
  const { protocol, hostname, port, pathname, search, username, password } = url
  const isTls = protocol === 'https:'
  if (!isTls && protocol !== 'http:') throw new HttpError('HTTP_URL', notSpoken(url))
  const number = port === '' ? (isTls ? SECURE_PORT : PLAIN_PORT) : Number(port)
  if (number === 0) throw new HttpError('HTTP_URL', 'nobody can connect to port 0')
  const path = pathname + search
  return {
    url: `${protocol}//${url.host}${path}`,
    origin: `${protocol}//${hostname}:${number}`,
    isTls,
    host: hostname.startsWith('[') ? hostname.slice(1, -1) : hostname,
    port: number,
    authority: url.host,
    path,
    authorization: username === '' && password === '' ? undefined : basic(username, password),
    pool: null,
    getHead: null,
  }
}

/** `localhost:8080` is a URL too, of a scheme `localhost:`. */
function notSpoken({ protocol, pathname, host }: URL): string {
  const text = `${protocol} is not spoken here, only http: and https:`
  const port = /^\d{1,5}(?=\/|$)/.exec(pathname)?.[0]
  return port === undefined || host !== '' ? text : `${text}; was http://${protocol}${port} meant?`
}

/** The value of Authorization for a user and password of a URL (RFC 7617). */
export function basic(username: string, password: string): string {
  return `Basic ${Buffer.from(`${decoded(username)}:${decoded(password)}`).toString('base64')}`
}

export function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
