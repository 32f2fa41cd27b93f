/** Interrupting: once, this wait or the next one, and never at the cost of what was handed over. */
import { expect, test } from 'vitest'
import {
  Channel,
  type Coroutine,
  current,
  group,
  Interrupted,
  main,
  Shutdown,
  sleep,
  spawn,
  TimeoutError,
  withTimeout,
  yieldSlice,
} from '../../src/index.js'
import { currentScope } from '../../src/runtime/current.js'
import { Wait } from '../../src/runtime/wait.js'
import { cleanGround, errorOf, foreign } from '../runtime/harness.js'

const ground = cleanGround()

/** A wait in the open: whoever has it may wake it. */
class OpenWait extends Wait<string> {
  unlinked = 0
  protected unlink(): void {
    this.unlinked++
  }
  describe(): string {
    return 'open'
  }
}

/** Waits openly, then yields; notes the outcome of both. */
function twoWaits(): { coroutine: Coroutine<void>; wait: OpenWait; outcomes: unknown[] } {
  const parts: { wait?: OpenWait } = {}
  const outcomes: unknown[] = []
  const note = (wait: Promise<unknown>): Promise<unknown> =>
    wait.then(
      (value) => outcomes.push(value ?? 'went on'),
      (error: Interrupted) => outcomes.push(`interrupted ${error.reason}`),
    )
  const coroutine = spawn(async () => {
    parts.wait = new OpenWait(currentScope())
    await note(parts.wait.suspend())
    await note(yieldSlice())
  })
  return {
    coroutine,
    get wait() {
      return parts.wait as OpenWait
    },
    outcomes,
  }
}

test('an interrupt ends the present wait, once: the coroutine that catches it goes on', async () => {
  const { coroutine, wait, outcomes } = await begun()
  coroutine.interrupt('x')
  await coroutine.join()
  expect(outcomes).toEqual(['interrupted x', 'went on'])
  expect(wait.unlinked).toBe(1)
})

async function begun(): Promise<{ coroutine: Coroutine<void>; wait: OpenWait; outcomes: unknown[] }> {
  const two = twoWaits()
  await ground.clock.settle()
  const { coroutine, wait, outcomes } = two
  return { coroutine, wait, outcomes }
}

test('the error of an interrupt carries its reason, and as cause if that is an error', async () => {
  const cause = new Error('why')
  const reasons = [undefined, 'text', cause, { any: 'thing' }]
  const coroutines = reasons.map(() => spawn(() => sleep(Infinity)))
  await ground.clock.settle()
  for (const [n, each] of coroutines.entries()) each.interrupt(reasons[n])
  const errors = await Promise.all(coroutines.map((each) => errorOf(each.join())))
  expect(errors.map((error) => error.reason)).toEqual(reasons)
  expect(errors.map((error) => error.code)).toEqual(Array(4).fill('INTERRUPTED'))
  expect(errors.map((error) => error.cause)).toEqual([undefined, undefined, cause, undefined])
})

test('an interrupt with an Interrupted as its reason delivers that very error', async () => {
  class Cancelled extends Interrupted {}
  const reason = new Cancelled('mine')
  const coroutine = spawn(() => sleep(Infinity))
  await ground.clock.settle()
  coroutine.interrupt(reason)
  expect(await errorOf(coroutine.join())).toBe(reason)
})

test('woken and then interrupted in one turn: the value arrives, and the interrupt meets the next wait', async () => {
  const { coroutine, wait, outcomes } = await begun()
  wait.wake('value')
  coroutine.interrupt('x')
  await coroutine.join()
  expect(outcomes).toEqual(['value', 'interrupted x'])
  expect(wait.unlinked).toBe(0)
})

test('interrupted and then woken in one turn: the wait was unlinked before, so the value was not taken', async () => {
  const { coroutine, wait, outcomes } = await begun()
  coroutine.interrupt('x')
  wait.wake('lost on nobody')
  wait.fail(new Error('nor this'))
  await coroutine.join()
  expect(outcomes).toEqual(['interrupted x', 'went on'])
  expect(wait.unlinked).toBe(1)
})

