import { all, spawn, withTimeout, yieldSlice } from '@shrapnel/core'
import { describe, expect, test } from 'vitest'
import { lookup } from '../../src/lookup/lookup.js'
import type { LookupOptions } from '../../src/lookup/lookup-options.js'
import { a, type Script, type ScriptedParts, scriptedParts } from './scripted-parts.js'

const addressesOf = async (parts: ScriptedParts, host: string, options?: LookupOptions): Promise<string[]> =>
  (await lookup(parts, host, options)).map(({ address }) => address)

/** What a lookup comes to: addresses, or the code of its failure. */
async function outcome(parts: ScriptedParts, host: string, options?: LookupOptions): Promise<string> {
  return addressesOf(parts, host, options).then(
    (addresses) => addresses.join(' '),
    (error: { code: string }) => error.code,
  )
}

describe('an address', () => {
  const literals: readonly (readonly [host: string, address: string])[] = [
    ['192.0.2.1', '192.0.2.1'],
    ['127.1', '127.0.0.1'],
    ['0x7f.0.0.1', '127.0.0.1'],
    ['017700000001', '127.0.0.1'],
    ['2130706433', '127.0.0.1'],
    ['1.2.65535', '1.2.255.255'],
    ['0', '0.0.0.0'],
    ['::1', '::1'],
    ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['fe80::1%eth0', 'fe80::1%eth0'],
    ['::ffff:192.0.2.1', '::ffff:192.0.2.1'],
  ]
  test.each(literals)('%s is %s, and nothing is asked', async (host, address) => {
    const parts = scriptedParts({ nsswitch: 'hosts: dns' })
    const result = await lookup(parts, host)
    expect(result).toEqual([{ address, family: address.includes(':') ? 6 : 4 }])
    expect([result.canonicalName, result.source]).toEqual([host, 'literal'])
    expect(parts.asked).toEqual([])
  })

  test('of the other family is not found', async () => {
    const parts = scriptedParts()
    expect(await outcome(parts, '::1', { family: 4 })).toBe('ENOTFOUND')
    expect(await outcome(parts, '127.1', { family: 6 })).toBe('ENOTFOUND')
    expect(parts.asked).toEqual([])
  })

  test.each(['256.0.0.1', '1.2.3.4.5', '1.2.65536', '08.0.0.1', '0x', '1.2.3.4.', '4294967296'])(
    'is not what %s is',
    async (host) => {
      const parts = scriptedParts()
      expect(await outcome(parts, host)).toBe('ENOTFOUND')
      const name = host.replace(/\.$/, '')
      expect(parts.asked).toEqual([`${name} AAAA`, `${name} A`])
    },
  )

  test('alone is taken when the caller says so', async () => {
    const parts = scriptedParts({ hosts: '192.0.2.1 a' })
    expect(await outcome(parts, 'a', { numericOnly: true })).toBe('ENOTFOUND')
    expect(await outcome(parts, '127.1', { numericOnly: true })).toBe('127.0.0.1')
    expect(parts.asked).toEqual([])
  })
})

describe('a name that no host has is not found, and nothing is asked', () => {
  const hosts: readonly string[] = [
    '',
    '.',
    'a..b',
    '.a',
    'a b',
    'a\0b',
    'a/b',
    'a\\b',
    'a\n',
    '*.example',
    '-a.example',
    '[::1]',
    'host:80',
    '::1::',
    'fe80::1%',
    `${'x'.repeat(64)}.example`,
    `${'x.'.repeat(127)}x`,
    'a\u0378.example',
    '１２７.０.０.１',
    'never.invalid',
    'INVALID.',
    'a.onion',
  ]
  test.each(hosts)('%j', async (host) => {
    const parts = scriptedParts({ rules: { search: ['corp.example'], ndots: 5 } })
    expect(await outcome(parts, host)).toBe('ENOTFOUND')
    expect(parts.asked).toEqual([])
  })
})

test('an international name is asked for in ASCII', async () => {
  const parts = scriptedParts({ table: { 'xn--bcher-kva.example A': a('192.0.2.1') } })
  expect(await outcome(parts, 'Bücher。example')).toBe('192.0.2.1')
})

