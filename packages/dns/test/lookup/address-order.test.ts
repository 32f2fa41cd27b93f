/** RFC 6724, section 10, has examples; those with one destination or about sources are left out. */
import { expect, test } from 'vitest'
import { parseAddress } from '../../src/lookup/address.js'
import { MAX_SORTED, type Source, sortAddresses } from '../../src/lookup/address-order.js'
import { policyOf, scopeOf } from '../../src/lookup/policy-table.js'

type Row = readonly [why: string, destinations: Readonly<Record<string, string | Source | undefined>>]

/** Destinations in the order in which they are to come, with the sources they would have. */
const rows: readonly Row[] = [
  [
    'rule 1: avoid what cannot be reached',
    { '198.51.100.121': '198.51.100.117', '2001:db8:1::1': undefined },
  ],
  [
    'rule 2: prefer the matching scope',
    { '2001:db8:1::1': '2001:db8:1::2', '198.51.100.121': '169.254.13.78' },
  ],
  [
    'rule 2: prefer the matching scope, IPv4',
    { '198.51.100.121': '198.51.100.117', '2001:db8:1::1': 'fe80::1' },
  ],
  [
    'rule 3: avoid a deprecated source',
    { '2001:db8:2::1': '2001:db8:2::2', '2001:db8:1::1': { address: '2001:db8:1::2', isDeprecated: true } },
  ],
  [
    'rule 4: prefer a home address',
    { 'fe80::1': { address: '2001:db8:1::3', isHome: true }, 'fe80::2': '2001:db8:1::4' },
  ],
  [
    'rule 5: prefer the matching label',
    { '2002:c633:6401::1': '2002:c633:6401::2', '2001:db8:1::1': '2002:c633:6401::2' },
  ],
  [
    'rule 5: IPv4 rather than a ULA to the world',
    { '198.51.100.121': '198.51.100.117', '2001:db8:1::1': 'fd00::2' },
  ],
  ['rule 6: prefer the higher precedence', { '2001:db8:1::1': '2001:db8:1::2', '10.1.2.3': '10.1.2.4' }],
  ['rule 6: IPv4 rather than 6to4', { '10.1.2.3': '10.1.2.4', '2002:c633:6401::1': '2002:c633:6401::2' }],
  ['rule 6: IPv4 rather than a ULA', { '10.1.2.3': '10.1.2.4', 'fd00::1': 'fd00::2' }],
  [
    'rule 7: avoid a tunnel',
    { '2001:db8:2::1': '2001:db8:2::2', '2001:db8:1::1': { address: '2001:db8:1::2', isTunnelled: true } },
  ],
  ['rule 8: prefer the smaller scope', { 'fe80::1': 'fe80::2', '2001:db8:1::1': '2001:db8:1::2' }],
  [
    'rule 9: prefer the longer prefix',
    { '2001:db8:1::1': '2001:db8:1::2', '2001:db8:3ffe::1': '2001:db8:3f44::2' },
  ],
  [
    'rule 9: within the prefix of the source',
    { '2001:db8:1:1::1': '2001:db8:1:1::9', '2001:db8:1:1::8': '2001:db8:1:1::9' },
  ],
  [
    'rule 9: an IPv4 address of the same subnet',
    {
      '192.0.2.77': { address: '192.0.2.1', prefixBits: 24 },
      '198.51.100.1': { address: '192.0.2.1', prefixBits: 24 },
    },
  ],
  [
    'rule 9: no other IPv4 address is nearer',
    {
      '203.0.113.1': { address: '192.0.2.1', prefixBits: 24 },
      '192.0.3.1': { address: '192.0.2.1', prefixBits: 24 },
    },
  ],
  [
    'rule 10: leave the rest as it is',
    { '2001:db8::9': undefined, '198.51.100.1': undefined, '::1': undefined },
  ],
]
/** Where the rules say nothing, the other order stays as well. */
const ties: ReadonlySet<string> = new Set(['rule 9: within', 'rule 9: no other', 'rule 10:'])

test.each(rows)('%s', (why, destinations) => {
  const best = Object.keys(destinations)
  const sourceOf = (address: string): Source | undefined => {
    const source = destinations[address]
    return typeof source === 'string' ? { address: source } : source
  }
  const sorted = (order: readonly string[]): string[] =>
    sortAddresses(
      order.map((address) => ({ address })),
      sourceOf,
    ).map(({ address }) => address)
  expect(sorted(best)).toEqual(best)
  const isTie = [...ties].some((tie) => why.startsWith(tie))
  const reversed = [...best].reverse()
  expect(sorted(reversed)).toEqual(isTie ? reversed : best)
})

const policies: readonly (readonly [address: string, precedence: number, label: number])[] = [
  ['::1', 50, 0],
  ['2001:db8::1', 40, 1],
  ['192.0.2.1', 35, 4],
  ['2002:c000:201::1', 30, 2],
  ['2001:0:1::1', 5, 5],
  ['fd00::1', 3, 13],
  ['fc00::1', 3, 13],
  ['::192.0.2.1', 1, 3],
  ['fec0::1', 1, 11],
  ['3ffe::1', 1, 12],
]
test.each(policies)('%s has the precedence %i and the label %i', (address, precedence, label) => {
  expect(policyOf(bytesOf(address))).toEqual({ precedence, label })
})

const scopes: readonly (readonly [address: string, scope: number])[] = [
  ['127.0.0.1', 2],
  ['169.254.1.1', 2],
  ['10.0.0.1', 14],
  ['192.0.2.1', 14],
  ['::1', 2],
  ['fe80::1', 2],
  ['febf::1', 2],
  ['fec0::1', 5],
  ['fd00::1', 14],
  ['2001:db8::1', 14],
  ['ff02::1', 2],
  ['ff05::1', 5],
  ['ff0e::1', 14],
]
test.each(scopes)('%s has the scope %i', (address, scope) => {
  expect(scopeOf(bytesOf(address), address.includes('.'))).toBe(scope)
})

function bytesOf(address: string): Uint8Array {
  return parseAddress(address)?.bytes as Uint8Array
}

test('a single address costs no look at the network, and thousands cost no more than the limit', () => {
  const asked: string[] = []
  const sourceOf = (address: string): Source => {
    asked.push(address)
    return { address }
  }
  const items = Array.from({ length: 1_000 }, (_, i) => ({ address: `10.0.${i >> 8}.${i & 255}` }))
  expect(sortAddresses(items.slice(0, 1), sourceOf)).toHaveLength(1)
  expect(asked).toEqual([])
  expect(sortAddresses(items, sourceOf)).toEqual(items)
  expect(asked).toHaveLength(MAX_SORTED)
})
