/** One question on the wire however many ask, and what becomes of it as they come, go, and are cancelled. */
import { all, type Coroutine, main, sleep, spawn, whereAll, withTimeout } from '@shrapnel/core'
import { afterEach, describe, expect, test } from 'vitest'
import { DnsError } from '../../src/errors.js'
import { Resolver } from '../../src/resolver.js'
import { a, outcomeOf, type Pending, ScriptedUpstream, virtualTime } from './scripted-upstream.js'

const time = virtualTime()
const WWW = 'www.example.com'
const ANSWER = { answers: [a(WWW)] }

const resolvers: Resolver[] = []
afterEach(async () => {
  for (const resolver of resolvers.splice(0)) resolver.close()
  await time.clock.settle()
})

function setUp(options = {}) {
  const upstream = new ScriptedUpstream()
  const resolver = new Resolver(upstream, options)
  resolvers.push(resolver)
  return { upstream, resolver }
}

type Address = Coroutine<string | undefined>

/** Askers in coroutines of their own, which all wait when this is done. */
async function ask(resolver: Resolver, count: number, timeoutMs = 5_000): Promise<Address[]> {
  const askers = Array.from({ length: count }, (_, i) =>
    spawn({ name: `asker ${i}` }, async () => {
      const { records } = await resolver.resolve(WWW, 'A', { timeoutMs })
      return records[0]?.data.address
    }),
  )
  await time.clock.settle()
  // Whoever fails before a test looks at him is known to be looked at.
  for (const asker of askers) void outcomeOf(asker.join())
  return askers
}

const queries = () => all().filter(({ name }) => name.startsWith('resolve '))

describe('many who ask for the same', () => {
  test('share one question', async () => {
    const { upstream, resolver } = setUp()
    const askers = await ask(resolver, 1_000)
    expect(upstream.asked).toEqual([`${WWW} A`])
    upstream.next().reply(ANSWER)
    for (const asker of askers) expect(await asker.join()).toBe('192.0.2.1')
    expect(resolver.inspect().totals).toMatchObject({ misses: 1, coalesced: 999, hits: 0 })
  })

  test('share one failure, and each has an error of his own', async () => {
    const { upstream, resolver } = setUp()
    const outcomes = [1, 2].map(() => outcomeOf(resolver.resolve(WWW, 'A')))
    await time.clock.settle()
    const attempts = [{ server: 's', error: new Error('lost') }]
    upstream.next().fail(new DnsError('ETIMEOUT', 'nobody answered', { attempts, cause: 'a cause' }))
    const errors = (await Promise.all(outcomes)).map((outcome) => 'error' in outcome && outcome.error)
    expect(errors[0]).toMatchObject({
      code: 'ETIMEOUT',
      hostname: WWW,
      type: 'A',
      attempts,
      cause: 'a cause',
    })
    expect(errors[1]).toMatchObject({ code: 'ETIMEOUT', hostname: WWW })
    expect(errors[0]).not.toBe(errors[1])
  })

  test('under other spellings of the name share it too', async () => {
    const { upstream, resolver } = setUp()
    const both = [resolver.resolve('WWW.example.com', 'A'), resolver.resolve(`${WWW}.`, 'A')]
    await time.clock.settle()
    upstream.next().reply(ANSWER)
    expect((await Promise.all(both)).map(({ name }) => name)).toEqual(['WWW.example.com', WWW])
    expect(upstream.pending).toEqual([])
  })

  test('do not share it with those who ask for something else, or want to ask themselves', async () => {
    const { upstream, resolver } = setUp()
    const outcomes = [
      resolver.resolve(WWW, 'A'),
      resolver.resolve(WWW, 'AAAA'),
      resolver.resolve('example.com', 'A'),
      resolver.resolve(WWW, 'A', { cache: false }),
    ].map(outcomeOf)
    await time.clock.settle()
    expect(upstream.asked).toEqual([`${WWW} A`, `${WWW} AAAA`, 'example.com A', `${WWW} A`])
    resolver.close()
    await Promise.all(outcomes)
  })

  test('wait each with his own patience', async () => {
    const { upstream, resolver } = setUp()
    const [hasty] = (await ask(resolver, 1, 100)) as [Address]
    const [patient] = (await ask(resolver, 1, 60_000)) as [Address]
    await time.clock.advance(100)
    await expect(hasty.join()).rejects.toMatchObject({
      code: 'ETIMEOUT',
      message: `no answer for ${WWW} A within 100 ms`,
    })
    await time.clock.advance(50_000)
    upstream.next().reply(ANSWER)
    expect(await patient.join()).toBe('192.0.2.1')
    expect(upstream.asked).toHaveLength(1)
  })
})