test('a name of 63 and 253 bytes is asked for, with underscores too', async () => {
  const parts = scriptedParts()
  const longest = [63, 63, 63, 61].map((length) => 'x'.repeat(length)).join('.')
  expect(await outcome(parts, longest)).toBe('ENOTFOUND')
  expect(await outcome(parts, '_a.b_')).toBe('ENOTFOUND')
  expect(parts.asked).toEqual([`${longest} AAAA`, `${longest} A`, '_a.b_ AAAA', '_a.b_ A'])
})

describe('localhost', () => {
  test.each(['localhost', 'LOCALHOST.', 'a.localhost', 'a.b.Localhost.'])(
    '%s is loopback without a question',
    async (host) => {
      const parts = scriptedParts({ rules: { search: ['corp.example'], ndots: 5 } })
      expect(await addressesOf(parts, host)).toEqual(['::1', '127.0.0.1'])
      expect(await addressesOf(parts, host, { family: 4 })).toEqual(['127.0.0.1'])
      expect(await addressesOf(parts, host, { family: 6 })).toEqual(['::1'])
      expect(parts.asked).toEqual([])
    },
  )

  test('is what the hosts file says, where it says something', async () => {
    const parts = scriptedParts({ hosts: '127.0.0.1 localhost\n127.0.0.5 a.localhost' })
    expect(await addressesOf(parts, 'localhost')).toEqual(['127.0.0.1'])
    expect(await addressesOf(parts, 'a.localhost')).toEqual(['127.0.0.5'])
  })

  test('is never asked for, also when the search list leads there', async () => {
    const parts = scriptedParts({ rules: { search: ['localhost'] }, nsswitch: 'hosts: dns' })
    expect(await addressesOf(parts, 'a')).toEqual(['::1', '127.0.0.1'])
    expect(parts.asked).toEqual([])
  })
})

describe('the hosts file', () => {
  const hosts = '192.0.2.1 one.example one\n2001:db8::1 one.example\n::1 six\n192.0.2.4 four'

  test('comes before DNS, with all addresses of a name', async () => {
    const parts = scriptedParts({ hosts })
    const result = await lookup(parts, 'ONE.example')
    expect(result.map(({ address }) => address)).toEqual(['2001:db8::1', '192.0.2.1'])
    expect([result.canonicalName, result.source]).toEqual(['one.example', 'files'])
    expect(parts.asked).toEqual([])
  })

  test('has loopback for IPv4 where it has ::1, as in glibc', async () => {
    const parts = scriptedParts({ hosts })
    expect(await addressesOf(parts, 'six', { family: 4 })).toEqual(['127.0.0.1'])
  })

  test('leads to DNS when it has only the other family', async () => {
    const parts = scriptedParts({ hosts, table: { 'four AAAA': a('2001:db8::4') } })
    expect(await addressesOf(parts, 'four', { family: 6 })).toEqual(['2001:db8::4'])
    expect(await addressesOf(parts, 'four')).toEqual(['192.0.2.4'])
  })

  test('comes when nsswitch.conf says', async () => {
    const table = { 'one A': a('192.0.2.99') }
    const outcomes = async (nsswitch: string, host: string): Promise<string> =>
      outcome(scriptedParts({ hosts, table, nsswitch }), host)
    expect(await outcomes('hosts: dns files', 'one')).toBe('192.0.2.99')
    expect(await outcomes('hosts: dns files', 'four')).toBe('192.0.2.4')
    expect(await outcomes('hosts: dns [NOTFOUND=return] files', 'four')).toBe('ENOTFOUND')
    expect(await outcomes('hosts: dns', 'four')).toBe('ENOTFOUND')
    expect(await outcomes('hosts: files', 'other')).toBe('ENOTFOUND')
    expect(await outcomes('hosts: files [NOTFOUND=return] dns', 'other')).toBe('ENOTFOUND')
  })
})

