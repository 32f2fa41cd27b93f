/** The four forms of a request's target (RFC 9112, 3.2), and what a host can be (RFC 3986, 3.2.2). */
import {
  CLASS,
  COLON,
  equals,
  exactBytes,
  IS_DIGIT,
  IS_HOST,
  latin1,
  matches,
  nameBytes,
} from './characters.js'
import { badSyntax } from './refusals.js'

const SLASH = 47
const ASTERISK = 42
const BRACKET = 91
const QUESTION = 63
const CONNECT = exactBytes('CONNECT')
const OPTIONS = exactBytes('OPTIONS')
const SCHEMES = [nameBytes('http://'), nameBytes('https://')]
const IPV6 = /^\[[0-9A-Fa-f:.]+\](?::\d*)?$/

/** Throws `HTTP_SYNTAX` (status 400) for a target that its method cannot have. Whether the method is CONNECT. */
export function checkTarget(
  bytes: Buffer,
  methodFrom: number,
  methodTo: number,
  from: number,
  to: number,
): boolean {
  if (methodTo - methodFrom === 7 && equals(bytes, methodFrom, CONNECT)) {
    if (!isAuthority(bytes, from, to)) throw badSyntax('a CONNECT to something else than host:port')
    return true
  }
  const first = bytes[from]
  if (first === SLASH) return false
  if (first === ASTERISK && to - from === 1) {
    if (methodTo - methodFrom === 7 && equals(bytes, methodFrom, OPTIONS)) return false
  } else if (isAbsolute(bytes, from, to)) return false
  throw badSyntax('a target that is no path')
}

/** `http://host/…`, without user information. */
function isAbsolute(bytes: Buffer, from: number, to: number): boolean {
  for (const scheme of SCHEMES) {
    if (to - from <= scheme.length || !matches(bytes, from, scheme)) continue
    const host = from + scheme.length
    let end = host
    while (end < to && bytes[end] !== SLASH && bytes[end] !== QUESTION) end++
    return end > host && isHost(bytes, host, end)
  }
  return false
}

/** `host:port`, both of them there. */
function isAuthority(bytes: Buffer, from: number, to: number): boolean {
  const colon = bytes.lastIndexOf(COLON, to - 1)
  return colon > from && colon < to - 1 && isHost(bytes, from, to)
}

/** A host, and a port if there is one. Empty is one too, as for a target without an authority. */
export function isHost(bytes: Buffer, from: number, to: number): boolean {
  if (bytes[from] === BRACKET && from < to) return IPV6.test(latin1(bytes, from, to))
  let i = from
  while (i < to && ((CLASS[bytes[i] as number] as number) & IS_HOST) !== 0) i++
  if (i === to) return true
  if (bytes[i] !== COLON || i === from) return false
  for (i++; i < to; i++) if (((CLASS[bytes[i] as number] as number) & IS_DIGIT) === 0) return false
  return true
}