describe('the question', () => {
  test('runs in a coroutine of its own, which says what it asks', async () => {
    const { upstream, resolver } = setUp()
    const [asker] = (await ask(resolver, 1)) as [Address]
    expect(queries().map(({ name }) => name)).toEqual([`resolve ${WWW} A`])
    expect(asker.waitingOn).toBe(`the answer for ${WWW} A`)
    expect(String(whereAll())).toContain(`resolve ${WWW} A`)
    upstream.next().reply(ANSWER)
    await asker.join()
    expect(queries()).toEqual([])
  })

  test('outlives the asker that began it, his time limit and his scope', async () => {
    const { upstream, resolver } = setUp()
    const first = outcomeOf(withTimeout(10, () => resolver.resolve(WWW, 'A')))
    const second = resolver.resolve(WWW, 'A')
    await time.clock.advance(10)
    expect(await first).toMatchObject({ error: { code: 'TIMEOUT' } })
    upstream.next().reply(ANSWER)
    expect(await second).toMatchObject({ records: [a(WWW)] })
  })

  test('ends when nobody waits any longer, and the next who asks begins anew', async () => {
    const { upstream, resolver } = setUp()
    const askers = await ask(resolver, 3)
    const abandoned = upstream.next()
    for (const asker of askers) {
      expect(abandoned.isCancelled).toBe(false)
      asker.interrupt()
      await outcomeOf(asker.join())
    }
    await time.clock.settle()
    expect(abandoned.isCancelled).toBe(true)
    expect(queries()).toEqual([])
    expect(resolver.inspect()).toMatchObject({ inFlight: [], entries: [] })
    const again = resolver.resolve(WWW, 'A')
    await time.clock.settle()
    upstream.next().reply(ANSWER)
    expect(await again).toMatchObject({ source: 'network' })
  })

  test('is never asked if who wanted to know is gone before it began', async () => {
    const { upstream, resolver } = setUp()
    const asker = spawn(() => resolver.resolve(WWW, 'A'))
    const stopper = spawn(() => asker.shutdown())
    await stopper.join()
    await time.clock.settle()
    expect(upstream.asked).toEqual([])
    expect(resolver.inspect().inFlight).toEqual([])
  })

  test('that was abandoned in the same turn in which another one asks leaves that one a question of its own or the same', async () => {
    const { upstream, resolver } = setUp()
    const [first] = (await ask(resolver, 1)) as [Address]
    first.interrupt()
    const second = resolver.resolve(WWW, 'A')
    await time.clock.settle()
    expect(resolver.inspect().inFlight).toMatchObject([{ askers: 1 }])
    for (const pending of upstream.pending) pending.reply(ANSWER)
    expect(await second).toMatchObject({ records: [a(WWW)] })
  })

  test('that somebody interrupts fails for those who wait, who are not interrupted themselves', async () => {
    const { resolver } = setUp()
    const outcome = outcomeOf(resolver.resolve(WWW, 'A'))
    await time.clock.settle()
    for (const query of queries()) query.interrupt()
    expect(await outcome).toMatchObject({
      error: { code: 'ESERVFAIL', message: `the question for ${WWW} A was cancelled` },
    })
    expect(resolver.inspect()).toMatchObject({ inFlight: [], entries: [] })
  })

  test('asked before flush() answers those who wait, and is not remembered', async () => {
    const { upstream, resolver } = setUp()
    const before = resolver.resolve(WWW, 'A')
    await time.clock.settle()
    const old = upstream.next()
    expect(resolver.flush('other.test')).toBe(0)
    resolver.flush(WWW)
    const after = resolver.resolve(WWW, 'A')
    await time.clock.settle()
    expect(upstream.asked).toHaveLength(2)
    upstream.next().reply({ answers: [a(WWW, '192.0.2.2')] })
    await after
    old.reply(ANSWER)
    expect(await before).toMatchObject({ records: [{ data: { address: '192.0.2.1' } }] })
    expect(resolver.resolve(WWW, 'A')).toMatchObject({ records: [{ data: { address: '192.0.2.2' } }] })
  })
})

