import { VirtualClock } from '@shrapnel/test-support'
import { expect, test } from 'vitest'
import { Channel } from '../../src/channel/channel.js'
import { defaultCase, select, timeoutCase } from '../../src/channel/select.js'
import { TimeoutError } from '../../src/errors.js'
import { useClock } from '../../src/runtime/timers.js'
import { sleep, yieldSlice } from '../../src/scope/sleep.js'
import { withTimeout } from '../../src/scope/with-timeout.js'
import { spawn } from '../../src/spawn.js'
import { turns } from '../sync/matrix.js'

function channels(count: number, capacity = 0): Channel<number>[] {
  return Array.from({ length: count }, () => new Channel<number>(capacity))
}

test('the one case that is ready happens, without a promise, and the result says which', () => {
  const [a, b] = channels(2, 1) as [Channel<number>, Channel<number>]
  b.trySend(7)
  const cases = [a.receiveCase(), b.receiveCase()]
  expect(select(cases)).toEqual({
    kind: 'receive',
    case: cases[1],
    index: 1,
    channel: b,
    closed: false,
    value: 7,
  })
  const sending = a.sendCase(5)
  expect(select([sending])).toEqual({
    kind: 'send',
    case: sending,
    index: 0,
    channel: a,
    closed: false,
    value: undefined,
  })
  expect(a.receive()).toBe(5)
})

test('where none is ready it waits for the first that can happen, and the others leave no trace', async () => {
  const all = channels(3)
  const selecting = spawn(() => select(all.map((each) => each.receiveCase())))
  await turns()
  expect(all.map((each) => each.balance)).toEqual([-1, -1, -1])
  expect(all[1]?.trySend(5)).toBe(true)
  expect(all.map((each) => each.balance)).toEqual([0, 0, 0])
  expect(all[0]?.trySend(6), 'nobody waits there any more').toBe(false)
  expect(await selecting.join()).toMatchObject({ index: 1, channel: all[1], value: 5 })
})

test('a select that sends gives its value to exactly one receiver', async () => {
  const [a, b] = channels(2) as [Channel<number>, Channel<number>]
  const selecting = spawn(() => select([a.sendCase(1), b.sendCase(2)]))
  await turns()
  expect([a.balance, b.balance]).toEqual([1, 1])
  expect(b.receive()).toBe(2)
  expect([a.balance, b.balance]).toEqual([0, 0])
  expect(a.tryReceive()).toBeUndefined()
  expect(await selecting.join()).toMatchObject({ kind: 'send', index: 1, channel: b })
})

test('of several cases that are ready each is picked as often as any other', async () => {
  const ROUNDS = 8000
  const all = channels(8, 1)
  // Two are never ready: being beside them must not make a case more likely.
  const ready = [0, 1, 3, 4, 5, 7]
  const counts = new Map<number, number>()
  for (let round = 0; round < ROUNDS; round++) {
    for (const index of ready) all[index]?.trySend(index)
    const { index } = await select(all.map((each) => each.receiveCase()))
    counts.set(index, (counts.get(index) ?? 0) + 1)
  }
  expect([...counts.keys()].sort()).toEqual(ready)
  const fair = ROUNDS / ready.length
  const chiSquare = [...counts.values()].reduce((sum, count) => sum + (count - fair) ** 2 / fair, 0)
  // Five degrees of freedom: above 35 in one of 700,000 runs.
  expect(chiSquare).toBeLessThan(35)
})

test('null never happens', async () => {
  const [a, b] = channels(2, 1) as [Channel<number>, Channel<number>]
  a.trySend(1)
  b.trySend(2)
  for (let round = 0; round < 20; round++) {
    const result = await select([null, b.receiveCase(), null])
    expect(result).toMatchObject({ index: 1, value: 2 })
    b.trySend(2)
  }
})

test.each([[[]], [[null, null]]])('a select over %j waits until it is cancelled', async (cases) => {
  const selecting = spawn(() => select(cases))
  await turns()
  expect(selecting.waitingOn).toBe(`select over ${cases.length} cases`)
  selecting.interrupt()
  await expect(selecting.join()).rejects.toMatchObject({ code: 'INTERRUPTED' })
})

