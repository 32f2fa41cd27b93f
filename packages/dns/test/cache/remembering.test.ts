/** What is remembered, for how long, and in what form it is given. */
import { describe, expect, test } from 'vitest'
import { DnsError } from '../../src/errors.js'
import { Resolver } from '../../src/resolver.js'
import type { Message } from '../../src/wire/index.js'
import { a, cname, mx, ScriptedUpstream, SERVER, soa, virtualTime } from './scripted-upstream.js'

const time = virtualTime()
const WWW = 'www.example.com'

const one = (ttl = 300) => new ScriptedUpstream(({ name }) => ({ answers: [a(name, '192.0.2.1', ttl)] }))
const failing = (code: DnsError['code']) => {
  const upstream = new ScriptedUpstream()
  upstream.answer = () => {
    throw new DnsError(code, 'it went wrong', { server: SERVER })
  }
  return upstream
}

describe('an answer', () => {
  test('is asked for once and then given at once, without a promise', async () => {
    const upstream = one()
    const resolver = new Resolver(upstream)
    expect(await resolver.resolve(WWW, 'A')).toEqual({
      name: WWW,
      type: 'A',
      canonicalName: WWW,
      records: [a(WWW)],
      aliases: [],
      ttl: 300,
      isStale: false,
      source: 'network',
    })
    expect(resolver.resolve(WWW, 'A')).toMatchObject({ ttl: 300, source: 'cache', records: [a(WWW)] })
    expect(upstream.asked).toEqual([`${WWW} A`])
  })

  test('counts its time down and is asked for again when that is over', async () => {
    const upstream = one()
    const resolver = new Resolver(upstream)
    await resolver.resolve(WWW, 'A')
    await time.clock.advance(1)
    expect(resolver.resolve(WWW, 'A')).toMatchObject({ ttl: 299 })
    await time.clock.advance(299_000 - 1)
    expect(resolver.resolve(WWW, 'A')).toMatchObject({ ttl: 1 })
    await time.clock.advance(999)
    expect(resolver.resolve(WWW, 'A')).toMatchObject({ ttl: 0, source: 'cache' })
    await time.clock.advance(1)
    expect(await resolver.resolve(WWW, 'A')).toMatchObject({ ttl: 300, source: 'network' })
    expect(upstream.asked).toHaveLength(2)
  })

  test('is found under every spelling of its name, and says the one that was asked for', async () => {
    const upstream = one()
    const resolver = new Resolver(upstream)
    await resolver.resolve('WWW.Example.com.', 'a')
    for (const name of [WWW, 'www.EXAMPLE.com', 'wWw.example.COM.']) {
      const canonicalName = name.replace(/\.$/, '')
      expect(resolver.resolve(name, 'A')).toMatchObject({ name: canonicalName, canonicalName })
    }
    expect(upstream.asked).toEqual(['WWW.Example.com A'])
  })

  test('is found under its name in every script and every way to write it', async () => {
    const upstream = one()
    const resolver = new Resolver(upstream)
    expect(await resolver.resolve('B\u00fccher.test', 'A')).toMatchObject({ name: 'xn--bcher-kva.test' })
    expect(resolver.resolve('xn--bcher-kva.TEST', 'TYPE1')).toMatchObject({ source: 'cache', type: 'A' })
    await resolver.resolve('\\097b.test', 'A')
    expect(resolver.resolve('ab.test', 'a')).toMatchObject({ source: 'cache' })
    // A letter that JavaScript takes for a K, and DNS does not.
    await resolver.resolve('\u212aelvin.test', 'A')
    expect(upstream.asked).toEqual(['xn--bcher-kva.test A', 'ab.test A', 'kelvin.test A'])
  })

  test('is spelt as it was asked for, not as the question was on its way', async () => {
    const resolver = new Resolver(
      new ScriptedUpstream(() => ({
        answers: [cname('wWw.eXample.cOm', 'Web.example.com'), a('wEB.example.com')],
      })),
    )
    const { aliases, records } = await resolver.resolve(WWW, 'A')
    expect(aliases[0]?.name).toBe(WWW)
    expect(records[0]?.name).toBe('Web.example.com')
  })

  test('holds as long as its shortest record, its aliases among them', async () => {
    const resolver = new Resolver(
      new ScriptedUpstream(() => ({
        answers: [
          cname(WWW, 'web.example.com', 30),
          a('web.example.com', '192.0.2.1', 20),
          a('web.example.com', '192.0.2.2', 600),
        ],
      })),
    )
    expect(await resolver.resolve(WWW, 'A')).toMatchObject({ ttl: 20 })
  })

  test('with a time of 0, or of more than 31 bits, is for those who asked and is not remembered', async () => {
    for (const ttl of [0, 2 ** 31, -1]) {
      const upstream = one(ttl)
      const resolver = new Resolver(upstream)
      expect(await resolver.resolve(WWW, 'A')).toMatchObject({ ttl: 0, source: 'network' })
      expect(await resolver.resolve(WWW, 'A')).toMatchObject({ ttl: 0, source: 'network' })
      expect(upstream.asked).toHaveLength(2)
      expect(resolver.inspect().entries).toEqual([])
    }
  })

  test('is held within the limits that are set', async () => {
    const long = new Resolver(one(2 ** 31 - 1))
    expect(await long.resolve(WWW, 'A')).toMatchObject({ ttl: 86_400 })
    const short = new Resolver(one(0), { minTtlSeconds: 10, maxTtlSeconds: 20 })
    expect(await short.resolve(WWW, 'A')).toMatchObject({ ttl: 10 })
    expect(short.resolve(WWW, 'A')).toMatchObject({ source: 'cache' })
  })

  test('cannot be changed by whoever got it', async () => {
    const resolver = new Resolver(one())
    const resolution = await resolver.resolve(WWW, 'A')
    for (const part of [
      resolution,
      resolution.records,
      resolution.aliases,
      resolution.records[0],
      resolution.records[0]?.data,
    ])
      expect(Object.isFrozen(part)).toBe(true)
  })

  test('shares no memory with the message that it came in', async () => {
    const bytes = new Uint8Array(4_096).fill(7)
    const upstream = new ScriptedUpstream(({ name }) => ({
      answers: [
        { name, type: 'TYPE65280', class: 'IN', ttl: 300, data: { bytes: bytes.subarray(100, 104) } },
      ],
    }))
    const resolver = new Resolver(upstream)
    const { records } = await resolver.resolve(WWW, 'TYPE65280')
    bytes.fill(9)
    expect(records[0]?.data.bytes).toEqual(new Uint8Array([7, 7, 7, 7]))
    expect(records[0]?.data.bytes.buffer.byteLength).toBe(4)
  })

  test('belongs to its type alone', async () => {
    const upstream = new ScriptedUpstream(({ name, type }) => ({
      answers: [type === 'A' ? a(name) : mx(name, 'mail.example.com')],
    }))
    const resolver = new Resolver(upstream)
    const resolution = await resolver.resolve(WWW, 'MX')
    expect(resolution.records[0]?.data.exchange).toBe('mail.example.com')
    await resolver.resolve(WWW, 'A')
    expect(upstream.asked).toHaveLength(2)
    expect(resolver.resolve(WWW, 'MX')).toMatchObject({ type: 'MX' })
  })
})

