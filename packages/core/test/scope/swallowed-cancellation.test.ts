/** Code that catches its cancellation and goes on. */
import { expect, test } from 'vitest'
import {
  current,
  group,
  type Interrupted,
  shield,
  sleep,
  spawn,
  TimeoutError,
  withTimeout,
  yieldSlice,
} from '../../src/index.js'
import { cleanGround, errorOf, stderrOf } from '../runtime/harness.js'

const ground = cleanGround()

/** Waits and catches, `times` times. */
async function swallow(times: number, wait: () => Promise<unknown> = () => sleep(1)): Promise<number> {
  let caught = 0
  for (let n = 0; n < times; n++) await wait().catch(() => caught++)
  return caught
}

/** What is said while a coroutine named `swallower` is shut down and `fn` swallows that. */
async function saidOf(fn: () => Promise<unknown>): Promise<string[]> {
  const coroutine = spawn({ name: 'swallower' }, async () => {
    await sleep(Infinity).catch(() => {})
    return await fn()
  })
  await ground.clock.settle()
  coroutine.shutdown()
  const text = await stderrOf(() => coroutine.join().catch(() => {}))
  return text.split('\n').filter((line) => line !== '')
}

test('each further wait rejects, however often that is swallowed', async () => {
  let caught = 0
  await saidOf(async () => {
    caught = await swallow(100)
  })
  expect(caught).toBe(100)
})

test('the coroutine that swallows is named, once', async () => {
  const lines = await saidOf(() => swallow(100))
  expect(lines).toEqual([
    expect.stringMatching(
      /^\S+Z coroutine \d+ \(swallower\) was cancelled and goes on waiting: 5 waits rejected since/,
    ),
  ])
})

test('a few rejected waits in cleanup are not worth a word', async () => {
  expect(await saidOf(() => swallow(4))).toEqual([])
})

test('waits in a shield are not swallows', async () => {
  const lines = await saidOf(() => shield(1000, () => swallow(20, yieldSlice)))
  expect(lines).toEqual([])
})

test.each([
  ['withTimeout', () => withTimeout(10, () => {})],
  ['a group with a wait in its block', () => group(() => yieldSlice())],
  ['a limit in a group', () => group(() => withTimeout(10, () => {}))],
])('swallows in %s are counted together, although each opens a scope of its own', async (_, wait) => {
  const lines = await saidOf(() => swallow(50, wait))
  expect(lines).toHaveLength(1)
})

test('swallows in different scopes of one cancellation are one notice', async () => {
  const lines = await saidOf(async () => {
    await swallow(10)
    await group(() => swallow(10)).catch(() => {})
    await group(() => group(() => swallow(10))).catch(() => {})
  })
  expect(lines).toHaveLength(1)
})

test('a loop that swallows until a timer of Node ends it is ended by that timer', async () => {
  let rounds = 0
  await saidOf(async () => {
    const timer = AbortSignal.timeout(5)
    do rounds += await swallow(1)
    while (!timer.aborted)
  })
  expect(rounds).toBeGreaterThan(0)
})

test('a timeout whose function swallows it waits for the function, which meets it again at each wait', async () => {
  const codes: string[] = []
  const result = withTimeout(10, async () => {
    await sleep(20).catch(() => {})
    for (let n = 0; n < 3; n++) await sleep(1).catch((error: Interrupted) => codes.push(error.code))
    return 'ended all the same'
  })
  await ground.clock.advance(10)
  expect(await result).toBe('ended all the same')
  expect(codes).toEqual(['INTERRUPTED', 'INTERRUPTED', 'INTERRUPTED'])
})

test('a child that swallows the cancelling of its group is named, and the group waits for it', async () => {
  let failed: Promise<Error> | undefined
  const text = await stderrOf(async () => {
    failed = errorOf(
      group((g) => {
        g.spawn({ name: 'deaf' }, async () => {
          await swallow(30, () => sleep(Infinity))
        })
        g.spawn(() => Promise.reject(new Error('sibling')))
      }),
    )
    await failed
  })
  expect(await failed).toMatchObject({ errors: [{ message: 'sibling' }] })
  expect(text).toContain('(deaf) was cancelled and goes on waiting')
})

test('children that each let their cancellation pass are not named, however many they are', async () => {
  const text = await stderrOf(async () => {
    const failed = errorOf(
      withTimeout(10, () =>
        group((g) => {
          for (let n = 0; n < 100; n++) {
            g.spawn(async () => {
              await sleep(Infinity).catch(() => {})
              await sleep(1)
            })
          }
        }),
      ),
    )
    await ground.clock.advance(10)
    expect(await failed).toBeInstanceOf(TimeoutError)
  })
  // A busy machine may have something else to say.
  expect(text).not.toContain('was cancelled and goes on waiting')
})

test('a second cancellation of the same coroutine is counted for itself', async () => {
  const text = await stderrOf(async () => {
    const coroutine = spawn(async () => {
      for (let n = 0; n < 3; n++) {
        await withTimeout(1, async () => {
          await sleep(5).catch(() => {})
          await swallow(4, yieldSlice)
        })
      }
      return current().state
    })
    await ground.clock.advance(10)
    expect(await coroutine.join()).toBe('running')
  })
  expect(text).toBe('')
})
