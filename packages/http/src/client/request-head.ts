/** The head of a request, as it goes out: what the program gave, and what a client adds. */
import { HttpError } from '../errors.js'
import { HttpHeaders } from '../headers.js'
import type { Call } from './call.js'
import { ACCEPT_ENCODING } from './codings.js'
import type { Target } from './target.js'

const METHOD = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
/** Whoever asks for these takes over the connection, which requests of a pool cannot. */
const NEVER = new Set(['transfer-encoding', 'upgrade', 'keep-alive', 'proxy-connection', 'te', 'expect'])
/** Meant for the host that they were given for: they do not go along with a redirect to another. */
export const OF_ORIGIN: ReadonlySet<string> = new Set([
  'authorization',
  'cookie',
  'proxy-authorization',
  'host',
])
const BODILESS = new Set(['GET', 'HEAD', 'DELETE', 'OPTIONS', 'TRACE', 'CONNECT'])

/** Throws `HTTP_HEADER` for a method or a field that cannot be. */
export function requestHead(
  call: Call,
  target: Target,
  proxyAuthorization: string | undefined,
  isAbsolute: boolean,
  defaults: HttpHeaders | null,
  cookie: string | undefined,
): string {
  const { method, headers, body, settings } = call
  if (!METHOD.test(method)) throw new HttpError('HTTP_HEADER', `${JSON.stringify(method)} is no method`)
  if (method === 'CONNECT') throw new HttpError('HTTP_HEADER', 'CONNECT is for proxies, see the option proxy')
  const given = headers ?? NONE
  let text = `${method} ${isAbsolute ? `http://${target.authority}` : ''}${target.path} HTTP/1.1\r\n`
  if (!given.has('host')) text += `Host: ${target.authority}\r\n`
  let length = -1
  for (const [name, value] of given) {
    const key = name.toLowerCase()
    if (NEVER.has(key)) throw new HttpError('HTTP_HEADER', `${name} is the client's business`)
    if (key === 'content-length') length = checkLength(value, body.length)
    else if (key === 'connection' && value.toLowerCase() !== 'close' && value.toLowerCase() !== 'keep-alive')
      throw new HttpError('HTTP_HEADER', 'Connection says close or keep-alive, or nothing')
    else text += `${name}: ${value}\r\n`
  }
  for (const [name, value] of defaults ?? NONE)
    if (!given.has(name) && !(call.hasLeftOrigin && OF_ORIGIN.has(name.toLowerCase())))
      text += `${name}: ${value}\r\n`
  if (settings.decompress && !given.has('accept-encoding') && !given.has('range'))
    text += `Accept-Encoding: ${ACCEPT_ENCODING}\r\n`
  if (target.authorization !== undefined && !given.has('authorization'))
    text += `Authorization: ${target.authorization}\r\n`
  if (proxyAuthorization !== undefined) text += `Proxy-Authorization: ${proxyAuthorization}\r\n`
  if (cookie !== undefined && cookie !== '' && !given.has('cookie'))
    text += `Cookie: ${new HttpHeaders([['c', cookie]]).get('c')}\r\n`
  if (body.contentType !== undefined && !given.has('content-type'))
    text += `Content-Type: ${body.contentType}\r\n`
  if (length < 0) length = body.length
  if (length < 0) text += 'Transfer-Encoding: chunked\r\n'
  else if (length > 0 || body.bytes !== null || !BODILESS.has(method)) text += `Content-Length: ${length}\r\n`
  if (settings.expectContinue && hasBody(call)) text += 'Expect: 100-continue\r\n'
  return `${text}\r\n`
}

const NONE = new HttpHeaders()

export function hasBody({ body }: Call): boolean {
  return body.length !== 0
}

/** What the program announced for a body in pieces. */
export function announcedLength({ headers, body }: Call): number {
  if (body.length >= 0) return body.length
  const value = headers?.get('content-length')
  return value === undefined ? -1 : Number(value)
}

function checkLength(value: string, known: number): number {
  if (!/^\d{1,15}$/.test(value)) throw new HttpError('HTTP_HEADER', 'Content-Length is no number')
  const length = Number(value)
  if (known >= 0 && known !== length)
    throw new HttpError('HTTP_HEADER', `Content-Length says ${length} and the body has ${known} bytes`)
  return length
}
