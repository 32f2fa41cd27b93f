/** Several functions at once. */
import { expect, test } from 'vitest'
import {
  all,
  InParallelError,
  type Interrupted,
  inParallel,
  shield,
  sleep,
  spawn,
  TimeoutError,
  withTimeout,
} from '../../src/index.js'
import { cleanGround, errorOf } from '../runtime/harness.js'

const ground = cleanGround()

test('the results come in the order of the functions, not of their ends', async () => {
  const results = inParallel([
    () => sleep(20).then(() => 'slow'),
    () => sleep(10).then(() => 'quick'),
    () => 'at once',
  ])
  await ground.clock.advance(20)
  expect(await results).toEqual(['slow', 'quick', 'at once'])
})

test('they run at the same time, each in a coroutine of its own', async () => {
  const results = inParallel(Array.from({ length: 100 }, (_, n) => () => sleep(10).then(() => n)))
  await ground.clock.settle()
  expect(all()).toHaveLength(100)
  await ground.clock.advance(10)
  expect(await results).toEqual(Array.from({ length: 100 }, (_, n) => n))
})

test('nothing in parallel is an empty list', async () => {
  expect(await inParallel([])).toEqual([])
})

test('one failure does not end the others, and the error has every outcome', async () => {
  const error = new Error('second')
  const failed = errorOf(
    inParallel([
      () => sleep(20).then(() => 'first'),
      () => {
        throw error
      },
      () => sleep(10).then(() => 'third'),
    ]),
  )
  await ground.clock.advance(20)
  const { outcomes, cause, code } = (await failed) as unknown as InParallelError
  expect({ code, cause }).toEqual({ code: 'IN_PARALLEL', cause: error })
  expect(outcomes).toEqual([
    { status: 'fulfilled', value: 'first' },
    { status: 'rejected', reason: error },
    { status: 'fulfilled', value: 'third' },
  ])
})

test('failures of all are all there, and nobody reports them', async () => {
  const errors = [new Error('one'), new Error('other')]
  const failed = await errorOf(inParallel(errors.map((error) => () => Promise.reject(error))))
  expect(failed).toBeInstanceOf(InParallelError)
  expect((failed as unknown as InParallelError).outcomes).toEqual(
    errors.map((reason) => ({ status: 'rejected', reason })),
  )
  await ground.clock.settle()
})

test('interrupting the caller interrupts the functions, waits for them and then passes', async () => {
  const ends: string[] = []
  const caller = spawn(() =>
    inParallel([
      async () => {
        try {
          await sleep(Infinity)
        } finally {
          await shield(100, () => sleep(5))
          ends.push('one')
        }
      },
      () => sleep(Infinity).finally(() => ends.push('other')),
    ]),
  )
  await ground.clock.settle()
  caller.interrupt('x')
  const failed = errorOf(caller.join())
  await ground.clock.settle()
  expect(ends).toEqual(['other'])
  await ground.clock.advance(5)
  expect(await failed).toMatchObject({ code: 'INTERRUPTED', reason: 'x' })
  expect(ends).toEqual(['other', 'one'])
})

test('a timeout around it ends the functions, and is TimeoutError outside', async () => {
  const ends: unknown[] = []
  const failed = errorOf(
    withTimeout(10, () =>
      inParallel([
        () => sleep(Infinity).catch((error: Interrupted) => ends.push(error.code)),
        () => sleep(5).then(() => 'ended'),
      ]),
    ),
  )
  await ground.clock.advance(10)
  expect(await failed).toBeInstanceOf(TimeoutError)
  expect(ends).toEqual(['INTERRUPTED'])
})

test('a function that is interrupted alone is an outcome like any other', async () => {
  const failed = errorOf(inParallel([{ doomed: () => sleep(Infinity) }.doomed, () => 'other']))
  await ground.clock.settle()
  all()
    .find(({ name }) => name === 'doomed')
    ?.interrupt('x')
  expect(((await failed) as unknown as InParallelError).outcomes).toMatchObject([
    { status: 'rejected', reason: { reason: 'x' } },
    { status: 'fulfilled', value: 'other' },
  ])
})

test('in a cancelled scope nothing is started', async () => {
  let started = 0
  const coroutine = spawn(async () => {
    await sleep(Infinity).catch(() => {})
    await inParallel([() => started++])
  })
  await ground.clock.settle()
  coroutine.interrupt()
  await coroutine.join()
  expect(started).toBe(1)
  const doomed = spawn(async () => {
    await sleep(Infinity).catch(() => {})
    await inParallel([() => started++])
  })
  await ground.clock.settle()
  doomed.shutdown()
  expect(await errorOf(doomed.join())).toMatchObject({ code: 'SHUTDOWN' })
  expect(started).toBe(1)
})

test('inParallel within inParallel gives lists in lists', async () => {
  const results = await inParallel([
    () => inParallel([() => 1, () => 'two']),
    async () => inParallel([() => 3]),
  ])
  // The types say so too.
  const [[one, two], [three]]: [[number, string], [number]] = results
  expect([one, two, three]).toEqual([1, 'two', 3])
})

const noLists: readonly (readonly [what: string, functions: unknown])[] = [
  ['nothing', undefined],
  ['a function', () => {}],
  ['a list with something else', [() => {}, 5]],
  ['a set', new Set()],
]

test.each(noLists)('%s is refused, and nothing is started', async (_, functions) => {
  expect(await errorOf(inParallel(functions as never))).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' })
  expect(all()).toEqual([])
})

test('the list may change after the call without any effect', async () => {
  const functions: (() => unknown)[] = [() => sleep(5).then(() => 'kept')]
  const results = inParallel(functions)
  functions.push(() => 'added')
  await ground.clock.advance(5)
  expect(await results).toEqual(['kept'])
})
