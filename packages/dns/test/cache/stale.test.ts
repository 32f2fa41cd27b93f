/** Answers past their time, while no server answers (RFC 8767). */
import { all, spawn } from '@shrapnel/core'
import { afterEach, describe, expect, test } from 'vitest'
import { DnsError } from '../../src/errors.js'
import { Resolver } from '../../src/resolver.js'
import { a, cname, outcomeOf, ScriptedUpstream, soa, virtualTime } from './scripted-upstream.js'

const time = virtualTime()
const WWW = 'www.example.com'
const ANSWER = { answers: [a(WWW, '192.0.2.1', 60)] }
const STALE = { isStale: true, ttl: 30, source: 'cache', records: [a(WWW, '192.0.2.1', 60)] }
const lost = () => new DnsError('ETIMEOUT', 'nobody answered')

const resolvers: Resolver[] = []
afterEach(async () => {
  for (const resolver of resolvers.splice(0)) resolver.close()
  await time.clock.settle()
})

/** A resolver that knows an address which has just run out, and servers that say nothing. */
async function setUp(options = {}) {
  const upstream = new ScriptedUpstream(() => ANSWER)
  const resolver = new Resolver(upstream, { staleSeconds: 3_600, ...options })
  resolvers.push(resolver)
  await resolver.resolve(WWW, 'A')
  upstream.answer = undefined
  await time.clock.advance(60_000)
  upstream.asked.length = 0
  return { upstream, resolver }
}

const queries = () => all().filter(({ name }) => name.startsWith('resolve '))