test('failed and then interrupted in one turn: the failure arrives, and the interrupt meets the next wait', async () => {
  const { coroutine, wait, outcomes } = await begun()
  wait.fail({ reason: 'failed' })
  coroutine.interrupt('x')
  await coroutine.join()
  expect(outcomes).toEqual(['interrupted failed', 'interrupted x'])
})

test('what a channel handed over is not lost to an interrupt, in either order', async () => {
  const channel = new Channel<number>(10)
  const got: unknown[] = []
  const receive = async (): Promise<void> => {
    for (;;) {
      try {
        got.push(await channel.receive())
      } catch (error) {
        if (!(error instanceof Interrupted) || error instanceof Shutdown) throw error
        got.push('interrupted')
      }
    }
  }
  const receiver = spawn(receive)
  await ground.clock.settle()
  channel.trySend(1)
  receiver.interrupt()
  await ground.clock.settle()
  receiver.interrupt()
  channel.trySend(2)
  await ground.clock.settle()
  expect(got).toEqual([1, 'interrupted', 'interrupted', 2])
  receiver.shutdown()
})

test('five doomed waiters and one that must survive: only the survivor gets the value', async () => {
  const channel = new Channel<string>()
  const doomed = Array.from({ length: 5 }, () => spawn(async () => await channel.receive()))
  const survivor = spawn(async () => await channel.receive())
  await ground.clock.settle()
  for (const each of doomed) each.interrupt()
  channel.trySend('value')
  expect(await survivor.join()).toBe('value')
  for (const each of doomed) expect(await errorOf(each.join())).toBeInstanceOf(Interrupted)
})

test('an interrupt of a coroutine that runs, or awaits a foreign promise, meets its next wait', async () => {
  const outside = foreign()
  const events: unknown[] = []
  const coroutine = spawn(async () => {
    await outside.promise
    await sleep(5).catch((error: Interrupted) => events.push(error.reason))
    current().interrupt('by itself')
    await sleep(5).catch((error: Interrupted) => events.push(error.reason))
    await sleep(5)
    events.push('went on')
  })
  await ground.clock.settle()
  coroutine.interrupt('abroad')
  outside.resolve()
  await ground.clock.advance(10)
  expect(events).toEqual(['abroad', 'by itself', 'went on'])
})

test('of several interrupts that find no wait the last one counts', async () => {
  const outside = foreign()
  const coroutine = spawn(async () => {
    await outside.promise
    await sleep(5).catch((error: Interrupted) => expect(error.reason).toBe('last'))
    await sleep(5)
  })
  await ground.clock.settle()
  coroutine.interrupt('first')
  coroutine.interrupt('last')
  outside.resolve()
  await ground.clock.advance(10)
  await coroutine.join()
})

test('a second interrupt in the turn of the first meets the next wait', async () => {
  const { coroutine, outcomes } = await begun()
  coroutine.interrupt(1)
  coroutine.interrupt(2)
  await coroutine.join()
  expect(outcomes).toEqual(['interrupted 1', 'interrupted 2'])
})

test('an interrupt before the start meets the first wait', async () => {
  const events: unknown[] = []
  const coroutine = spawn(async () => {
    events.push('started')
    await sleep(5).catch((error: Interrupted) => events.push(error.reason))
    await yieldSlice()
    events.push('went on')
  })
  coroutine.interrupt('early')
  await coroutine.join()
  expect(events).toEqual(['started', 'early', 'went on'])
})

test('an interrupt of a dead coroutine is without effect', async () => {
  const coroutine = spawn(() => 'result')
  await coroutine.join()
  coroutine.interrupt()
  expect(await coroutine.join()).toBe('result')
  expect(coroutine.state).toBe('done')
})