test('a default case happens if nothing else can, and only then', async () => {
  const [a] = channels(1, 1) as [Channel<number>]
  const otherwise = defaultCase()
  expect(select([a.receiveCase(), otherwise])).toMatchObject({ kind: 'default', index: 1, case: otherwise })
  expect(a.balance).toBe(0)
  a.trySend(1)
  for (let round = 0; round < 20; round++) {
    expect(await select([otherwise, a.receiveCase()])).toMatchObject({ index: 1, value: 1 })
    a.trySend(1)
  }
})

test('the same channel may stand in several cases: one value makes one of them happen', async () => {
  const [a] = channels(1) as [Channel<number>]
  const cases = [a.receiveCase(), a.receiveCase(), a.receiveCase()]
  const selecting = spawn(() => select(cases))
  await turns()
  expect(a.balance).toBe(-3)
  a.trySend(4)
  expect(a.balance).toBe(0)
  expect(await selecting.join()).toMatchObject({ index: 0, value: 4 })
})

test('one case object may stand twice in a select, and in several selects at once', async () => {
  const [a] = channels(1) as [Channel<number>]
  const shared = a.receiveCase()
  const selects = [1, 2].map(() => spawn(() => select([shared, shared])))
  await turns()
  expect(a.balance).toBe(-4)
  a.trySend(1)
  expect(a.balance).toBe(-2)
  a.trySend(2)
  expect(a.balance).toBe(0)
  expect((await Promise.all(selects.map((each) => each.join()))).map(({ value }) => value)).toEqual([1, 2])
})

test('a select that sends and receives on one channel does not meet itself', async () => {
  const [a] = channels(1) as [Channel<number>]
  const both = (value: number) => spawn(() => select([a.sendCase(value), a.receiveCase()]))
  const first = both(1)
  await turns()
  expect(first.waitingOn).toBe('select over 2 cases')
  const second = both(2)
  const results = [await first.join(), await second.join()]
  expect(results.map(({ kind }) => kind).sort()).toEqual(['receive', 'send'])
  expect(a.balance).toBe(0)
  const received = results.find(({ kind }) => kind === 'receive')
  expect(received?.value, 'what the other sent').toBe(received === results[0] ? 2 : 1)
})

test('two selects that face each other agree on one exchange', async () => {
  for (let round = 0; round < 50; round++) {
    const [a, b] = channels(2) as [Channel<number>, Channel<number>]
    const one = spawn(() => select([a.sendCase(1), b.receiveCase()]))
    const other = spawn(() => select([a.receiveCase(), b.sendCase(2)]))
    const [mine, yours] = [await one.join(), await other.join()]
    expect(mine.index).toBe(yours.index)
    expect([mine.value, yours.value]).toEqual(mine.index === 0 ? [undefined, 1] : [2, undefined])
    expect([a.balance, b.balance]).toEqual([0, 0])
  }
})

test('receiving on a closed, empty channel is ready and says so; what is buffered comes first', async () => {
  const channel = new Channel<number>(1)
  channel.trySend(1)
  channel.close()
  expect(await select([channel.receiveCase()])).toMatchObject({ closed: false, value: 1 })
  expect(await select([channel.receiveCase()])).toMatchObject({
    closed: true,
    value: undefined,
    index: 0,
    channel,
  })
})

test('closing a channel makes a waiting receive case happen, and fails a waiting send case', async () => {
  const [a, b] = channels(2) as [Channel<number>, Channel<number>]
  const receiving = spawn(() => select([a.receiveCase(), b.receiveCase()]))
  await turns()
  b.close()
  expect(await receiving.join()).toMatchObject({ index: 1, closed: true })
  expect(a.balance).toBe(0)
  const [c, d] = channels(2) as [Channel<number>, Channel<number>]
  const sending = spawn(() => select([c.sendCase(1), d.sendCase(2)]))
  const failure = expect(sending.join()).rejects.toMatchObject({ code: 'CHANNEL_CLOSED' })
  await turns()
  d.close()
  await failure
  expect(c.balance).toBe(0)
  await expect(select([d.sendCase(1)])).rejects.toMatchObject({ code: 'CHANNEL_CLOSED' })
})