describe('an answer past its time', () => {
  test('is not given unless that is wished for', async () => {
    const { upstream, resolver } = await setUp({ staleSeconds: 0 })
    const outcome = outcomeOf(resolver.resolve(WWW, 'A'))
    await time.clock.settle()
    upstream.next().fail(lost())
    expect(await outcome).toMatchObject({ error: { code: 'ETIMEOUT' } })
  })

  test('is asked for anew, and what comes in time is given', async () => {
    const { upstream, resolver } = await setUp()
    const resolved = resolver.resolve(WWW, 'A')
    await time.clock.advance(1_799)
    upstream.next().reply({ answers: [a(WWW, '192.0.2.9', 60)] })
    expect(await resolved).toMatchObject({
      isStale: false,
      ttl: 60,
      records: [{ data: { address: '192.0.2.9' } }],
    })
  })

  test('is given after 1.8 seconds while the question goes on, and its answer is remembered', async () => {
    const { upstream, resolver } = await setUp()
    const resolved = resolver.resolve(WWW, 'A')
    await time.clock.advance(1_800)
    expect(await resolved).toMatchObject(STALE)
    expect(resolver.inspect().inFlight).toMatchObject([{ name: WWW, askers: 0 }])
    await time.clock.advance(1_000)
    upstream.next().reply({ answers: [a(WWW, '192.0.2.9', 60)] })
    await time.clock.settle()
    expect(resolver.resolve(WWW, 'A')).toMatchObject({
      isStale: false,
      source: 'cache',
      records: [{ data: { address: '192.0.2.9' } }],
    })
    expect(upstream.asked).toHaveLength(1)
  })

  test('is given without waiting where others have waited long enough', async () => {
    const { upstream, resolver } = await setUp()
    const first = resolver.resolve(WWW, 'A')
    await time.clock.advance(1_000)
    const second = resolver.resolve(WWW, 'A')
    await time.clock.advance(800)
    expect(await Promise.all([first, second])).toMatchObject([STALE, STALE])
    const third = outcomeOf(resolver.resolve(WWW, 'A'))
    await time.clock.settle()
    expect(await third).toMatchObject({ value: STALE })
    expect(upstream.asked).toHaveLength(1)
    expect(resolver.inspect().totals).toMatchObject({ stale: 3 })
  })

  test('is given at once when the servers fail, and for half a minute nobody is asked', async () => {
    const { upstream, resolver } = await setUp()
    const resolved = resolver.resolve(WWW, 'A')
    await time.clock.settle()
    upstream.next().fail(lost())
    expect(await resolved).toMatchObject(STALE)
    await time.clock.advance(29_999)
    expect(await resolver.resolve(WWW, 'A')).toMatchObject(STALE)
    expect(upstream.asked).toHaveLength(1)
    await time.clock.advance(1)
    const again = resolver.resolve(WWW, 'A')
    await time.clock.settle()
    upstream.next().reply(ANSWER)
    expect(await again).toMatchObject({ isStale: false, source: 'network' })
  })

  test('is given to one who has less time than that', async () => {
    const { resolver } = await setUp()
    const resolved = resolver.resolve(WWW, 'A', { timeoutMs: 50 })
    await time.clock.advance(50)
    expect(await resolved).toMatchObject(STALE)
  })

  test('is given for so long, and not a moment longer', async () => {
    for (const [afterMs, isGiven] of [
      [3_600_000 - 1, true],
      [3_600_000, false],
    ] as const) {
      const { upstream, resolver } = await setUp()
      await time.clock.advance(afterMs)
      const outcome = outcomeOf(resolver.resolve(WWW, 'A'))
      await time.clock.settle()
      upstream.next().fail(lost())
      expect(await outcome).toMatchObject(isGiven ? { value: STALE } : { error: { code: 'ETIMEOUT' } })
    }
  })

  test('is not given where a server says that there is no such name', async () => {
    const { upstream, resolver } = await setUp()
    const outcome = outcomeOf(resolver.resolve(WWW, 'A'))
    await time.clock.settle()
    upstream.next().reply({ rcode: 'NXDOMAIN', authorities: [soa('example.com')] })
    expect(await outcome).toMatchObject({ error: { code: 'ENOTFOUND' } })
    await expect(resolver.resolve(WWW, 'A')).rejects.toMatchObject({ code: 'ENOTFOUND' })
  })

  test('is forgotten where a server says so without saying for how long', async () => {
    const { upstream, resolver } = await setUp()
    for (const answer of [{ rcode: 'NXDOMAIN' }, undefined]) {
      const outcome = outcomeOf(resolver.resolve(WWW, 'A'))
      await time.clock.settle()
      if (answer === undefined) upstream.next().fail(lost())
      else upstream.next().reply(answer)
      expect(await outcome).toMatchObject({
        error: { code: answer === undefined ? 'ETIMEOUT' : 'ENOTFOUND' },
      })
    }
  })

  test('is not given to one who asks the servers himself', async () => {
    const { upstream, resolver } = await setUp()
    const outcome = outcomeOf(resolver.resolve(WWW, 'A', { cache: false }))
    await time.clock.settle()
    upstream.next().fail(lost())
    expect(await outcome).toMatchObject({ error: { code: 'ETIMEOUT' } })
  })

  test('that nothing is there is never given past its time', async () => {
    const { upstream, resolver } = await setUp()
    upstream.answer = () => ({ authorities: [soa('example.com', 60)] })
    await expect(resolver.resolve(WWW, 'MX')).rejects.toMatchObject({ code: 'ENODATA' })
    upstream.answer = undefined
    await time.clock.advance(60_000)
    const outcome = outcomeOf(resolver.resolve(WWW, 'MX'))
    await time.clock.settle()
    upstream.next().fail(lost())
    expect(await outcome).toMatchObject({ error: { code: 'ETIMEOUT' } })
  })

  test('is marked in inspect(), as long as it may be given', async () => {
    const { resolver } = await setUp()
    expect(resolver.inspect().entries).toMatchObject([{ name: WWW, kind: 'positive', isStale: true, ttl: 0 }])
    await time.clock.advance(3_600_000)
    expect(resolver.inspect().entries).toEqual([])
  })

  test('makes all of an answer old that it is a part of', async () => {
    const { upstream, resolver } = await setUp()
    upstream.answer = ({ name }) => {
      if (name === WWW) throw lost()
      return { answers: [cname(name, WWW, 600)] }
    }
    expect(await resolver.resolve('alias.test', 'A')).toMatchObject({
      isStale: true,
      ttl: 30,
      aliases: [{ name: 'alias.test' }],
    })
  })
})

describe('the question that goes on', () => {
  test('ends after the time limit, which is a failure', async () => {
    const { upstream, resolver } = await setUp({ timeoutMs: 5_000 })
    const resolved = resolver.resolve(WWW, 'A')
    await time.clock.advance(1_800)
    await resolved
    await time.clock.advance(3_199)
    expect(queries()).toHaveLength(1)
    await time.clock.advance(1)
    expect(queries()).toEqual([])
    expect(upstream.next().isCancelled).toBe(false)
    expect(await resolver.resolve(WWW, 'A')).toMatchObject(STALE)
    expect(upstream.asked).toHaveLength(1)
  })

  test('goes on when its asker is cancelled, and ends with close()', async () => {
    const { resolver } = await setUp()
    const asker = spawn(() => resolver.resolve(WWW, 'A'))
    await time.clock.settle()
    asker.shutdown()
    await outcomeOf(asker.join())
    expect(resolver.inspect().inFlight).toMatchObject([{ askers: 0 }])
    const outcome = outcomeOf(resolver.resolve(WWW, 'A'))
    await time.clock.settle()
    resolver.close()
    expect(await outcome).toMatchObject({ error: { code: 'CLOSED' } })
    await time.clock.settle()
    expect(queries()).toEqual([])
  })
})
