/** Requests made by hand, for handlers that need no connection: the contract says that this is all there is to them. */
import { type HeadersInit, HttpHeaders, type HttpRequest, type HttpResponse } from '../src/index.js'

export function madeRequest(target: string, headers: HeadersInit = {}, method = 'GET'): HttpRequest {
  const [path = '', query = ''] = target.split('?')
  const parts = { method, target, path, query, version: '1.1', headers: new HttpHeaders(headers), params: {} }
  return parts as unknown as HttpRequest
}

export function fieldsOf({ headers }: HttpResponse): HttpHeaders {
  return new HttpHeaders(headers)
}

/** All of a body, whatever it is made of, as text; a file is closed unread. */
export async function bodyText({ body = null }: HttpResponse): Promise<Buffer> {
  if (body === null) return Buffer.alloc(0)
  if (typeof body === 'string') return Buffer.from(body)
  if (body instanceof Uint8Array) return Buffer.from(body)
  if (!(Symbol.asyncIterator in body)) throw new TypeError('a body that is read by the server')
  const pieces: Uint8Array[] = []
  for await (const piece of body) pieces.push(typeof piece === 'string' ? Buffer.from(piece) : piece)
  return Buffer.concat(pieces)
}
