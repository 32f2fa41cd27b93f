/** IPv4 and IPv6 addresses as bytes and as text, without scope ids; IPv6 in the form of RFC 5952. */

const DECIMAL: readonly string[] = Array.from({ length: 256 }, (_, byte) => String(byte))
/** With the dot before it. */
const DOTTED: readonly string[] = DECIMAL.map((text) => `.${text}`)

export const IPV4_BYTES = 4
export const IPV6_BYTES = 16
const GROUPS = 8
/** The group before the IPv4 address that it stands for: `::ffff:192.0.2.1`. */
const MAPPED_GROUP = 5

export function formatIpv4(bytes: Uint8Array, at: number): string {
  return (
    (DECIMAL[bytes[at] as number] as string) +
    (DOTTED[bytes[at + 1] as number] as string) +
    (DOTTED[bytes[at + 2] as number] as string) +
    (DOTTED[bytes[at + 3] as number] as string)
  )
}

export function formatIpv6(bytes: Uint8Array, at: number): string {
  let longestStart = -1
  let longest = 1
  let start = 0
  for (let group = 0; group <= GROUPS; group++) {
    const isZero = group < GROUPS && bytes[at + 2 * group] === 0 && bytes[at + 2 * group + 1] === 0
    if (isZero) continue
    if (group - start > longest) {
      longest = group - start
      longestStart = start
    }
    start = group + 1
  }
  if (longestStart === 0 && longest === MAPPED_GROUP && groupAt(bytes, at, MAPPED_GROUP) === 0xffff)
    return `::ffff:${formatIpv4(bytes, at + 12)}`
  let text = ''
  for (let group = 0; group < GROUPS; group++) {
    if (group === longestStart) {
      text += '::'
      group += longest - 1
    } else {
      const digits = groupAt(bytes, at, group).toString(16)
      text += group === 0 || group === longestStart + longest ? digits : `:${digits}`
    }
  }
  return text
}

function groupAt(bytes: Uint8Array, at: number, group: number): number {
  return ((bytes[at + 2 * group] as number) << 8) | (bytes[at + 2 * group + 1] as number)
}

/** Writes four bytes. False if `text` is not four decimal numbers without leading zeros. */
export function parseIpv4(text: string, bytes: Uint8Array, at: number): boolean {
  let value = -1
  let part = 0
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 0x30
    if (digit >= 0 && digit <= 9) {
      if (value === 0) return false
      value = value < 0 ? digit : value * 10 + digit
      if (value > 255) return false
    } else {
      if (digit !== -2 || value < 0 || part === 3) return false
      bytes[at + part] = value
      part++
      value = -1
    }
  }
  if (part !== 3 || value < 0) return false
  bytes[at + 3] = value
  return true
}

const HEX_DIGITS = new Int8Array(128).fill(-1)
for (let digit = 0; digit < 16; digit++) {
  HEX_DIGITS[digit.toString(16).charCodeAt(0)] = digit
  HEX_DIGITS[digit.toString(16).toUpperCase().charCodeAt(0)] = digit
}

/** Writes sixteen bytes, or, if it gives false because `text` is no address, some of them. */
export function parseIpv6(text: string, bytes: Uint8Array, at: number): boolean {
  const { length } = text
  let group = 0
  let gap = -1
  let i = 0
  if (text.startsWith('::')) {
    gap = 0
    i = 2
  }
  while (i < length) {
    if (group === GROUPS) return false
    const start = i
    let value = 0
    let code = 0
    for (; i < length; i++) {
      code = text.charCodeAt(i)
      const digit = code < 128 ? (HEX_DIGITS[code] as number) : -1
      if (digit < 0) break
      value = value * 16 + digit
      if (i - start === 4) return false
    }
    if (i < length && code === 0x2e) {
      if (group > GROUPS - 2 || !parseIpv4(text.slice(start), bytes, at + 2 * group)) return false
      group += 2
      break
    }
    if (i === start) return false
    bytes[at + 2 * group] = value >> 8
    bytes[at + 2 * group + 1] = value & 0xff
    group++
    if (i === length) break
    if (code !== 0x3a) return false
    i++
    if (text.charCodeAt(i) === 0x3a) {
      if (gap >= 0) return false
      gap = group
      i++
    } else if (i === length) return false
  }
  if (gap < 0) return group === GROUPS
  if (group === GROUPS) return false
  const moved = 2 * (group - gap)
  const total = at + IPV6_BYTES
  bytes.copyWithin(total - moved, at + 2 * gap, at + 2 * group)
  bytes.fill(0, at + 2 * gap, total - moved)
  return true
}