describe('the search list', () => {
  const rules = { search: ['a.example', 'b.example'], ndots: 2 }
  const four = (asked: readonly string[]): string[] =>
    asked.filter((each) => each.endsWith(' A')).map((each) => each.slice(0, -2))

  const orders: readonly (readonly [host: string, rules: Script['rules'], asked: readonly string[]])[] = [
    ['x', rules, ['x.a.example', 'x.b.example', 'x']],
    ['x.y', rules, ['x.y.a.example', 'x.y.b.example', 'x.y']],
    ['x.y.z', rules, ['x.y.z', 'x.y.z.a.example', 'x.y.z.b.example']],
    ['x.', rules, ['x']],
    ['x', { ...rules, ndots: 0 }, ['x', 'x.a.example', 'x.b.example']],
    ['x', { ...rules, search: [] }, ['x']],
    ['x', { ...rules, search: ['a.example', '.', 'b.example'] }, ['x.a.example', 'x', 'x.b.example']],
    ['x', { ...rules, noTldQuery: true }, ['x.a.example', 'x.b.example']],
    ['x.y', { ...rules, noTldQuery: true }, ['x.y.a.example', 'x.y.b.example', 'x.y']],
    ['x', { ...rules, noTldQuery: true, search: [] }, ['x']],
    ['x', { ...rules, search: ['y'.repeat(63), `${'y.'.repeat(126)}y`] }, [`x.${'y'.repeat(63)}`, 'x']],
  ]
  test.each(orders)('%s with %j asks for %j', async (host, given, asked) => {
    const parts = scriptedParts({ rules: given ?? {} })
    expect(await outcome(parts, host)).toBe('ENOTFOUND')
    expect(four(parts.asked)).toEqual(asked)
  })

  test('ends at the first name that has an address, of either family', async () => {
    const table = {
      'x.a.example TXT': [{ strings: [] }],
      'x.b.example AAAA': a('2001:db8::1'),
      'x A': a('192.0.2.9'),
    }
    const parts = scriptedParts({ rules, table })
    const result = await lookup(parts, 'x')
    expect(result).toEqual([{ address: '2001:db8::1', family: 6, ttl: 60 }])
    expect(result.canonicalName).toBe('x.b.example')
  })

  const failures: readonly (readonly [
    why: string,
    table: Script['table'],
    outcome: string,
    asked: readonly string[],
  ])[] = [
    [
      'a server failure is passed over',
      { 'x.a.example A': 'ESERVFAIL', 'x.a.example AAAA': 'ESERVFAIL', 'x.b.example A': a('192.0.2.1') },
      '192.0.2.1',
      ['x.a.example', 'x.b.example'],
    ],
    [
      'a server failure is remembered',
      { 'x.a.example A': 'ESERVFAIL' },
      'EAI_AGAIN',
      ['x.a.example', 'x.b.example', 'x'],
    ],
    [
      'no server at all ends the search',
      { 'x.a.example A': 'ETIMEOUT', 'x.a.example AAAA': 'ETIMEOUT', 'x.b.example A': a('192.0.2.1') },
      'EAI_AGAIN',
      ['x.a.example', 'x'],
    ],
    [
      'the name as it is is asked for all the same',
      { 'x.a.example A': 'EREFUSED', 'x.a.example AAAA': 'EREFUSED', 'x A': a('192.0.2.1') },
      '192.0.2.1',
      ['x.a.example', 'x'],
    ],
    [
      'a name that cannot be is as one that is not',
      { 'x.a.example A': 'EBADNAME', 'x.a.example AAAA': 'EBADNAME' },
      'ENOTFOUND',
      ['x.a.example', 'x.b.example', 'x'],
    ],
  ]
  test.each(failures)('%s', async (_, table, expected, asked) => {
    const parts = scriptedParts({ rules, table: table ?? {} })
    expect(await outcome(parts, 'x')).toBe(expected)
    expect(four(parts.asked)).toEqual(asked)
  })

  test('goes on behind a name as it is whose server fails', async () => {
    const parts = scriptedParts({
      rules,
      table: { 'x.y.z A': 'EREFUSED', 'x.y.z.a.example A': a('192.0.2.1') },
    })
    expect(await outcome(parts, 'x.y.z')).toBe('192.0.2.1')
  })
})

