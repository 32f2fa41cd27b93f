/**
 * Names as text: compared, put in canonical form, taken apart. A name keeps the case in which it came; two that differ only in the case
 * of ASCII letters are the same (RFC 4343). None of these waits or allocates more than its result.
 */
import { formatIpv4, formatIpv6, IPV4_BYTES, IPV6_BYTES, parseIpv4, parseIpv6 } from './address.js'
import { BACKSLASH, DOT } from './characters.js'
import { DnsWireError } from './errors.js'
import { LabelWriter } from './label-writer.js'
import { MAX_NAME_BYTES } from './limits.js'
import { formatLabels } from './name-format.js'

/** A name is at most as long as this before its length is found out. */
const scratch = new Uint8Array(MAX_NAME_BYTES * 4)
const labels = new LabelWriter()

const isUpper = (code: number): boolean => code >= 0x41 && code <= 0x5a

/**
 * What equal names have in common: lower case, no last dot, each byte written in one way. For maps. Throws DNS_NAME_TEXT,
 * DNS_LABEL_LENGTH or DNS_NAME_LENGTH for what is no name, if it has an escape or a character outside of ASCII to look at; a plain one
 * is taken as it is.
 */
export function nameKey(name: string): string {
  const { length } = name
  let hasUpper = false
  for (let i = 0; i < length; i++) {
    const code = name.charCodeAt(i)
    if (code === BACKSLASH || code <= 0x20 || code >= 0x7f) return canonicalName(name).toLowerCase()
    if (isUpper(code)) hasUpper = true
  }
  const bare = length > 1 && name.charCodeAt(length - 1) === DOT ? name.slice(0, -1) : name
  return hasUpper ? bare.toLowerCase() : bare
}

/** Whether both are one name, but for case and the last dot. */
export function sameName(a: string, b: string): boolean {
  return a === b || nameKey(a) === nameKey(b)
}

/** Whether `name` is `parent` or below it. Everything is below the root. */
export function isSubdomain(name: string, parent: string): boolean {
  const below = nameKey(name)
  const above = nameKey(parent)
  if (above === '.' || below === above) return true
  const dotAt = below.length - above.length - 1
  return dotAt > 0 && below.charCodeAt(dotAt) === DOT && below.endsWith(above) && !isEscaped(below, dotAt)
}

/** Whether an odd number of backslashes is before `at`. */
function isEscaped(name: string, at: number): boolean {
  let count = 0
  while (name.charCodeAt(at - count - 1) === BACKSLASH) count++
  return count % 2 === 1
}

/**
 * `name` as a decoded message has it: checked, absolute, without the last dot, in its own case, and with escapes where they must be
 * and nowhere else. Throws DNS_NAME_TEXT, DNS_LABEL_LENGTH or DNS_NAME_LENGTH.
 */
export function canonicalName(name: string): string {
  labels.write(name, scratch, 0)
  return formatLabels(scratch, 0)
}

/** The labels of `name` from left to right, each in presentation form; none for the root. Throws as `canonicalName` does. */
export function splitName(name: string): string[] {
  labels.write(name, scratch, 0)
  const parts: string[] = []
  for (let i = 0; i < labels.count; i++) {
    const at = labels.starts[i] as number
    const end = at + 1 + (scratch[at] as number)
    const after = scratch[end] as number
    scratch[end] = 0
    parts.push(formatLabels(scratch, at))
    scratch[end] = after
  }
  return parts
}

/** How many labels `name` has: 0 for the root. */
export function countLabels(name: string): number {
  labels.write(name, scratch, 0)
  return labels.count
}

/** What is left of `name` without its first label; undefined for the root. */
export function parentName(name: string): string | undefined {
  if (name === '.') return undefined
  for (let i = 0; i < name.length - 1; i++) {
    const code = name.charCodeAt(i)
    if (code === BACKSLASH) i++
    else if (code === DOT) return name.slice(i + 1)
  }
  return '.'
}

/** The length of `name` in a message where it is not compressed, in bytes. Throws as `canonicalName` does. */
export function nameBytes(name: string): number {
  return labels.write(name, scratch, 0)
}

const IPV4_SUFFIX = 'in-addr.arpa'
const IPV6_SUFFIX = 'ip6.arpa'

/**
 * The name that has the PTR records of an address: `1.2.0.192.in-addr.arpa` (RFC 1035, 3.5; RFC 3596, 2.5). A scope id is left out.
 * Throws DNS_VALUE if `address` is none.
 */
export function reverseName(address: string): string {
  if (parseIpv4(address, scratch, 0))
    return `${scratch[3]}.${scratch[2]}.${scratch[1]}.${scratch[0]}.${IPV4_SUFFIX}`
  const scopeAt = address.indexOf('%')
  if (!parseIpv6(scopeAt < 0 ? address : address.slice(0, scopeAt), scratch, 0))
    throw new DnsWireError('DNS_VALUE', `'${address}' is no IP address`)
  let name = ''
  for (let i = IPV6_BYTES - 1; i >= 0; i--) {
    const byte = scratch[i] as number
    name += `${(byte & 0xf).toString(16)}.${(byte >> 4).toString(16)}.`
  }
  return name + IPV6_SUFFIX
}

const IPV4_REVERSED = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.in-addr\.arpa$/
const IPV6_REVERSED = /^((?:[0-9a-f]\.){32})ip6\.arpa$/

/** The address that `reverseName` made `name` of; undefined if it is no such name, or that of a whole network. */
export function addressOfReverseName(name: string): string | undefined {
  const key = nameKey(name)
  const ipv4 = IPV4_REVERSED.exec(key)
  if (ipv4 !== null) {
    const text = ipv4
      .slice(1, 1 + IPV4_BYTES)
      .reverse()
      .join('.')
    return parseIpv4(text, scratch, 0) ? formatIpv4(scratch, 0) : undefined
  }
  const digits = IPV6_REVERSED.exec(key)?.[1]?.split('.').reverse().join('')
  if (digits === undefined) return undefined
  for (let i = 0; i < IPV6_BYTES; i++) scratch[i] = Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16)
  return formatIpv6(scratch, 0)
}
