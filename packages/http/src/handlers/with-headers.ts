/** Responses are plain objects that handlers may share: nothing here changes one, it gives another. */
import { type HeadersInit, HttpHeaders } from '../headers.js'
import type { HttpResponse } from '../message.js'

/**
 * The response with more fields behind its own; one that is there stays. Throws `HTTP_HEADER` for fields that
 * cannot be.
 */
export function withHeaders(response: HttpResponse, more: HeadersInit): HttpResponse {
  const headers = new HttpHeaders(response.headers)
  for (const [name, value] of new HttpHeaders(more)) headers.append(name, value)
  return { ...response, headers }
}

/** As `withHeaders`, but a field of that name that is there already stays alone. */
export function withMissingHeaders(response: HttpResponse, more: HeadersInit): HttpResponse {
  const headers = new HttpHeaders(response.headers)
  for (const [name, value] of new HttpHeaders(more)) if (!headers.has(name)) headers.append(name, value)
  return { ...response, headers }
}

/** The response with `field` named in Vary, so that caches keep its forms apart (RFC 9110, 12.5.5). */
export function withVary(response: HttpResponse, field: string): HttpResponse {
  const headers = new HttpHeaders(response.headers)
  const named = (headers.get('vary') ?? '').toLowerCase().split(/[\t ]*,[\t ]*/)
  if (!named.includes('*') && !named.includes(field.toLowerCase())) headers.append('Vary', field)
  return { ...response, headers }
}
