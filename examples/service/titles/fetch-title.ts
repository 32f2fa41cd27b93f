/**
 * Fetches a page's title. The page is anybody's: no more of it is read than a title needs, none of it longer than a
 * while, and nothing from addresses that are nobody's business.
 */
import { isIP } from 'node:net'
import { Interrupted, TimeoutError, withTimeout } from '@shrapnel/core'
import { dns } from '@shrapnel/dns'
import { type ClientResponse, createClient, HttpError } from '@shrapnel/http'
import { type PageTitle, pageTitle } from './page-title.js'
import { isPublic } from './public-address.js'

const TIMEOUT_MS = 10_000
const MAX_BYTES = 512 * 1024
const MAX_REDIRECTS = 5
const END_OF_TITLE = '</title'
const HEADERS = { accept: 'text/html,application/xhtml+xml', 'user-agent': 'Shrapnel-link-board' }
const IS_REDIRECT = new Set([301, 302, 303, 307, 308])

export interface FetchOptions {
  /** Also from this machine and its network: for tests. */
  readonly allowsPrivate?: boolean
  /** For everything together, redirects too, in milliseconds. 10,000 unless given. */
  readonly timeoutMs?: number
}

/** Waits for the page, `timeoutMs` at most. Cancelled, it closes the connection. Fails for nothing: that is the `problem`. */
export async function fetchTitle(url: string, options: FetchOptions = {}): Promise<PageTitle> {
  const { allowsPrivate = false, timeoutMs = TIMEOUT_MS } = options
  try {
    const title = await withTimeout(timeoutMs, () => follow(new URL(url), allowsPrivate))
    return { title, problem: null }
  } catch (error) {
    if (error instanceof Interrupted) throw error
    return { title: null, problem: problemOf(error) }
  }
}

/** A page that has no title, or is none. */
class NoTitle extends Error {}

/** Redirects are followed here and not by the client, as each may lead to another host. */
async function follow(start: URL, allowsPrivate: boolean): Promise<string> {
  let url = start
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
    const next = await fetchFrom(await addressOf(url, allowsPrivate), url)
    if (typeof next === 'string') return next
    url = next
  }
  throw new NoTitle('redirected too often')
}

async function addressOf(url: URL, allowsPrivate: boolean): Promise<string> {
  for (const { address } of await dns.lookup(hostOf(url)))
    if (allowsPrivate || isPublic(address)) return address
  throw new NoTitle('not a public address')
}

/** Without the brackets of an IPv6 address. */
function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, '')
}

/**
 * The title of the page, or where it redirects to. The client connects to the address that was looked at, and not to a
 * name that may lead elsewhere when it is looked up again; the name goes along for the server and for its certificate.
 */
async function fetchFrom(address: string, url: URL): Promise<string | URL> {
  const isName = isIP(hostOf(url)) === 0
  using http = createClient({
    proxy: 'none',
    maxRedirects: 0,
    tls: isName ? { serverName: url.hostname } : {},
  })
  const direct = new URL(url)
  direct.hostname = isIP(address) === 6 ? `[${address}]` : address
  using response = await http.get(direct, { headers: { ...HEADERS, host: url.host } })
  const location = response.headers.get('location')
  if (IS_REDIRECT.has(response.status) && location !== undefined) return redirectTarget(location, url)
  if (!response.ok) throw new NoTitle(`the server says ${response.status}`)
  return await readTitle(response)
}

function redirectTarget(location: string, from: URL): URL {
  const url = URL.canParse(location, from.href) ? new URL(location, from) : undefined
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:') throw new NoTitle('redirected to nowhere')
  return url
}

/** Reads until the title is there, and not on. */
async function readTitle(response: ClientResponse): Promise<string> {
  const contentType = response.headers.get('content-type') ?? 'text/html'
  if (!/^(?:text\/html|application\/xhtml\+xml)\b/i.test(contentType)) throw new NoTitle('not a web page')
  const pieces: Uint8Array[] = []
  let length = 0
  let end = ''
  for await (const piece of response.body) {
    pieces.push(piece)
    length += piece.length
    // The tag may be cut anywhere. UTF-16 has zeros in between, and is read to the end.
    end = end.slice(1 - END_OF_TITLE.length) + Buffer.from(piece).toString('latin1').toLowerCase()
    if (length >= MAX_BYTES || end.includes(END_OF_TITLE)) break
  }
  const title = pageTitle(Buffer.concat(pieces).subarray(0, MAX_BYTES), contentType)
  if (title === undefined) throw new NoTitle('a page without a title')
  return title
}

/** For people, in a few words. */
function problemOf(error: unknown): string {
  if (error instanceof NoTitle) return error.message
  if (error instanceof TimeoutError) return 'took too long'
  const code = String((error as { code?: unknown }).code)
  if (code.startsWith('TLS_CERTIFICATE')) return `certificate not trusted: ${CERTIFICATE[code] ?? 'refused'}`
  if (code.startsWith('TLS_')) return 'no secure connection'
  if (code === 'ENOTFOUND') return 'there is no such host'
  if (code === 'EAI_AGAIN') return 'its name could not be looked up'
  if (error instanceof HttpError) return 'what it answers is no HTTP'
  return 'cannot be reached'
}

const CERTIFICATE: Readonly<Record<string, string>> = {
  TLS_CERTIFICATE_EXPIRED: 'expired',
  TLS_CERTIFICATE_NAME: 'for another name',
  TLS_CERTIFICATE_SELF_SIGNED: 'signed by itself',
  TLS_CERTIFICATE_ISSUER: 'of an unknown issuer',
  TLS_CERTIFICATE_REVOKED: 'revoked',
}
