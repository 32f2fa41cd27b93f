/** Addresses of networks and hosts, as the text that PostgreSQL writes. */
import { badValue, type TypeCodec, textCodec } from './type-codec.js'

/** PostgreSQL's own numbers of the families, the same on every system. */
const IPV4 = 2
const IPV6 = 3
const HEADER_BYTES = 4

function ipv6Text(bytes: Buffer, at: number): string {
  const groups = Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(at + i * 2))
  const [zerosAt, zeros] = longestZeros(groups)
  const last = `${bytes[at + 12]}.${bytes[at + 13]}.${bytes[at + 14]}.${bytes[at + 15]}`
  // Addresses of IPv4 in IPv6's clothes keep their dots.
  const isMapped =
    zerosAt === 0 &&
    (zeros === 6 || (zeros === 5 && groups[5] === 0xffff) || (zeros === 7 && groups[7] !== 1))
  if (isMapped) return zeros === 5 ? `::ffff:${last}` : `::${last}`
  const text = groups.map((group) => group.toString(16))
  if (zeros < 2) return text.join(':')
  return `${text.slice(0, zerosAt).join(':')}::${text.slice(zerosAt + zeros).join(':')}`
}

function longestZeros(groups: readonly number[]): [at: number, count: number] {
  let bestAt = 0
  let best = 0
  for (let at = 0; at < groups.length; at++) {
    let count = 0
    while (at + count < groups.length && groups[at + count] === 0) count++
    if (count > best) {
      best = count
      bestAt = at
    }
  }
  return [bestAt, best]
}

function network(name: 'inet' | 'cidr'): TypeCodec<string> {
  return textCodec(name, (bytes, from, to) => {
    if (to - from < HEADER_BYTES) badValue(name, 0)
    const family = bytes[from]
    const prefix = bytes[from + 1] as number
    const size = bytes[from + 3]
    const isIpv4 = family === IPV4 && size === 4
    if (!isIpv4 && !(family === IPV6 && size === 16)) badValue(name, 0)
    if (to - from !== HEADER_BYTES + (size as number) || prefix > (size as number) * 8) badValue(name, 1)
    const at = from + HEADER_BYTES
    const address = isIpv4
      ? `${bytes[at]}.${bytes[at + 1]}.${bytes[at + 2]}.${bytes[at + 3]}`
      : ipv6Text(bytes, at)
    return name === 'inet' && prefix === (size as number) * 8 ? address : `${address}/${prefix}`
  })
}

export const inet = network('inet')
export const cidr = network('cidr')