test('an error that was sent fails the select that receives it, waiting or not', async () => {
  const [a, b] = channels(2, 1) as [Channel<number>, Channel<number>]
  const error = new Error('no row')
  void a.sendError(error)
  await expect(select([a.receiveCase(), b.receiveCase()])).rejects.toBe(error)
  const selecting = spawn(() => select([a.receiveCase(), b.receiveCase()]))
  const failure = expect(selecting.join()).rejects.toBe(error)
  await turns()
  void b.sendError(error)
  await failure
  expect([a.balance, b.balance]).toEqual([0, 0])
})

test('a timeout case happens when its time has come, and nothing before', async () => {
  const clock = new VirtualClock()
  const restore = useClock(clock)
  try {
    const [a] = channels(1) as [Channel<number>]
    const timeout = timeoutCase(100)
    const selecting = spawn(() => select([a.receiveCase(), timeout, timeoutCase(200), timeoutCase(Infinity)]))
    await turns()
    await clock.advance(99)
    expect(a.balance).toBe(-1)
    await clock.advance(1)
    expect(await selecting.join()).toMatchObject({
      kind: 'timeout',
      index: 1,
      case: timeout,
      channel: undefined,
    })
    expect(a.balance).toBe(0)
    expect(clock.pendingAlarm === undefined || clock.pendingAlarm.at > 100, 'nothing is due').toBe(true)
  } finally {
    restore()
  }
})

test('what is sent in the turn in which a timeout is due beats the timeout', async () => {
  const clock = new VirtualClock()
  const restore = useClock(clock)
  try {
    const [a] = channels(1) as [Channel<number>]
    const selecting = spawn(() => select([timeoutCase(10), a.receiveCase()]))
    await turns()
    const sender = spawn(async () => {
      await sleep(10)
      await a.send(1)
    })
    await clock.advance(10)
    expect(await selecting.join()).toMatchObject({ kind: 'receive', value: 1 })
    await sender.join()
    await clock.advance(100)
    expect(a.balance).toBe(0)
  } finally {
    restore()
  }
})

test('a timeout of 0 waits one turn, in which others may send', async () => {
  const [a] = channels(1) as [Channel<number>]
  spawn(() => a.send(1))
  expect(await select([timeoutCase(0), a.receiveCase()])).toMatchObject({ index: 1, value: 1 })
  expect(await select([timeoutCase(0), a.receiveCase()])).toMatchObject({ index: 0, kind: 'timeout' })
})

test('a select that is cancelled has done nothing and leaves no trace on any channel or clock', async () => {
  const clock = new VirtualClock()
  const restore = useClock(clock)
  try {
    const all = channels(4)
    const [a, b, c, d] = all as [Channel<number>, Channel<number>, Channel<number>, Channel<number>]
    const selecting = spawn(() =>
      withTimeout(5, () =>
        select([a.receiveCase(), b.sendCase(1), c.receiveCase(), d.sendCase(2), timeoutCase(50)]),
      ),
    )
    const failure = expect(selecting.join()).rejects.toBeInstanceOf(TimeoutError)
    await turns()
    expect(all.map((each) => each.balance)).toEqual([-1, 1, -1, 1])
    await clock.advance(6)
    await failure
    expect(all.map((each) => each.balance)).toEqual([0, 0, 0, 0])
    await clock.advance(100)
    expect(all.map((each) => each.balance)).toEqual([0, 0, 0, 0])
  } finally {
    restore()
  }
})

test('what was chosen is delivered although an interrupt comes before the select has run', async () => {
  const [a, b] = channels(2) as [Channel<number>, Channel<number>]
  const selecting = spawn(async () => {
    const { value } = await select([a.receiveCase(), b.receiveCase()])
    await expect(yieldSlice()).rejects.toMatchObject({ code: 'INTERRUPTED' })
    return value
  })
  await turns()
  b.trySend(9)
  selecting.interrupt()
  expect(await selecting.join()).toBe(9)
})

test('what is no list of cases is refused', () => {
  const notCases = expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' })
  expect(() => select(undefined as never)).toThrow(notCases)
  expect(() => select([undefined] as never)).toThrow(notCases)
  expect(() => select([new Channel()] as never)).toThrow(notCases)
  expect(() => timeoutCase(-1)).toThrow(RangeError)
  expect(() => timeoutCase('1' as never)).toThrow(notCases)
})