describe('two families', () => {
  const rows: readonly (readonly [four: string, six: string, outcome: string])[] = [
    ['found', 'found', '2001:db8::1 192.0.2.1'],
    ['found', 'ENODATA', '192.0.2.1'],
    ['found', 'ESERVFAIL', '192.0.2.1'],
    ['found', 'ETIMEOUT', '192.0.2.1'],
    ['ESERVFAIL', 'found', '2001:db8::1'],
    ['ENODATA', 'ENODATA', 'ENOTFOUND'],
    ['ENOTFOUND', 'ENOTFOUND', 'ENOTFOUND'],
    ['ENOTFOUND', 'ESERVFAIL', 'ENOTFOUND'],
    ['ENODATA', 'ESERVFAIL', 'EAI_AGAIN'],
    ['ESERVFAIL', 'ENODATA', 'EAI_AGAIN'],
    ['ETIMEOUT', 'ETIMEOUT', 'EAI_AGAIN'],
    ['ECONNREFUSED', 'ENODATA', 'EAI_AGAIN'],
    ['EBADRESP', 'EBADRESP', 'EAI_AGAIN'],
  ]
  const entry = (text: string, address: string): NonNullable<Script['table']>[string] =>
    text === 'found' ? a(address) : (text as 'ENODATA')
  for (const isCached of [false, true]) {
    test.each(rows)(
      `%s and %s come to %s, ${isCached ? 'from the cache' : 'from servers'}`,
      async (four, six, expected) => {
        const table = { 'h.example A': entry(four, '192.0.2.1'), 'h.example AAAA': entry(six, '2001:db8::1') }
        const parts = scriptedParts({ table, isCached })
        expect(await outcome(parts, 'h.example')).toBe(expected)
        expect(parts.asked).toEqual(['h.example AAAA', 'h.example A'])
      },
    )
  }

  test('are asked for one after the other when resolv.conf says so', async () => {
    const table = { 'h.example A': 'slow', 'h.example AAAA': a('2001:db8::1') } as const
    const parts = scriptedParts({ table, rules: { singleRequest: true } })
    const found = outcome(parts, 'h.example')
    expect(parts.asked).toEqual(['h.example A'])
    parts.release.set()
    expect(await found).toBe('2001:db8::1')
  })

  test('are one family when the caller says so, or resolv.conf has no-aaaa', async () => {
    const table = { 'h.example A': a('192.0.2.1'), 'h.example AAAA': a('2001:db8::1') }
    const asked = async (options: LookupOptions, rules: Script['rules'] = {}): Promise<string> => {
      const parts = scriptedParts({ table, rules })
      return `${await outcome(parts, 'h.example', options)}: ${parts.asked.join(', ')}`
    }
    expect(await asked({ family: 4 })).toBe('192.0.2.1: h.example A')
    expect(await asked({ family: 6 })).toBe('2001:db8::1: h.example AAAA')
    expect(await asked({}, { noAaaa: true })).toBe('192.0.2.1: h.example A')
    expect(await asked({ family: 6 }, { noAaaa: true })).toBe('ENOTFOUND: ')
  })

  test('give each address once, with how long it is good for', async () => {
    const parts = scriptedParts({ table: { 'h.example A': a('192.0.2.1', '192.0.2.1') } })
    expect(await lookup(parts, 'h.example')).toEqual([{ address: '192.0.2.1', family: 4, ttl: 60 }])
  })
})

describe('the order', () => {
  const table = { 'h.example A': a('192.0.2.1', '127.0.0.9'), 'h.example AAAA': a('2001:db8::1', '::1') }
  const sources = { '127.0.0.9': '127.0.0.1', '192.0.2.1': '192.0.2.7', '::1': '::1' }
  const orders: readonly (readonly [order: LookupOptions['order'], addresses: string])[] = [
    ['rfc6724', '::1 127.0.0.9 192.0.2.1 2001:db8::1'],
    ['ipv4first', '127.0.0.9 192.0.2.1 ::1 2001:db8::1'],
    ['ipv6first', '::1 2001:db8::1 127.0.0.9 192.0.2.1'],
    ['verbatim', '2001:db8::1 ::1 192.0.2.1 127.0.0.9'],
  ]
  test.each(orders)('%s is %s', async (order, addresses) => {
    expect(
      await outcome(scriptedParts({ table, sources }), 'h.example', { order: order as 'verbatim' }),
    ).toBe(addresses)
  })
})

