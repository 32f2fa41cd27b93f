/** The budget of operations that may finish without suspending. */
import { expect, test } from 'vitest'
import {
  Channel,
  type Coroutine,
  current,
  setSelfishness,
  sleep,
  spawn,
  yieldSlice,
} from '../../src/index.js'
import { currentScope } from '../../src/runtime/current.js'
import { afterTurn, spend } from '../../src/runtime/fairness.js'
import { cleanGround } from './harness.js'

const ground = cleanGround()

/** Works without end, an operation at a time that is always ready, and counts the operations of each turn of the loop. */
async function operationsPerTurn(turns: number): Promise<number[]> {
  const counts: number[] = []
  let operations = 0
  let isOver = false
  const observe = (): void => {
    counts.push(operations)
    operations = 0
    if (counts.length < turns) setImmediate(observe)
    else isOver = true
  }
  setImmediate(observe)
  while (!isOver) {
    if (!spend(currentScope())) await afterTurn(() => spend(currentScope()))
    operations++
    await undefined
  }
  return counts
}

test('an operation that is always ready goes round the loop after 64 times', async () => {
  const [first, ...others] = await spawn(operationsPerTurn, 5).join()
  expect(first).toBeLessThanOrEqual(64)
  expect(others).toEqual([64, 64, 64, 64])
})

test('setSelfishness holds for coroutines spawned afterwards, and gives the number before', async () => {
  const older = spawn(operationsPerTurn, 3)
  expect(setSelfishness(3)).toBe(64)
  const younger = spawn(operationsPerTurn, 3)
  expect(setSelfishness(64)).toBe(3)
  expect(await younger.join()).toEqual([expect.any(Number), 3, 3])
  expect(await older.join()).toEqual([expect.any(Number), 64, 64])
  expect([older.selfishness, younger.selfishness]).toEqual([64, 3])
})

test('the selfishness of one coroutine can be set, and is its own', async () => {
  const coroutine = spawn(() => {
    current().selfishness = 1
    return operationsPerTurn(3)
  })
  expect(await coroutine.join()).toEqual([expect.any(Number), 1, 1])
  expect(spawn(() => {}).selfishness).toBe(64)
})

test('waiting refills the budget', async () => {
  const coroutine: Coroutine<number[]> = spawn(async () => {
    const budgets = []
    for (let n = 0; n < 10; n++) spend(currentScope())
    budgets.push(coroutine.budget)
    await yieldSlice()
    budgets.push(coroutine.budget)
    for (let n = 0; n < 10; n++) spend(currentScope())
    await sleep(1)
    budgets.push(coroutine.budget)
    return budgets
  })
  await ground.clock.advance(1)
  expect(await coroutine.join()).toEqual([54, 64, 64])
})

test('two coroutines that only ever wake each other keep neither timers nor other coroutines waiting', async () => {
  const [there, back] = [new Channel<number>(), new Channel<number>()]
  const players = [
    spawn(async () => {
      for (let n = 0; ; n = await back.receive()) await there.send(n + 1)
    }),
    spawn(async () => {
      for (;;) await back.send(await there.receive())
    }),
  ]
  let turns = 0
  const other = spawn(async () => {
    for (; turns < 20; turns++) await yieldSlice()
  })
  await other.join()
  expect(turns).toBe(20)
  for (const player of players) player.shutdown()
})

test.each([0, -1, 1.5, NaN, Infinity, 1_000_001])('a selfishness of %s is out of range', (operations) => {
  expect(() => setSelfishness(operations)).toThrow(
    expect.objectContaining({ name: 'RangeError', code: 'ERR_OUT_OF_RANGE' }),
  )
  expect(() => (current().selfishness = operations)).toThrow(
    expect.objectContaining({ code: 'ERR_OUT_OF_RANGE' }),
  )
  expect(current().selfishness).toBe(64)
})

test.each([
  ['text', '5'],
  ['null', null],
  ['nothing', undefined],
])('%s is no selfishness', (_, operations) => {
  expect(() => setSelfishness(operations as never)).toThrow(
    expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }),
  )
})

test.each([1, 1_000_000])('%s is a selfishness', (operations) => {
  expect(setSelfishness(operations)).toBe(64)
  expect(setSelfishness(64)).toBe(operations)
})
