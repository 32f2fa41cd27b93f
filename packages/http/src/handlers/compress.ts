/**
 * Compresses what other handlers answer, as the client likes it (RFC 9110, 8.4 and 12.5.3). It leaves alone what is encoded already, parts of
 * a whole, what does not get smaller by its type, and what says `no-transform`. Short bodies keep a length; others go out as they are made.
 *
 * Who can make a page contain text of theirs, and sees how long it is, can guess secrets beside that text (BREACH): such pages need a
 * `filter`, or secrets that are masked anew each time.
 */
import { Semaphore } from '@shrapnel/core'
import { HttpHeaders } from '../headers.js'
import type { HttpRequest, HttpResponse, Middleware } from '../message.js'
import { entityTags, isWeakMatch, weakened } from '../wire/entity-tag.js'
import { listElements } from '../wire/list-value.js'
import { negotiateEncoding } from '../wire/negotiation.js'
import { isBodiless } from '../wire/status.js'
import { type CompressOptions, type CompressSettings, compressSettings } from './compress-options.js'
import { type ContentCoding, encodeNow } from './content-coder.js'
import { EncodedBody, type EncodingWork, UnreadBody } from './encoded-body.js'
import { isCompressible } from './media-type.js'

/** With these the body cannot be another one. */
const BINDING = ['content-encoding', 'content-range', 'content-digest', 'digest']

/**
 * Middleware that compresses answers: `br`, `zstd` (where Node has it), `gzip`. Adds Vary, makes a strong ETag weak, and drops
 * Accept-Ranges, because ranges are those of the body that is not compressed. Waits for the thread pool with bodies longer than `inlineBytes`,
 * at most `maxThreads` at a time. Cancelled, it lets go of the encoder and closes the body. Not for pages that have both a secret and text
 * of the client's (BREACH): see `filter`.
 */
export function compress(options: CompressOptions = {}): Middleware {
  const settings = compressSettings(options)
  const work: EncodingWork = { threads: new Semaphore(settings.maxThreads), encoders: 0 }
  return (request, next) => {
    const response = next(request)
    return response instanceof Promise
      ? response.then((later) => compressed(request, later, settings, work))
      : compressed(request, response, settings, work)
  }
}

function compressed(
  request: HttpRequest,
  response: HttpResponse,
  settings: CompressSettings,
  work: EncodingWork,
): HttpResponse {
  const { status = 200, body = null, upgrade } = response
  if (status === 304) return revalidated(request, response)
  const isHead = request.method === 'HEAD'
  if (upgrade !== undefined || status === 206 || isBodiless(status) || (body === null && !isHead))
    return response
  const headers = new HttpHeaders(response.headers)
  const size = sizeOf(response, headers)
  if (size !== undefined && size < settings.minBytes) return response
  const type = headers.get('content-type') ?? (typeof body === 'string' ? 'text/plain; charset=utf-8' : '')
  if (!isCompressible(type) || BINDING.some((name) => headers.has(name)) || isFixed(headers)) return response
  if (settings.filter?.(request, response) === false) return response
  addVary(headers)
  const coding = negotiateEncoding(request.headers.get('accept-encoding'), settings.codings) as
    | ContentCoding
    | 'identity'
  if (coding === 'identity') return { ...response, headers }
  const isStreamed = !isHead && (size === undefined || size > settings.inlineBytes)
  if (isStreamed && work.encoders >= settings.maxStreams) return { ...response, headers }
  headers.set('Content-Type', type)
  headers.set('Content-Encoding', coding)
  headers.delete('content-length')
  headers.delete('accept-ranges')
  const etag = headers.get('etag')
  if (etag !== undefined) headers.set('ETag', weakened(etag))
  const level = settings.levels[coding]
  if (isHead) return { ...response, headers, body: new UnreadBody(body) }
  if (body === null) return response
  if (!isStreamed && (typeof body === 'string' || body instanceof Uint8Array))
    return {
      ...response,
      headers,
      body: encodeNow(coding, level, typeof body === 'string' ? Buffer.from(body) : body),
    }
  const flushes = settings.flush ?? /^text\/event-stream\b/i.test(type)
  return { ...response, headers, body: new EncodedBody(body, coding, level, flushes, work) }
}

/** Undefined: not known. */
function sizeOf({ body = null }: HttpResponse, headers: HttpHeaders): number | undefined {
  if (typeof body === 'string') return Buffer.byteLength(body)
  if (body instanceof Uint8Array) return body.length
  if (body !== null && 'file' in body) return body.file.length
  const length = headers.get('content-length')
  if (length !== undefined) return Number(length)
  return body === null ? 0 : undefined
}

function isFixed(headers: HttpHeaders): boolean {
  return listElements(headers.get('cache-control') ?? '').includes('no-transform')
}

function addVary(headers: HttpHeaders): void {
  const names = listElements(headers.get('vary') ?? '')
  if (!names.includes('*') && !names.includes('accept-encoding')) headers.append('Vary', 'Accept-Encoding')
}

/** A client that has the compressed form knows it by its weak tag, and finds it by that alone (RFC 9111, 4.3.4). */
function revalidated(request: HttpRequest, response: HttpResponse): HttpResponse {
  const headers = new HttpHeaders(response.headers)
  const etag = headers.get('etag')
  const had = entityTags(request.headers.get('if-none-match') ?? '')
  if (etag === undefined || had.includes(etag) || !had.some((tag) => isWeakMatch(tag, etag))) return response
  headers.set('ETag', weakened(etag))
  return { ...response, headers }
}
