/**
 * What a host's name is made of, before anything is asked: IDN to ASCII, the lengths of RFC 1035, the characters of host names and the
 * underscore. And the names that are never asked for on the wire.
 */
import { DnsWireError, nameToAscii } from '../wire/index.js'

const MAX_LABEL = 63
const MAX_NAME = 253

/**
 * The name in ASCII, a last dot kept; undefined: no host has such a name. What begins with a hyphen would be an option to many a command:
 * glibc refuses it too.
 */
export function toHostName(host: string): string | undefined {
  const name = isAscii(host) ? host : internationalName(host)
  const bare = withoutLastDot(name)
  if (bare.length === 0 || bare.length > MAX_NAME || bare.startsWith('-')) return undefined
  for (const label of bare.split('.')) {
    if (label.length > MAX_LABEL || !/^[\w-]+$/.test(label)) return undefined
  }
  return name
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false
  return true
}

/** UTS 46 also makes digits and dots of other scripts plain ones: an address that comes out of it was not written as one. */
function internationalName(host: string): string {
  try {
    const name = nameToAscii(host)
    return /^[\d.]*$/.test(name) ? '' : name
  } catch (error) {
    if (!(error instanceof DnsWireError)) throw error
    return ''
  }
}

export function withoutLastDot(name: string): string {
  return name.endsWith('.') ? name.slice(0, -1) : name
}

/** `localhost` and all below it are this machine (RFC 6761, 6.3). */
export function isLocalhost(name: string): boolean {
  return isBelow(name, 'localhost')
}

/** Names that DNS does not know: RFC 6761, 6.4, and RFC 7686. */
export function isNeverThere(name: string): boolean {
  return isBelow(name, 'invalid') || isBelow(name, 'onion')
}

function isBelow(name: string, domain: string): boolean {
  const bare = withoutLastDot(name).toLowerCase()
  return bare === domain || bare.endsWith(`.${domain}`)
}
