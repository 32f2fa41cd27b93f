/** What runs later. */
import { expect, test } from 'vitest'
import { sleep, spawn, yieldSlice } from '../../src/index.js'
import { type Job, nextTurn } from '../../src/runtime/turn.js'
import { cleanGround } from './harness.js'

const ground = cleanGround()

test('jobs run in their order, and what a job asks for runs in the turn after', async () => {
  const events: string[] = []
  const job = (name: string, then?: Job): Job => ({
    runJob() {
      events.push(name)
      if (then !== undefined) nextTurn(then)
    },
  })
  nextTurn(job('first', job('later')))
  nextTurn(job('second'))
  expect(events).toEqual([])
  await new Promise((resolve) => setImmediate(resolve))
  expect(events).toEqual(['first', 'second'])
  await new Promise((resolve) => setImmediate(resolve))
  expect(events).toEqual(['first', 'second', 'later'])
})

test('a coroutine that yields for ever keeps nobody waiting', async () => {
  const yielding = spawn(async () => {
    for (;;) await yieldSlice()
  })
  const sleeping = spawn(() => sleep(5))
  await ground.clock.advance(5)
  await sleeping.join()
  await new Promise((resolve) => AbortSignal.timeout(2).addEventListener('abort', resolve))
  yielding.shutdown()
})

test('coroutines that yield take turns', async () => {
  const order: number[] = []
  const coroutines = [1, 2, 3].map((n) =>
    spawn(async () => {
      for (let round = 0; round < 3; round++) {
        order.push(n)
        await yieldSlice()
      }
    }),
  )
  for (const each of coroutines) await each.join()
  expect(order).toEqual([1, 2, 3, 1, 2, 3, 1, 2, 3])
})
