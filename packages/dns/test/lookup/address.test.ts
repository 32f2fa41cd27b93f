import { isIPv6 } from 'node:net'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseAddress } from '../../src/lookup/address.js'
import { parseLooseIPv4 } from '../../src/lookup/loose-ipv4.js'
import { formatIpv6 } from '../../src/wire/address.js'

const forms: readonly (readonly [text: string, form: string])[] = [
  ['::', '::'],
  ['0:0:0:0:0:0:0:0', '::'],
  ['1::', '1::'],
  ['2001:DB8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
  ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
  ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
  ['::1.2.3.4', '::102:304'],
  ['::ffff:102:304', '::ffff:1.2.3.4'],
  ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
  ['FE80::1%eth0.1', 'fe80::1%eth0.1'],
  ['1.2.3.4', '1.2.3.4'],
]
test.each(forms)('%s is written %s', (text, form) => {
  expect(parseAddress(text)?.text).toBe(form)
})

test.each(['', '1.2.3', '1.2.3.4.5', '01.2.3.4', '1:2', ':::', '::1%', '[::1]', ' ::1', 'a.example'])(
  '%j is no address',
  (text) => {
    expect(parseAddress(text)).toBeUndefined()
  },
)

test('every address of IPv6 survives being written', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (bytes) => {
      const text = formatIpv6(bytes, 0)
      expect(isIPv6(text)).toBe(true)
      expect(parseAddress(text)?.bytes).toEqual(bytes)
    }),
  )
})

test('every IPv4 address survives being written as one number, in all bases', () => {
  fc.assert(
    fc.property(fc.nat(2 ** 32 - 1), (value) => {
      const plain = parseLooseIPv4(String(value))
      expect(plain?.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)).toBe(value)
      expect(parseLooseIPv4(`0x${value.toString(16)}`)).toBe(plain)
      expect(parseLooseIPv4(`0${value.toString(8)}`)).toBe(plain)
    }),
  )
})