describe('that there is nothing', () => {
  const missing = (extra: Partial<Message> = {}) =>
    new ScriptedUpstream(() => ({ rcode: 'NXDOMAIN', authorities: [soa('example.com', 60)], ...extra }))

  test('is remembered for the whole name if there is no such name', async () => {
    const upstream = missing()
    const resolver = new Resolver(upstream)
    for (const type of ['A', 'AAAA', 'MX', 'A'])
      await expect(resolver.resolve(WWW, type)).rejects.toMatchObject({
        code: 'ENOTFOUND',
        hostname: WWW,
        type,
        server: SERVER,
      })
    expect(upstream.asked).toHaveLength(1)
    await time.clock.advance(60_000)
    await expect(resolver.resolve(WWW, 'A')).rejects.toMatchObject({ code: 'ENOTFOUND' })
    expect(upstream.asked).toHaveLength(2)
  })

  test('is remembered for its type if there is such a name', async () => {
    const upstream = missing({ rcode: 'NOERROR' })
    const resolver = new Resolver(upstream)
    for (const type of ['A', 'AAAA', 'AAAA', 'A'])
      await expect(resolver.resolve(WWW, type)).rejects.toMatchObject({
        code: 'ENODATA',
        message: `${WWW} has no ${type} records`,
      })
    expect(upstream.asked).toHaveLength(2)
  })

  const times: readonly (readonly [why: string, authority: ReturnType<typeof soa>, seconds: number])[] = [
    ['as long as the zone says', soa('example.com', 60, 3_600), 60],
    ['no longer than the SOA itself', soa('example.com', 3_600, 50), 50],
    ['no longer than three hours', soa('example.com', 100_000, 100_000), 10_800],
  ]
  test.each(times)('is remembered %s', async (_, authority, seconds) => {
    const resolver = new Resolver(missing({ authorities: [authority] }))
    await expect(resolver.resolve(WWW, 'A')).rejects.toMatchObject({ code: 'ENOTFOUND' })
    expect(resolver.inspect().entries).toMatchObject([
      { kind: 'negative', type: '*', ttl: seconds, code: 'ENOTFOUND' },
    ])
  })

  test('is not remembered without a SOA of a zone that the name is in', async () => {
    for (const authorities of [[], [soa('example.org')], [soa('ww.example.com')], [soa('mple.com')]]) {
      const upstream = missing({ authorities })
      const resolver = new Resolver(upstream)
      for (let i = 0; i < 2; i++)
        await expect(resolver.resolve(WWW, 'A')).rejects.toMatchObject({ code: 'ENOTFOUND' })
      expect(upstream.asked).toHaveLength(2)
    }
  })

  test('of the target of an alias is no statement about the alias', async () => {
    const upstream = missing({ answers: [cname(WWW, 'web.example.net')], authorities: [soa('example.net')] })
    const resolver = new Resolver(upstream)
    for (let i = 0; i < 2; i++)
      await expect(resolver.resolve(WWW, 'A')).rejects.toMatchObject({
        code: 'ENOTFOUND',
        message: `there is no name web.example.net, of which ${WWW} is an alias`,
      })
    expect(upstream.asked).toHaveLength(1)
    await expect(resolver.resolve(WWW, 'AAAA')).rejects.toMatchObject({ code: 'ENOTFOUND' })
    await expect(resolver.resolve('web.example.net', 'A')).rejects.toMatchObject({ code: 'ENOTFOUND' })
    expect(upstream.asked).toEqual([`${WWW} A`, `${WWW} AAAA`, 'web.example.net A'])
  })

  test('is replaced by what is learned later, and replaces what was known', async () => {
    let exists = true
    const upstream = new ScriptedUpstream(({ name }) =>
      exists ? { answers: [a(name)] } : { rcode: 'NXDOMAIN', authorities: [soa('example.com')] },
    )
    const resolver = new Resolver(upstream)
    await resolver.resolve(WWW, 'A')
    exists = false
    await expect(resolver.resolve(WWW, 'A', { cache: false })).rejects.toMatchObject({ code: 'ENOTFOUND' })
    await expect(resolver.resolve(WWW, 'A')).rejects.toMatchObject({ code: 'ENOTFOUND' })
    exists = true
    await resolver.resolve(WWW, 'A', { cache: false })
    expect(resolver.resolve(WWW, 'A')).toMatchObject({ source: 'cache' })
    expect(upstream.asked).toHaveLength(3)
  })

  test('comes with what the server says about it', async () => {
    const options = [{ option: 'EXTENDED-ERROR', infoCode: 15, text: 'blocked' }] as const
    const edns = { udpPayloadBytes: 1_232, version: 0, dnssecOk: false, options }
    const resolver = new Resolver(missing({ edns }))
    for (let i = 0; i < 2; i++)
      await expect(resolver.resolve(WWW, 'A')).rejects.toMatchObject({
        extendedError: { infoCode: 15, text: 'blocked' },
      })
  })
})