describe('five doomed askers and one that must survive', () => {
  const interrupt = (askers: readonly Address[], how: 'interrupt' | 'shutdown') => {
    for (const asker of askers.slice(0, 5)) asker[how]('doomed')
  }

  for (const how of ['interrupt', 'shutdown'] as const) {
    test(`${how} and then the answer`, async () => {
      const { upstream, resolver } = setUp()
      const askers = await ask(resolver, 6)
      const outcomes = askers.map((asker) => outcomeOf(asker.join()))
      interrupt(askers, how)
      upstream.next().reply(ANSWER)
      const ends = await Promise.all(outcomes)
      expect(ends.slice(0, 5).map((end) => 'error' in end && end.error.code)).toEqual(
        Array(5).fill(how === 'interrupt' ? 'INTERRUPTED' : 'SHUTDOWN'),
      )
      expect(ends[5]).toEqual({ value: '192.0.2.1' })
    })

    test(`the answer and then ${how}`, async () => {
      const { upstream, resolver } = setUp()
      const askers = await ask(resolver, 6)
      const outcomes = askers.map((asker) => outcomeOf(asker.join()))
      upstream.next().reply(ANSWER)
      await Promise.resolve()
      interrupt(askers, how)
      const ends = await Promise.all(outcomes)
      expect(ends[5]).toEqual({ value: '192.0.2.1' })
      expect(resolver.resolve(WWW, 'A')).toMatchObject({ source: 'cache' })
      expect(resolver.inspect().inFlight).toEqual([])
    })
  }

  test('time running out for five at once', async () => {
    const { upstream, resolver } = setUp()
    const doomed = await ask(resolver, 5, 100)
    const [survivor] = (await ask(resolver, 1)) as [Address]
    const outcomes = doomed.map((asker) => outcomeOf(asker.join()))
    await time.clock.advance(100)
    for (const outcome of outcomes) expect(await outcome).toMatchObject({ error: { code: 'ETIMEOUT' } })
    upstream.next().reply(ANSWER)
    expect(await survivor.join()).toBe('192.0.2.1')
    expect(resolver.inspect().entries).toMatchObject([{ kind: 'positive' }])
  })
})

describe('running out of time', () => {
  test('is a failure of the servers if they had all the time there is, and it is counted once', async () => {
    const { upstream, resolver } = setUp({ timeoutMs: 1_000 })
    const outcomes = [1, 2, 3].map(() => outcomeOf(resolver.resolve(WWW, 'A')))
    await time.clock.advance(1_000)
    for (const outcome of outcomes) expect(await outcome).toMatchObject({ error: { code: 'ETIMEOUT' } })
    expect(resolver.inspect().entries).toMatchObject([{ kind: 'failure', code: 'ETIMEOUT', ttl: 5 }])
    await expect(resolver.resolve(WWW, 'A')).rejects.toMatchObject({
      code: 'ETIMEOUT',
      message: `no answer for ${WWW} A within 1000 ms (remembered for 5 s more)`,
    })
    expect(upstream.asked).toHaveLength(1)
    expect(queries()).toEqual([])
  })

  test('is none of theirs if somebody was in a hurry', async () => {
    const { resolver } = setUp({ timeoutMs: 1_000 })
    const outcome = outcomeOf(resolver.resolve(WWW, 'A', { timeoutMs: 999 }))
    await time.clock.advance(998)
    expect(queries()).toHaveLength(1)
    await time.clock.advance(1)
    expect(await outcome).toMatchObject({ error: { code: 'ETIMEOUT' } })
    expect(resolver.inspect()).toMatchObject({ entries: [], inFlight: [] })
  })

  test('with no time at all finds what is known and nothing else', async () => {
    const { upstream, resolver } = setUp()
    const outcome = outcomeOf(resolver.resolve(WWW, 'A', { timeoutMs: 0 }))
    await time.clock.settle()
    expect(await outcome).toMatchObject({ error: { code: 'ETIMEOUT' } })
    const known = resolver.resolve(WWW, 'A')
    await time.clock.settle()
    ;(upstream.pending.at(-1) as Pending).reply(ANSWER)
    await known
    expect(resolver.resolve(WWW, 'A', { timeoutMs: 0 })).toMatchObject({ source: 'cache' })
  })

  test('loses against an answer that is there in the same turn', async () => {
    const { upstream, resolver } = setUp({ timeoutMs: 100 })
    const resolved = resolver.resolve(WWW, 'A')
    spawn(async () => {
      await sleep(100)
      upstream.next().reply(ANSWER)
    })
    await time.clock.advance(100)
    expect(await resolved).toMatchObject({ records: [a(WWW)] })
  })
})

