/**
 * One line of an access log, in the forms that programs read. What clients say cannot end a line, nor leave
 * its place in one.
 */
import type { SocketAddress } from '@shrapnel/core'
import type { HttpRequest } from '../message.js'

export type AccessLogFormat = 'common' | 'combined' | 'json'

export interface AccessLogEntry {
  readonly request: HttpRequest
  readonly status: number
  /** Of the body. */
  readonly sentBytes: number
  readonly durationMs: number
  /** Of the request's head, in milliseconds since the epoch. */
  readonly timeMs: number
  /** The client went away before it had everything. */
  readonly isBroken: boolean
  readonly user: string | undefined
}

const MAX_FIELD_LENGTH = 2_048
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

let lastSecond = -1
let lastTime = ''

/** With its line end. */
export function formatEntry(entry: AccessLogEntry, format: AccessLogFormat): string {
  if (format === 'json') return `${JSON.stringify(facts(entry))}\n`
  const { request, status, sentBytes, timeMs, user } = entry
  const who = `${word(request.peer?.address ?? '-')} - ${word(user ?? '-')} [${clfTime(timeMs)}]`
  const asked = quoted(`${request.method} ${request.target} HTTP/${request.version}`)
  const line = `${who} ${asked} ${status} ${sentBytes === 0 ? '-' : sentBytes}`
  if (format === 'common') return `${line}\n`
  const { headers } = request
  return `${line} ${quoted(headers.get('referer') ?? '-')} ${quoted(headers.get('user-agent') ?? '-')}\n`
}

/** Of what was no request, or was refused as one. `filter` does not see it: there is no request to show. */
export function formatRefusal(
  status: number,
  code: string,
  peer: SocketAddress | undefined,
  format: AccessLogFormat,
): string {
  const timeMs = Date.now()
  if (format === 'json') {
    const time = new Date(timeMs).toISOString()
    return `${JSON.stringify({ time, peer: peer?.address, port: peer?.port, status, sentBytes: 0, refused: code })}\n`
  }
  const line = `${word(peer?.address ?? '-')} - - [${clfTime(timeMs)}] "-" ${status} -`
  return format === 'common' ? `${line}\n` : `${line} "-" "-"\n`
}

function facts({ request, status, sentBytes, durationMs, timeMs, isBroken, user }: AccessLogEntry): object {
  const { headers, peer } = request
  const cut = (text: string | undefined): string | undefined => text?.slice(0, MAX_FIELD_LENGTH)
  return {
    time: new Date(timeMs).toISOString(),
    peer: peer?.address,
    port: peer?.port,
    user: cut(user),
    method: cut(request.method),
    target: cut(request.target),
    version: request.version,
    status,
    sentBytes,
    durationMs: Math.round(durationMs * 1000) / 1000,
    host: cut(headers.get('host')),
    referer: cut(headers.get('referer')),
    userAgent: cut(headers.get('user-agent')),
    broken: isBroken ? true : undefined,
  }
}

/** `10/Oct/2000:13:55:36 +0000`. */
function clfTime(timeMs: number): string {
  const second = Math.floor(timeMs / 1000)
  if (second === lastSecond) return lastTime
  const date = new Date(second * 1000)
  const two = (value: number): string => String(value).padStart(2, '0')
  const day = `${two(date.getUTCDate())}/${MONTHS[date.getUTCMonth()]}/${date.getUTCFullYear()}`
  lastTime = `${day}:${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())} +0000`
  lastSecond = second
  return lastTime
}

/** As Apache has it: what is no printable ASCII, and quote and backslash, as `\xHH`. */
function quoted(text: string): string {
  return `"${escaped(text, /[^\x20\x21\x23-\x5b\x5d-\x7e]/)}"`
}

function word(text: string): string {
  return text === '' ? '-' : escaped(text, /[^\x21\x23-\x5b\x5d-\x7e]/)
}

function escaped(text: string, bad: RegExp): string {
  const short = text.length > MAX_FIELD_LENGTH ? text.slice(0, MAX_FIELD_LENGTH) : text
  if (!bad.test(short)) return short
  return Array.from(short, (character) => {
    if (!bad.test(character)) return character
    const code = character.codePointAt(0) as number
    const bytes = code < 256 ? [code] : [...Buffer.from(character)]
    return bytes.map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('')
  }).join('')
}