describe('a failure', () => {
  test('is remembered for five seconds, and twice as long each time it happens again', async () => {
    const upstream = failing('ESERVFAIL')
    const resolver = new Resolver(upstream)
    for (const seconds of [5, 10, 20, 30, 30]) {
      const before = upstream.asked.length
      await expect(resolver.resolve(WWW, 'A')).rejects.toMatchObject({
        code: 'ESERVFAIL',
        message: 'it went wrong',
      })
      await time.clock.advance(1_000 * seconds - 1)
      await expect(resolver.resolve(WWW, 'A')).rejects.toMatchObject({
        code: 'ESERVFAIL',
        message: 'it went wrong (remembered for 1 s more)',
        isTemporary: true,
      })
      expect(upstream.asked).toHaveLength(before + 1)
      await time.clock.advance(1)
    }
  })

  test('long ago counts for nothing, nor does one before a success', async () => {
    const upstream = failing('ETIMEOUT')
    const resolver = new Resolver(upstream)
    const fail = upstream.answer
    const failOnce = async () => {
      await expect(resolver.resolve(WWW, 'A')).rejects.toMatchObject({ code: 'ETIMEOUT' })
      return resolver.inspect().entries[0]?.ttl
    }
    expect(await failOnce()).toBe(5)
    await time.clock.advance(5_000 + 30_000)
    expect(await failOnce()).toBe(5)
    await time.clock.advance(5_000)
    upstream.answer = ({ name }) => ({ answers: [a(name, '192.0.2.1', 1)] })
    await resolver.resolve(WWW, 'A')
    await time.clock.advance(1_000)
    upstream.answer = fail
    expect(await failOnce()).toBe(5)
  })

  test('is of its type only, and of no consequence for what is known', async () => {
    const upstream = one()
    const resolver = new Resolver(upstream)
    await resolver.resolve(WWW, 'A')
    upstream.answer = failing('ESERVFAIL').answer
    await expect(resolver.resolve(WWW, 'MX')).rejects.toMatchObject({ code: 'ESERVFAIL' })
    await expect(resolver.resolve(WWW, 'A', { cache: false })).rejects.toMatchObject({ code: 'ESERVFAIL' })
    expect(resolver.resolve(WWW, 'A')).toMatchObject({ source: 'cache' })
  })

  test('is not remembered where that is switched off, nor if it is none of the servers', async () => {
    for (const [upstream, failureTtlSeconds] of [
      [failing('ESERVFAIL'), 0],
      [failing('EBADNAME'), 5],
    ] as const) {
      const resolver = new Resolver(upstream, { failureTtlSeconds })
      for (let i = 0; i < 2; i++)
        await expect(resolver.resolve(WWW, 'A')).rejects.toMatchObject({ message: 'it went wrong' })
      expect(upstream.asked).toHaveLength(2)
    }
  })

  test('that is a mistake in the program reaches all who wait, as it is, and is not remembered', async () => {
    const mistake = new TypeError('a mistake')
    const upstream = new ScriptedUpstream(() => {
      throw mistake
    })
    const resolver = new Resolver(upstream)
    const both = [resolver.resolve(WWW, 'A'), resolver.resolve(WWW, 'A')]
    for (const each of both) await expect(each).rejects.toBe(mistake)
    expect(upstream.asked).toHaveLength(1)
    expect(resolver.inspect().entries).toEqual([])
  })
})

