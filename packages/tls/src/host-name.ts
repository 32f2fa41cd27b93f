/** Names of hosts as certificates and DNS have them: in ASCII, without the dot of the root. */
import { isIP } from 'node:net'
import { domainToASCII } from 'node:url'
import { outOfRange } from '@shrapnel/core/parts'
import { checkText } from './options.js'

/** A name in any alphabet, or an address. `` stays ``. */
export function asciiHost(option: string, value: unknown): string {
  const name = checkText(option, value)
  // An address of one link has its interface behind a %; no certificate has.
  if (isIP(name) !== 0) return name.replace(/%.*$/s, '')
  const text = name.endsWith('.') ? name.slice(0, -1) : name
  // Only what needs it: domainToASCII() also reads 127.1 as an address.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what is not ASCII is meant.
  if (/^[\x00-\x7f]*$/.test(text)) return text
  const ascii = domainToASCII(text)
  if (ascii === '') throw outOfRange(option, 'a name of a host', JSON.stringify(name))
  return ascii
}
