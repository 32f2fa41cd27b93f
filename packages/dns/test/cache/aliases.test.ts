/** Aliases that one reply does not follow to their end: each part is a question of its own, and is remembered under its own name. */
import { describe, expect, test } from 'vitest'
import { DnsError } from '../../src/errors.js'
import { Resolver } from '../../src/resolver.js'
import type { Message } from '../../src/wire/index.js'
import { a, cname, ScriptedUpstream, soa, virtualTime } from './scripted-upstream.js'

const time = virtualTime()

/** Servers that answer with what they have of a name, and follow nothing. */
const servers = (zone: Readonly<Record<string, Partial<Message>>>) =>
  new ScriptedUpstream(
    ({ name }) => zone[name.toLowerCase()] ?? { rcode: 'NXDOMAIN', authorities: [soa('test')] },
  )

const CHAIN = {
  'a.test': { answers: [cname('a.test', 'b.test', 100)] },
  'b.test': { answers: [cname('b.test', 'C.test', 20), cname('c.test', 'd.test', 50)] },
  'd.test': { answers: [a('d.test', '192.0.2.4', 40)] },
}

describe('an alias whose target is missing in the reply', () => {
  test('is followed by asking for the target', async () => {
    const upstream = servers(CHAIN)
    const resolver = new Resolver(upstream)
    expect(await resolver.resolve('a.test', 'A')).toEqual({
      name: 'a.test',
      type: 'A',
      canonicalName: 'd.test',
      records: [a('d.test', '192.0.2.4', 40)],
      aliases: [cname('a.test', 'b.test', 100), cname('b.test', 'C.test', 20), cname('C.test', 'd.test', 50)],
      ttl: 20,
      isStale: false,
      source: 'network',
    })
    expect(upstream.asked).toEqual(['a.test A', 'b.test A', 'd.test A'])
  })

  test('is remembered in its parts, each for its own time', async () => {
    const upstream = servers(CHAIN)
    const resolver = new Resolver(upstream)
    await resolver.resolve('a.test', 'A')
    await time.clock.advance(10_000)
    expect(await resolver.resolve('a.test', 'A')).toMatchObject({
      ttl: 10,
      source: 'cache',
      canonicalName: 'd.test',
    })
    expect(resolver.resolve('d.test', 'A')).toMatchObject({ ttl: 30, source: 'cache' })
    expect(upstream.asked).toHaveLength(3)
    await time.clock.advance(10_000)
    expect(await resolver.resolve('a.test', 'A')).toMatchObject({ ttl: 20, source: 'network' })
    expect(upstream.asked).toEqual(['a.test A', 'b.test A', 'd.test A', 'b.test A'])
  })

  test('that does not exist says so of the name that was asked for', async () => {
    const resolver = new Resolver(servers({ 'a.test': { answers: [cname('a.test', 'gone.test')] } }))
    await expect(resolver.resolve('a.test', 'A')).rejects.toMatchObject({
      code: 'ENOTFOUND',
      hostname: 'a.test',
    })
    expect(resolver.inspect().entries).toMatchObject([
      { name: 'gone.test', type: '*', kind: 'negative' },
      { name: 'a.test', type: 'A', kind: 'alias' },
    ])
  })

  test('that fails says so of the name that was asked for', async () => {
    const upstream = servers(CHAIN)
    const { answer } = upstream
    upstream.answer = (question) => {
      if (question.name === 'd.test') throw new DnsError('EREFUSED', 'no', { hostname: 'd.test' })
      return (answer as NonNullable<typeof answer>)(question)
    }
    const resolver = new Resolver(upstream)
    for (const message of ['no', 'no (remembered for 5 s more)'])
      await expect(resolver.resolve('a.test', 'A')).rejects.toMatchObject({
        code: 'EREFUSED',
        hostname: 'a.test',
        message,
      })
  })

  test('with a SOA of the zone is a name without such records', async () => {
    const upstream = servers({
      'a.test': { answers: [cname('a.test', 'b.test')], authorities: [soa('test')] },
    })
    const resolver = new Resolver(upstream)
    await expect(resolver.resolve('a.test', 'A')).rejects.toMatchObject({ code: 'ENODATA' })
    expect(upstream.asked).toEqual(['a.test A'])
  })
})

describe('aliases across questions', () => {
  test('that go round in a circle end', async () => {
    const upstream = servers({
      'a.test': { answers: [cname('a.test', 'b.test')] },
      'b.test': { answers: [cname('b.test', 'A.test')] },
    })
    const resolver = new Resolver(upstream)
    const asked = ['a.test', 'b.test', 'a.test', 'b.test'].map((name) => resolver.resolve(name, 'A'))
    for (const each of asked) await expect(each).rejects.toMatchObject({ code: 'ESERVFAIL' })
    await expect(resolver.resolve('a.test', 'A')).rejects.toMatchObject({
      message: 'the aliases of a.test go round in a circle: a.test, b.test, A.test',
    })
    expect(upstream.asked).toHaveLength(2)
  })

  test('without end are followed so far as is allowed', async () => {
    let last = 0
    const upstream = new ScriptedUpstream(({ name }) => ({ answers: [cname(name, `${++last}.test`)] }))
    const resolver = new Resolver(upstream)
    await expect(resolver.resolve('0.test', 'A')).rejects.toMatchObject({
      code: 'ESERVFAIL',
      message: expect.stringContaining('more than 16'),
    })
    expect(upstream.asked).toHaveLength(17)
  })

  test('share one time limit', async () => {
    const upstream = new ScriptedUpstream()
    const resolver = new Resolver(upstream, { timeoutMs: 1_000 })
    const resolved = resolver.resolve('a.test', 'A')
    const failed = expect(resolved).rejects.toMatchObject({
      code: 'ETIMEOUT',
      message: 'no answer for a.test A within 1000 ms',
    })
    await time.clock.advance(900)
    upstream.next().reply({ answers: [cname('a.test', 'b.test')] })
    await time.clock.advance(99)
    expect(upstream.next().question.name).toBe('b.test')
    expect(resolver.inspect().inFlight).toHaveLength(1)
    await time.clock.advance(1)
    await failed
    expect(resolver.inspect().inFlight).toEqual([])
  })

  test('join a question that is under way', async () => {
    const upstream = new ScriptedUpstream()
    const resolver = new Resolver(upstream)
    const direct = resolver.resolve('b.test', 'A')
    const aliased = resolver.resolve('a.test', 'A')
    await time.clock.settle()
    const [b, first] = [upstream.next(), upstream.next()]
    first.reply({ answers: [cname('a.test', 'b.test')] })
    await time.clock.settle()
    b.reply({ answers: [a('b.test')] })
    expect((await aliased).records).toEqual((await direct).records)
    expect(upstream.asked).toEqual(['b.test A', 'a.test A'])
  })
})
