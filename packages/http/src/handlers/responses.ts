/**
 * Responses by name. They are plain objects: what one of these gives may be written by hand just as well.
 * Where nothing is added to it, a response shares its fields with all others of its kind, so that making one
 * costs one small object.
 */
import { checkInteger, checkOptionNames, wrongType } from '@shrapnel/core/parts'
import { type HeadersInit, HttpHeaders } from '../headers.js'
import type { HttpResponse } from '../message.js'
import { reasonOf } from '../wire/status.js'
import { invalidValue } from './invalid-value.js'

export interface ResponseOptions {
  /** 200 to 599; 200 unless given. */
  readonly status?: number
  /** A Content-Type among them takes the place of the usual one. */
  readonly headers?: HeadersInit
}

const OPTIONS = new Set(['status', 'headers'])
const REDIRECTS = new Set([301, 302, 303, 307, 308])
const LONGEST_LOCATION = 8_192

type Fields = Readonly<Record<string, string>>

const TEXT: Fields = Object.freeze({ 'Content-Type': 'text/plain; charset=utf-8' })
const HTML: Fields = Object.freeze({ 'Content-Type': 'text/html; charset=utf-8' })
const JSON_TYPE: Fields = Object.freeze({ 'Content-Type': 'application/json' })

/** `body` as `text/plain`, in UTF-8. */
export function text(body: string, options?: ResponseOptions): HttpResponse {
  return ofType(TEXT, body, options)
}

/** `body` as `text/html`, in UTF-8. It is sent as it is: see `escapeHtml` for what came from others. */
export function html(body: string, options?: ResponseOptions): HttpResponse {
  return ofType(HTML, body, options)
}

/** `value` as JSON. Throws `ERR_INVALID_ARG_TYPE` for what JSON has no text for: a function, `undefined`. */
export function json(value: unknown, options?: ResponseOptions): HttpResponse {
  const body: string | undefined = JSON.stringify(value)
  if (body === undefined) throw wrongType('value', 'what JSON can express', value)
  return options === undefined ? { status: 200, headers: JSON_TYPE, body } : ofType(JSON_TYPE, body, options)
}

/**
 * To `location`, an absolute or relative reference. What is no ASCII is percent-encoded; control characters
 * are refused, as they are nobody's to send. Where it leads is the caller's business: of a path that came
 * from a client, `//elsewhere` is another host.
 */
export function redirect(location: string | URL, status = 302): HttpResponse {
  if (!REDIRECTS.has(status)) throw invalidValue('status', 'is none of 301, 302, 303, 307 and 308', status)
  return { status, headers: { Location: reference(location) } }
}

function reference(location: string | URL): string {
  if (typeof location !== 'string' && !(location instanceof URL))
    throw wrongType('location', 'text or a URL', location)
  const written = String(location)
  if (written.length > LONGEST_LOCATION)
    throw invalidValue('location', `is longer than ${LONGEST_LOCATION} characters`, written)
  for (let i = 0; i < written.length; i++) {
    const code = written.charCodeAt(i)
    if (code < 32 || code === 127) throw invalidValue('location', 'has a control character', written)
  }
  // Through bytes: of half a surrogate pair encodeURIComponent makes an error.
  return written.replace(/[^\x21-\x7e]+/g, (part) => Array.from(Buffer.from(part), percent).join(''))
}

function percent(byte: number): string {
  return `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
}

/** 204. */
export function noContent(headers?: HeadersInit): HttpResponse {
  return headers === undefined ? NO_CONTENT : { status: 204, headers }
}

const NO_CONTENT: HttpResponse = Object.freeze({ status: 204 })

/** 400, with a text for people: its reason phrase unless given. */
export function badRequest(body?: string): HttpResponse {
  return reason(400, body)
}

/** 403. */
export function forbidden(body?: string): HttpResponse {
  return reason(403, body)
}

/** 404. */
export function notFound(body?: string): HttpResponse {
  return reason(404, body)
}

/** 405; `allowed` are the methods that there are (RFC 9110, 15.5.6). */
export function methodNotAllowed(allowed: readonly string[], body?: string): HttpResponse {
  return { ...reason(405, body), headers: { ...TEXT, Allow: allowed.join(', ') } }
}

/** 503: for now. `retryAfterSeconds` is what the client is told to wait; nothing unless given. */
export function unavailable(body?: string, retryAfterSeconds?: number): HttpResponse {
  return delayed(503, body, retryAfterSeconds)
}

/** 429. As `unavailable`. */
export function tooManyRequests(body?: string, retryAfterSeconds?: number): HttpResponse {
  return delayed(429, body, retryAfterSeconds)
}

function delayed(status: number, body?: string, retryAfterSeconds?: number): HttpResponse {
  if (retryAfterSeconds === undefined) return reason(status, body)
  const seconds = checkInteger('retryAfterSeconds', retryAfterSeconds, 0, 2 ** 31)
  return { ...reason(status, body), headers: { ...TEXT, 'Retry-After': String(seconds) } }
}

/** Any status with a line of text. */
export function reason(status: number, body = reasonOf(status)): HttpResponse {
  return { status, headers: TEXT, body: `${body}\n` }
}

function ofType(type: Fields, body: string, options: ResponseOptions | undefined): HttpResponse {
  if (typeof body !== 'string') throw wrongType('body', 'text', body)
  if (options === undefined) return { status: 200, headers: type, body }
  checkOptionNames(options, OPTIONS)
  const { status = 200, headers } = options
  checkInteger('status', status, 200, 599)
  return { status, headers: headers === undefined ? type : withType(headers, type), body }
}

function withType(headers: HeadersInit, type: Fields): HeadersInit {
  if (headers instanceof HttpHeaders || Symbol.iterator in headers) {
    const own = new HttpHeaders(headers)
    if (!own.has('Content-Type')) own.append('Content-Type', type['Content-Type'] as string)
    return own
  }
  for (const name of Object.keys(headers)) {
    if (name.length === 12 && name.toLowerCase() === 'content-type') return headers
  }
  return { ...type, ...headers }
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Text as it may stand in an element of HTML, or in an attribute's value between quotes. */
export function escapeHtml(value: string): string {
  return value.replace(/[&<>"']/g, (character) => ESCAPES[character] as string)
}
