/** What holds for every wait on a descriptor: cancelling, closing, second comers, limits of time. */
import { expectNoDescriptorLeak } from '@shrapnel/test-support'
import { describe, expect, test } from 'vitest'
import { type Coroutine, shield, sleep, spawn, withTimeout, yieldSlice } from '../../src/index.js'
import { native } from '../../src/native.js'
import { failureOf, outcomeOf, turns, untilIn } from './connections.js'
import { kinds, type WaitingKind } from './waiting-kinds.js'

/** A coroutine that waits in the operation. */
async function waiting(kind: WaitingKind, name = 'first'): Promise<Coroutine<'done'>> {
  const coroutine = spawn({ name }, () => kind.operate())
  await untilIn(coroutine, kind.verb)
  return coroutine
}

/** Lets the operation succeed, which it must do as if nothing had been. */
async function expectUsable(kind: WaitingKind): Promise<void> {
  const again = spawn(() => kind.operate())
  await kind.supply()
  expect(await withTimeout(2000, () => again.join())).toBe('done')
}

describe.each(Object.keys(kinds))('%s', (name) => {
  const make = kinds[name] as (typeof kinds)[string]

  test('ends when there is what it waits for', async () => {
    const kind = await make()
    const first = await waiting(kind)
    await kind.supply()
    expect(await first.join()).toBe('done')
    kind.close()
    await kind.dispose()
  })

  test('an interrupt ends it, and the descriptor is used again', async () => {
    const kind = await make()
    const first = await waiting(kind)
    first.interrupt('enough')
    expect(await outcomeOf(first)).toMatchObject({ code: 'INTERRUPTED', reason: 'enough' })
    await expectUsable(kind)
    kind.close()
    await kind.dispose()
  })

  test('an interrupt that is caught lets the same coroutine wait again', async () => {
    const kind = await make()
    const coroutine = spawn(async () => {
      const error = await failureOf(() => kind.operate())
      expect(error).toMatchObject({ code: 'INTERRUPTED' })
      return kind.operate()
    })
    await untilIn(coroutine, kind.verb)
    coroutine.interrupt()
    await turns(2)
    await untilIn(coroutine, kind.verb)
    await kind.supply()
    expect(await coroutine.join()).toBe('done')
    kind.close()
    await kind.dispose()
  })

  test('a shutdown ends it, and cleaning up in a shield may use the descriptor', async () => {
    const kind = await make()
    const coroutine = spawn(async () => {
      try {
        await kind.operate()
      } finally {
        expect(await failureOf(() => kind.operate())).toMatchObject({ code: 'SHUTDOWN' })
        expect(await shield(2000, () => kind.operate())).toBe('done')
      }
    })
    await untilIn(coroutine, kind.verb)
    coroutine.shutdown()
    await turns(3)
    await kind.supply()
    expect(await outcomeOf(coroutine)).toMatchObject({ code: 'SHUTDOWN' })
    kind.close()
    await kind.dispose()
  })

  test('a timeout around it is TIMEOUT, and the descriptor is used again', async () => {
    const kind = await make()
    expect(await failureOf(() => withTimeout(3, () => kind.operate()))).toMatchObject({
      code: 'TIMEOUT',
      timeoutMs: 3,
    })
    await expectUsable(kind)
    kind.close()
    await kind.dispose()
  })

  test('a timeout further out passes through as an interruption and is TIMEOUT where it belongs', async () => {
    const kind = await make()
    let inner: unknown
    const outer = withTimeout(3, async () => {
      try {
        await withTimeout(60_000, () => kind.operate())
      } catch (error) {
        inner = error
        throw error
      }
    })
    expect(await failureOf(() => outer)).toMatchObject({ code: 'TIMEOUT', timeoutMs: 3 })
    expect(inner).toMatchObject({ code: 'INTERRUPTED' })
    await expectUsable(kind)
    kind.close()
    await kind.dispose()
  })

  test('what comes in the turn in which the time runs out is delivered', async () => {
    const kind = await make()
    const coroutine = spawn(() => withTimeout(5, () => kind.operate()))
    await untilIn(coroutine, kind.verb)
    await kind.supply()
    // Nothing is polled while this goes on, so both are found at once.
    for (const end = performance.now() + 10; performance.now() < end; );
    expect(await outcomeOf(coroutine)).toBe('done')
    kind.close()
    await kind.dispose()
  })

  test('closing under it is CLOSED, at once and for later comers', async () => {
    const kind = await make()
    const first = await waiting(kind)
    kind.close()
    expect(await outcomeOf(first)).toMatchObject({ name: 'ClosedError', code: 'CLOSED' })
    expect(await failureOf(() => kind.operate())).toMatchObject({ name: 'ClosedError', code: 'CLOSED' })
    kind.close()
    await kind.dispose()
  })

  test('the second in the same direction is refused with both named, and the first goes on', async () => {
    const kind = await make()
    const first = await waiting(kind, 'the first')
    const second = await outcomeOf(spawn({ name: 'the second' }, () => kind.operate()))
    expect(second).toMatchObject({ name: 'SimultaneousError', code: 'SIMULTANEOUS' })
    expect((second as Error).message).toContain('the first')
    expect((second as Error).message).toContain('the second')
    expect(first.isDead).toBe(false)
    await kind.supply()
    expect(await first.join()).toBe('done')
    await expectUsable(kind)
    kind.close()
    await kind.dispose()
  })

  test('woken and then interrupted, it has its result, and the interrupt meets the next wait', async () => {
    const kind = await make()
    const coroutine = spawn(async () => {
      const result = await kind.operate()
      return [result, await failureOf(() => sleep(60_000))]
    })
    await untilIn(coroutine, kind.verb)
    await kind.supply()
    while (coroutine.waitingOn?.startsWith(kind.verb)) await yieldSlice()
    coroutine.interrupt()
    expect(await outcomeOf(coroutine)).toEqual(['done', expect.objectContaining({ code: 'INTERRUPTED' })])
    kind.close()
    await kind.dispose()
  })

  test('interrupted and then supplied in the same turn, it leaves what came to the next', async () => {
    const kind = await make()
    const first = await waiting(kind)
    const supplied = kind.supply()
    first.interrupt()
    await supplied
    expect(await outcomeOf(first)).toMatchObject({ code: 'INTERRUPTED' })
    const second = spawn(() => kind.operate())
    expect(await withTimeout(2000, () => second.join())).toBe('done')
    kind.close()
    await kind.dispose()
  })

  test('five that give up before one that stays leave it what it needs', async () => {
    const kind = await make()
    for (let i = 0; i < 5; i++) {
      const doomed = await waiting(kind, `doomed ${i}`)
      doomed.interrupt()
      expect(await outcomeOf(doomed)).toMatchObject({ code: 'INTERRUPTED' })
    }
    const survivor = await waiting(kind, 'survivor')
    await kind.supply()
    expect(await survivor.join()).toBe('done')
    kind.close()
    await kind.dispose()
  })

  test('in a cancelled scope it never begins', async () => {
    const kind = await make()
    const coroutine = spawn(async () => {
      await failureOf(() => sleep(60_000))
      return failureOf(() => kind.operate())
    })
    await untilIn(coroutine, 'sleep')
    coroutine.shutdown()
    expect(await outcomeOf(coroutine)).toMatchObject({ code: 'SHUTDOWN' })
    await expectUsable(kind)
    kind.close()
    await kind.dispose()
  })

  test('nothing is left open after all of that', async () => {
    const before = native.openCount()
    await expectNoDescriptorLeak(async () => {
      const kind = await make()
      const first = await waiting(kind)
      first.interrupt()
      await outcomeOf(first)
      await expectUsable(kind)
      kind.close()
      await kind.dispose()
    })
    expect(native.openCount()).toBe(before)
  })
})