test('the failure says what was asked and why it failed', async () => {
  const parts = scriptedParts({ table: { 'h.example A': 'ESERVFAIL', 'h.example AAAA': 'ESERVFAIL' } })
  const failure: unknown = await lookup(parts, 'h.example').catch((error: unknown) => error)
  expect(failure).toMatchObject({
    code: 'EAI_AGAIN',
    hostname: 'h.example',
    isTemporary: true,
    cause: { code: 'ESERVFAIL' },
  })
  await expect(lookup(parts, 'a b')).rejects.toMatchObject({
    code: 'ENOTFOUND',
    hostname: 'a b',
    message: '"a b" is no name that a host can have',
  })
})

test('a failure that is no answer of DNS goes through as it is', async () => {
  const broken = { ...scriptedParts(), resolve: () => Promise.reject(new TypeError('a mistake')) }
  await expect(lookup(broken, 'h.example')).rejects.toThrow(TypeError)
})

const wrong: readonly (readonly [host: unknown, options: unknown, code: string])[] = [
  [undefined, {}, 'ERR_INVALID_ARG_TYPE'],
  ['a', null, 'ERR_INVALID_ARG_TYPE'],
  ['a', { timeoutMS: 5 }, 'ERR_UNKNOWN_OPTION'],
  ['a', { family: 5 }, 'ERR_OUT_OF_RANGE'],
  ['a', { family: '4' }, 'ERR_INVALID_ARG_TYPE'],
  ['a', { order: 'best' }, 'ERR_OUT_OF_RANGE'],
  ['a', { timeoutMs: -1 }, 'ERR_OUT_OF_RANGE'],
  ['a', { numericOnly: 1 }, 'ERR_INVALID_ARG_TYPE'],
]
test.each(wrong)('lookup(%j, %j) fails with %s', async (host, options, code) => {
  await expect(lookup(scriptedParts(), host as string, options as LookupOptions)).rejects.toMatchObject({
    code,
  })
})

describe('cancelling', () => {
  const table = { 'h.example A': 'slow', 'h.example AAAA': 'slow', 'g.example A': a('192.0.2.1') } as const

  test('ends both questions, and the next lookup is as if nothing had been', async () => {
    const parts = scriptedParts({ table })
    const looking = spawn(() => lookup(parts, 'h.example'))
    while (parts.pending.size < 2) await yieldSlice()
    looking.shutdown()
    await expect(looking.join()).rejects.toMatchObject({ code: 'SHUTDOWN' })
    expect([...parts.pending]).toEqual([])
    expect(all()).toEqual([])
    expect(await outcome(parts, 'g.example')).toBe('192.0.2.1')
  })

  test('by a limit further out is the limit of whoever set it', async () => {
    const parts = scriptedParts({ table })
    await expect(withTimeout(5, () => lookup(parts, 'h.example'))).rejects.toMatchObject({ code: 'TIMEOUT' })
    expect([...parts.pending]).toEqual([])
  })

  test('by its own limit is a failure that may pass', async () => {
    const parts = scriptedParts({ table })
    await expect(lookup(parts, 'h.example', { timeoutMs: 5 })).rejects.toMatchObject({
      code: 'EAI_AGAIN',
      isTemporary: true,
      attempts: [{ server: 'scripted' }],
      cause: { code: 'ETIMEOUT' },
    })
    expect([...parts.pending]).toEqual([])
    const limited = scriptedParts({ table, rules: { lookupTimeoutMs: 5 } })
    expect(await outcome(limited, 'h.example')).toBe('EAI_AGAIN')
  })

  test('says what the first search domain failed of, when that took all of the time', async () => {
    const slow = { 'h.one.example A': 'slow', 'h.one.example AAAA': 'slow' } as const
    const parts = scriptedParts({ table: slow, rules: { search: ['one.example', 'two.example'] } })
    await expect(lookup(parts, 'h', { timeoutMs: 5 })).rejects.toMatchObject({
      code: 'EAI_AGAIN',
      cause: { code: 'ETIMEOUT', hostname: 'h.one.example' },
    })
    expect(parts.asked.filter((each) => !each.startsWith('h.one.example'))).toEqual([])
  })
})
