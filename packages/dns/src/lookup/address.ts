/** Addresses: text to bytes and back. One form of each address comes out, that of RFC 5952, so that texts can be compared. */
import { isIP } from 'node:net'

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
  if (family === 4) return { family, bytes: mappedBytes(text), zone: undefined, text }
  if (family !== 6) return undefined
  const percent = text.indexOf('%')
  const zone = percent === -1 ? undefined : text.slice(percent + 1)
  const bytes = bytesOfIPv6(percent === -1 ? text : text.slice(0, percent))
  return {
    family,
    bytes,
    zone,
    text: zone === undefined ? formatIPv6(bytes) : `${formatIPv6(bytes)}%${zone}`,
  }
}

function mappedBytes(text: string): Uint8Array {
  const bytes = new Uint8Array(16)
  bytes[10] = 0xff
  bytes[11] = 0xff
  bytes.set(text.split('.').map(Number), 12)
  return bytes
}

/** The text is known to be an address. */
function bytesOfIPv6(text: string): Uint8Array {
  const [head = '', tail] = text.split('::') as [string, string | undefined]
  const front = groupBytes(head)
  const back = tail === undefined ? [] : groupBytes(tail)
  const bytes = new Uint8Array(16)
  bytes.set(front, 0)
  bytes.set(back, 16 - back.length)
  return bytes
}

function groupBytes(text: string): number[] {
  if (text === '') return []
  return text.split(':').flatMap((group) => {
    if (group.includes('.')) return group.split('.').map(Number)
    const value = Number.parseInt(group, 16)
    return [value >> 8, value & 0xff]
  })
}

/** RFC 5952: lower case, the longest row of zeros short, IPv4 at the end of a mapped one. */
export function formatIPv6(bytes: Uint8Array): string {
  if (isMapped(bytes)) return `::ffff:${bytes.subarray(12).join('.')}`
  const groups = Array.from(
    { length: 8 },
    (_, i) => ((bytes[2 * i] as number) << 8) | (bytes[2 * i + 1] as number),
  )
  let start = -1
  let length = 1
  for (let i = 0; i < 8; i++) {
    let end = i
    while (end < 8 && groups[end] === 0) end++
    if (end - i > length) {
      start = i
      length = end - i
    }
  }
  const text = (part: readonly number[]): string => part.map((group) => group.toString(16)).join(':')
  if (start === -1) return text(groups)
  return `${text(groups.slice(0, start))}::${text(groups.slice(start + length))}`
}

export function isMapped(bytes: Uint8Array): boolean {
  return bytes[10] === 0xff && bytes[11] === 0xff && bytes.subarray(0, 10).every((byte) => byte === 0)
}
