/** Names in other scripts (IDNA): to the ASCII that DNS has, and back to be read. By UTS 46, as in node:url, label by label. */
import { domainToASCII, domainToUnicode } from 'node:url'
import { DnsWireError } from './errors.js'
import { canonicalName } from './name.js'

/** A label of digits alone would be taken for a part of an IPv4 address; behind it stands one that never is. */
const GUARD = '.x'
/** U+3002 and its like are dots too (UTS 46, 4). */
const DOTS = /[.\u3002\uff0e\uff61]/
const ASCII_ONLY = /^[\0-\x7f]*$/

/**
 * `bücher.example` as `xn--bcher-kva.example`. Labels in ASCII stay as they are, underscores, escapes and case too. Throws DNS_NAME_TEXT
 * for a label that UTS 46 does not allow, and as `canonicalName` does.
 */
export function nameToAscii(name: string): string {
  if (ASCII_ONLY.test(name)) return canonicalName(name)
  return canonicalName(name.split(DOTS).map(labelToAscii).join('.'))
}

function labelToAscii(label: string): string {
  if (ASCII_ONLY.test(label)) return label
  const ascii = label.includes('\\') || label.includes('%') ? '' : domainToASCII(label + GUARD)
  if (!ascii.endsWith(GUARD) || ascii.length === GUARD.length)
    throw new DnsWireError('DNS_NAME_TEXT', `'${label}' is no label of an international name`)
  return ascii.slice(0, -GUARD.length)
}

const ENCODED = /^xn--/i

/** `xn--bcher-kva.example` as `bücher.example`. What is no valid encoding stays as it is. Never throws. */
export function nameToUnicode(name: string): string {
  return name
    .split('.')
    .map((label) => (ENCODED.test(label) ? labelToUnicode(label) : label))
    .join('.')
}

function labelToUnicode(label: string): string {
  const unicode = domainToUnicode(label + GUARD)
  return unicode.endsWith(GUARD) && unicode.length > GUARD.length ? unicode.slice(0, -GUARD.length) : label
}
