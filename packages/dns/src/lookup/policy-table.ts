/** The policy table of RFC 6724, section 2.1: what an address's prefix says of it. */
import { parseAddress } from './address.js'

export interface Policy {
  readonly precedence: number
  readonly label: number
}

/** Longest prefix first, so that the first that fits is the one. */
const TABLE: readonly (readonly [prefix: string, bits: number, precedence: number, label: number])[] = [
  ['::1', 128, 50, 0],
  ['::ffff:0.0.0.0', 96, 35, 4],
  ['::', 96, 1, 3],
  ['2001::', 32, 5, 5],
  ['2002::', 16, 30, 2],
  ['3ffe::', 16, 1, 12],
  ['fec0::', 10, 1, 11],
  ['fc00::', 7, 3, 13],
  ['::', 0, 40, 1],
]

const ROWS = TABLE.map(([prefix, bits, precedence, label]) => {
  const { bytes } = parseAddress(prefix) as { readonly bytes: Uint8Array }
  return { bytes, bits, policy: { precedence, label } }
})

/** Of sixteen bytes; an IPv4 address is a mapped one. */
export function policyOf(bytes: Uint8Array): Policy {
  const row = ROWS.find((each) => commonBits(each.bytes, bytes) >= each.bits)
  return (row as (typeof ROWS)[number]).policy
}

/** How many bits two addresses have in common at the front. */
export function commonBits(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < 16; i++) {
    const difference = (a[i] as number) ^ (b[i] as number)
    if (difference !== 0) return 8 * i + Math.clz32(difference) - 24
  }
  return 128
}

const LINK_LOCAL = 2
const SITE_LOCAL = 5
const GLOBAL = 14

/** RFC 6724, 3.1 and 3.2: private IPv4 addresses are global ones, loopback and 169.254/16 are of the link. */
export function scopeOf(bytes: Uint8Array, isIPv4: boolean): number {
  const [first = 0, second = 0] = isIPv4 ? bytes.subarray(12) : bytes
  if (isIPv4) return first === 127 || (first === 169 && second === 254) ? LINK_LOCAL : GLOBAL
  if (first === 0xff) return second & 0x0f
  if (first === 0xfe && second >= 0xc0) return SITE_LOCAL
  if (first === 0xfe && second >= 0x80) return LINK_LOCAL
  return commonBits(bytes, LOOPBACK) === 128 ? LINK_LOCAL : GLOBAL
}

const LOOPBACK = new Uint8Array(16)
LOOPBACK[15] = 1