describe('close()', () => {
  test('ends all that wait with CLOSED and leaves nothing running', async () => {
    const { upstream, resolver } = setUp()
    const outcomes = [
      resolver.resolve(WWW, 'A'),
      resolver.resolve(WWW, 'A'),
      resolver.resolve(WWW, 'MX', { cache: false }),
    ].map(outcomeOf)
    await time.clock.settle()
    resolver.close()
    resolver.close()
    for (const outcome of outcomes)
      expect(await outcome).toMatchObject({ error: { code: 'CLOSED', message: 'the resolver is closed' } })
    await time.clock.settle()
    expect(upstream.pending.map(({ isCancelled }) => isCancelled)).toEqual([true, true])
    expect(queries()).toEqual([])
    expect(main().waitingOn).toBeUndefined()
  })

  test('makes every later resolve fail, of what was known too', async () => {
    const upstream = new ScriptedUpstream(() => ANSWER)
    const resolver = new Resolver(upstream)
    {
      using closing = resolver
      await closing.resolve(WWW, 'A')
    }
    await expect(resolver.resolve(WWW, 'A')).rejects.toMatchObject({ code: 'CLOSED' })
    await expect(resolver.resolve('other.test', 'A')).rejects.toMatchObject({ code: 'CLOSED' })
    expect(upstream.asked).toHaveLength(1)
    expect(resolver.inspect()).toMatchObject({ entries: [], inFlight: [] })
  })

  test('ends those who follow an alias', async () => {
    const { upstream, resolver } = setUp()
    const outcome = outcomeOf(resolver.resolve(WWW, 'A'))
    await time.clock.settle()
    upstream
      .next()
      .reply({ answers: [{ name: WWW, type: 'CNAME', class: 'IN', ttl: 9, data: { target: 'b.test' } }] })
    resolver.close()
    expect(await outcome).toMatchObject({ error: { code: 'CLOSED' } })
    await time.clock.settle()
    expect(upstream.asked).toEqual([`${WWW} A`])
  })
})

test('an interrupted asker may ask again', async () => {
  const { upstream, resolver } = setUp()
  const asker = spawn(async () => {
    const first = await outcomeOf(resolver.resolve(WWW, 'A'))
    const { records } = await resolver.resolve(WWW, 'A')
    return [first, records[0]?.data.address]
  })
  await time.clock.settle()
  asker.interrupt()
  await time.clock.settle()
  expect(upstream.asked).toHaveLength(2)
  ;(upstream.pending[1] as Pending).reply(ANSWER)
  expect(await asker.join()).toMatchObject([{ error: { code: 'INTERRUPTED' } }, '192.0.2.1'])
})

test('in a scope that is cancelled not even what is known is given', async () => {
  const resolver = new Resolver(new ScriptedUpstream(() => ANSWER))
  await resolver.resolve(WWW, 'A')
  const asker = spawn(async () => {
    await outcomeOf(sleep(1_000))
    return resolver.resolve(WWW, 'A')
  })
  await time.clock.settle()
  asker.shutdown()
  await expect(asker.join()).rejects.toMatchObject({ code: 'SHUTDOWN' })
})