describe('the caller decides', () => {
  test('`cache: false` asks the servers, and what they say is remembered', async () => {
    let last = 0
    const upstream = new ScriptedUpstream(({ name }) => ({ answers: [a(name, `192.0.2.${++last}`)] }))
    const resolver = new Resolver(upstream)
    await resolver.resolve(WWW, 'A')
    const { records, source } = await resolver.resolve(WWW, 'A', { cache: false })
    expect([records[0]?.data.address, source]).toEqual(['192.0.2.2', 'network'])
    expect(resolver.resolve(WWW, 'A')).toMatchObject({ records: [{ data: { address: '192.0.2.2' } }] })
  })

  test('a resolver without a cache remembers nothing', async () => {
    const upstream = one()
    const resolver = new Resolver(upstream, { cache: false })
    for (let i = 0; i < 2; i++) expect(await resolver.resolve(WWW, 'A')).toMatchObject({ source: 'network' })
    expect(upstream.asked).toHaveLength(2)
  })

  test('flush() forgets one name or all of them', async () => {
    const upstream = one()
    const resolver = new Resolver(upstream)
    for (const name of ['a.test', 'b.test', 'c.test']) await resolver.resolve(name, 'A')
    expect(resolver.flush('B.test.')).toBe(1)
    expect(resolver.flush('b.test')).toBe(0)
    expect(resolver.inspect().entries.map(({ name }) => name)).toEqual(['c.test', 'a.test'])
    expect(resolver.flush()).toBe(2)
    expect(resolver.inspect()).toMatchObject({ entries: [], cacheBytes: 0 })
    await resolver.resolve('a.test', 'A')
    expect(upstream.asked).toHaveLength(4)
  })

  test('a coroutine that resolves known names for ever lets the others run', async () => {
    const resolver = new Resolver(one())
    await resolver.resolve(WWW, 'A')
    let promises = 0
    for (let i = 0; i < 1_000; i++) {
      const answer = resolver.resolve(WWW, 'A')
      if (answer instanceof Promise) promises++
      expect((await answer).source).toBe('cache')
    }
    expect(promises).toBeGreaterThan(10)
    expect(resolver.inspect().totals.hits).toBe(1_000)
  })
})

