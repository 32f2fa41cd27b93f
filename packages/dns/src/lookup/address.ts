/** Addresses: text to bytes and back. One form of each address comes out, that of RFC 5952, so that texts can be compared. */
import { isIP } from 'node:net'
import { formatIpv6, parseIpv4, parseIpv6 } from '../wire/address.js'

export interface Address {
  readonly family: 4 | 6
  /** Sixteen bytes; an IPv4 address is `::ffff:a.b.c.d`, as RFC 6724 compares them. */
  readonly bytes: Uint8Array
  /** Behind `%`: an interface's name or number; only IPv6 has one. */
  readonly zone: string | undefined
  /** In the form of RFC 5952, with the zone. */
  readonly text: string
}

/** Four decimal numbers, or IPv6 with or without a zone. Anything else is undefined. */
export function parseAddress(text: string): Address | undefined {
  const family = isIP(text)
  if (family === 0) return undefined
  const bytes = new Uint8Array(16)
  if (family === 4) {
    bytes.fill(0xff, 10, 12)
    parseIpv4(text, bytes, 12)
    return { family, bytes, zone: undefined, text }
  }
  const percent = text.indexOf('%')
  const zone = percent === -1 ? undefined : text.slice(percent + 1)
  parseIpv6(percent === -1 ? text : text.slice(0, percent), bytes, 0)
  const plain = formatIpv6(bytes, 0)
  return { family: 6, bytes, zone, text: zone === undefined ? plain : `${plain}%${zone}` }
}

/** Of sixteen bytes. */
export function isMapped(bytes: Uint8Array): boolean {
  return bytes[10] === 0xff && bytes[11] === 0xff && bytes.subarray(0, 10).every((byte) => byte === 0)
}