test('an interrupt ends every wait of the coroutine, in every scope it has open', async () => {
  const coroutine = spawn(() =>
    Promise.allSettled([
      sleep(50),
      withTimeout(50, () => sleep(50)),
      withTimeout(50, () => withTimeout(60, () => Promise.all([sleep(50), sleep(60)]))),
    ]),
  )
  await ground.clock.settle()
  coroutine.interrupt('all')
  const outcomes = await coroutine.join()
  expect(outcomes.map((each) => (each as PromiseRejectedResult).reason.reason)).toEqual(['all', 'all', 'all'])
})

test('an interrupt inside limits passes their boundaries as itself', async () => {
  const coroutine = spawn(() => withTimeout(10, () => withTimeout(20, () => sleep(30))))
  await ground.clock.settle()
  coroutine.interrupt('x')
  const error = await errorOf(coroutine.join())
  expect(error).not.toBeInstanceOf(TimeoutError)
  expect(error).toMatchObject({ code: 'INTERRUPTED', reason: 'x' })
})

test('a limit goes on counting for a function that caught an interrupt', async () => {
  const coroutine = spawn(() =>
    withTimeout(10, async () => {
      await sleep(50).catch(() => {})
      await sleep(50)
    }),
  )
  const failed = errorOf(coroutine.join())
  await ground.clock.advance(5)
  coroutine.interrupt()
  await ground.clock.advance(5)
  expect(await failed).toBeInstanceOf(TimeoutError)
})

test('an interrupt taken by a wait in the turn in which its scope is cancelled is not lost', async () => {
  const outside = foreign()
  const events: unknown[] = []
  const coroutine = spawn(async () => {
    await withTimeout(10, async () => {
      await outside.promise
      await sleep(5)
    }).catch((error: Error) => events.push(error.name))
    await sleep(5).catch((error: Interrupted) => events.push(error.reason))
  })
  await ground.clock.settle()
  coroutine.interrupt('kept')
  spawn(async () => {
    await sleep(10)
    outside.resolve()
  })
  await ground.clock.advance(20)
  // The refused wait was to end in the next turn; the expiry ended it before.
  expect(events).toEqual(['TimeoutError', 'kept'])
  expect(coroutine.isDead).toBe(true)
})

test('an interrupt does not reach the coroutines that the interrupted one spawned', async () => {
  let child: Coroutine<void> | undefined
  const parent = spawn(async () => {
    child = spawn(() => sleep(10))
    await sleep(10)
  })
  await ground.clock.settle()
  parent.interrupt()
  await errorOf(parent.join())
  expect(child?.state).toBe('waiting')
  await ground.clock.advance(10)
  expect(child?.state).toBe('done')
})

test('an interrupt of the main coroutine ends what code outside of any coroutine waits for, and only that', async () => {
  const coroutine = spawn(() => sleep(10))
  const waits = [errorOf(sleep(20)), errorOf(withTimeout(20, () => sleep(30)))]
  await ground.clock.settle()
  main().interrupt('main')
  expect(await Promise.all(waits)).toMatchObject([{ reason: 'main' }, { reason: 'main' }])
  expect(coroutine.state).toBe('waiting')
  await ground.clock.advance(10)
})

test('an interrupt of the main coroutine that finds no wait meets the next one outside of any coroutine', async () => {
  main().interrupt('later')
  const coroutine = spawn(() => sleep(1))
  await ground.clock.advance(1)
  expect(coroutine.state).toBe('done')
  expect(await errorOf(sleep(1))).toMatchObject({ reason: 'later' })
  await yieldSlice()
})

test('an interrupt that came while the block of a group ran ends the waiting for its children', async () => {
  const outside = foreign()
  const events: string[] = []
  const coroutine = spawn(() =>
    group(async (g) => {
      g.spawn(async () => {
        try {
          await sleep(Infinity)
        } finally {
          events.push('child cancelled')
        }
      })
      await outside.promise
    }),
  )
  await ground.clock.settle()
  coroutine.interrupt('x')
  outside.resolve()
  expect(await errorOf(coroutine.join())).toMatchObject({ code: 'INTERRUPTED', reason: 'x' })
  expect(events).toEqual(['child cancelled'])
})