describe('inspect()', () => {
  test('shows what is known, what is under way, and what the upstream says of itself', async () => {
    const upstream = Object.assign(new ScriptedUpstream(), { inspect: () => ({ servers: 2 }) })
    const resolver = new Resolver(upstream)
    const known = resolver.resolve('known.test', 'A')
    await time.clock.settle()
    upstream.next().reply({ answers: [a('known.test')] })
    await known
    await resolver.resolve('known.test', 'A')
    const underWay = [resolver.resolve(WWW, 'MX'), resolver.resolve(WWW, 'MX')]
    await time.clock.advance(20)
    expect(resolver.inspect()).toEqual({
      totals: { hits: 1, misses: 2, coalesced: 1, stale: 0, evictions: 0 },
      cacheBytes: expect.any(Number),
      maxCacheBytes: 8_388_608,
      entries: [
        {
          name: 'known.test',
          type: 'A',
          kind: 'positive',
          ttl: 299,
          isStale: false,
          bytes: resolver.inspect().cacheBytes,
          hits: 1,
          code: undefined,
        },
      ],
      inFlight: [{ name: WWW, type: 'MX', askers: 2, elapsedMs: 20 }],
      upstream: { servers: 2 },
    })
    upstream.next().reply({ answers: [mx(WWW, 'mail.example.com')] })
    await Promise.all(underWay)
    expect(resolver.inspect().inFlight).toEqual([])
  })
})

describe('arguments', () => {
  const resolver = new Resolver(one())
  const mistakes: readonly (readonly [why: string, mistake: () => unknown, code: string])[] = [
    ['a name that is no text', () => resolver.resolve(7 as never, 'A'), 'ERR_INVALID_ARG_TYPE'],
    ['a type that is no text', () => resolver.resolve(WWW, undefined as never), 'ERR_INVALID_ARG_TYPE'],
    ['every type', () => resolver.resolve(WWW, 'ANY'), 'ERR_OUT_OF_RANGE'],
    ['a type that there is not', () => resolver.resolve(WWW, 'TYPO'), 'ERR_OUT_OF_RANGE'],
    ['a type that is none of records', () => resolver.resolve(WWW, 'TYPE250'), 'ERR_OUT_OF_RANGE'],
    ['a whole zone', () => resolver.resolve(WWW, 'axfr'), 'ERR_OUT_OF_RANGE'],
    [
      'an option that there is not',
      () => resolver.resolve(WWW, 'A', { timeout: 1 } as never),
      'ERR_UNKNOWN_OPTION',
    ],
    ['a time that is none', () => resolver.resolve(WWW, 'A', { timeoutMs: -1 }), 'ERR_OUT_OF_RANGE'],
    ['a name to forget that is no text', () => resolver.flush(7 as never), 'ERR_INVALID_ARG_TYPE'],
    ['no upstream', () => new Resolver({} as never), 'ERR_INVALID_ARG_TYPE'],
    ['a limit that is misspelt', () => new Resolver(one(), { maxBytes: 1 } as never), 'ERR_UNKNOWN_OPTION'],
    [
      'limits that contradict',
      () => new Resolver(one(), { minTtlSeconds: 9, maxTtlSeconds: 8 }),
      'ERR_OUT_OF_RANGE',
    ],
    [
      'a failure remembered for an hour',
      () => new Resolver(one(), { failureTtlSeconds: 3_600 }),
      'ERR_OUT_OF_RANGE',
    ],
    ['a cache that is no switch', () => new Resolver(one(), { cache: 1 as never }), 'ERR_INVALID_ARG_TYPE'],
  ]
  test.each(mistakes)('%s is refused at once', (_, mistake, code) => {
    expect(mistake).toThrow(expect.objectContaining({ code }))
  })

  test('a name that is none is an answer, and no mistake in the program', async () => {
    for (const name of [
      '',
      '..',
      'a..b',
      `${'x'.repeat(64)}.test`,
      `${'x.'.repeat(128)}test`,
      'a%b\u00fc.test',
    ])
      await expect(resolver.resolve(name, 'A')).rejects.toMatchObject({ code: 'EBADNAME', hostname: name })
    expect(() => resolver.flush('a..b')).toThrow(expect.objectContaining({ code: 'EBADNAME' }))
  })
})
