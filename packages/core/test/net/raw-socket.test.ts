/** A socket's descriptor, lent to native code of another package. */
import { expect, test } from 'vitest'
import { native } from '../../src/native.js'
import { socketPair } from '../../src/net/pair.js'
import { CROSSED, LATER, PENDING, type RawOperation, type RawSocket } from '../../src/net/raw-socket.js'
import { yieldSlice } from '../../src/scope/sleep.js'
import { spawn } from '../../src/spawn.js'
import { waiting } from '../stream/stream-contract.js'

const buffer = Buffer.alloc(16)

/** Reads by a system call of its own. */
function reading(raw: RawSocket, more: Partial<RawOperation<string>> = {}): RawOperation<string> {
  return {
    verb: 'own read',
    try() {
      const count = native.read(raw.fd, buffer, 0, buffer.length)
      return count < 0 ? PENDING : buffer.toString('latin1', 0, count)
    },
    ...more,
  }
}

test('an operation that finds nothing waits for the kernel, and is tried again', async () => {
  const [left, right] = socketPair()
  const raw = right.raw()
  const reader = await waiting(async () => raw.attempt('read', reading(raw)))
  expect(reader.waitingOn).toContain('own read')
  await left.send('came')
  expect(await reader.join()).toBe('came')
  left.close()
  right.close()
})

test('one that is cancelled is told so and not tried again, and the socket can be used afterwards', async () => {
  const [left, right] = socketPair()
  const raw = right.raw()
  let cancellations = 0
  const operation = reading(raw, { cancelled: () => cancellations++ })
  const doomed = await waiting(async () => raw.attempt('read', operation))
  doomed.interrupt()
  await expect(doomed.join()).rejects.toMatchObject({ code: 'INTERRUPTED' })
  expect(cancellations).toBe(1)
  await left.send('kept')
  expect(await raw.attempt('read', reading(raw))).toBe('kept')
  left.close()
  right.close()
})

test('one that says LATER lets others have their turn, keeps its direction, and goes on without an event', async () => {
  const [left, right] = socketPair()
  const raw = left.raw()
  let tries = 0
  const patient = spawn(async () =>
    raw.attempt('write', { verb: 'own write', try: () => (++tries < 5 ? LATER : 'done') }),
  )
  while (tries === 0) await yieldSlice()
  expect(() => left.send('x')).toThrow(expect.objectContaining({ code: 'SIMULTANEOUS' }))
  const turns: number[] = []
  for (; !patient.isDead; await yieldSlice()) turns.push(tries)
  expect(await patient.join()).toBe('done')
  expect(turns).toEqual(expect.arrayContaining([2, 3, 4]))
  left.close()
  right.close()
})

test('what was said to be exhausted waits for the next event', async () => {
  const [left, right] = socketPair()
  const raw = right.raw()
  await left.send('first')
  expect(await raw.attempt('read', reading(raw))).toBe('first')
  raw.exhaust('read')
  const reader = await waiting(async () => raw.attempt('read', reading(raw)))
  await left.send('second')
  expect(await reader.join()).toBe('second')
  left.close()
  right.close()
})

test.each([
  ['nobody else reads', false],
  ['somebody else reads', true],
])(
  'a writer that has to read first is tried again when something came, where %s',
  async (_who, hasReader) => {
    const [left, right] = socketPair()
    const raw = left.raw()
    let heard = ''
    const hear = () => {
      const count = native.read(raw.fd, buffer, 0, buffer.length)
      if (count > 0) heard = buffer.toString('latin1', 0, count)
      return count < 0 ? PENDING : 'read'
    }
    const patient = await waiting(async () =>
      raw.attempt('write', {
        verb: 'own write',
        try() {
          if (!hasReader) hear()
          return heard === '' ? CROSSED : 'written'
        },
      }),
    )
    const reader = hasReader
      ? await waiting(async () => raw.attempt('read', { verb: 'own read', try: hear }))
      : undefined
    await right.send('now')
    expect([await patient.join(), heard]).toEqual(['written', 'now'])
    expect(await reader?.join()).toBe(hasReader ? 'read' : undefined)
    left.close()
    right.close()
  },
)

test('one that is cancelled while it has to read first is told of nothing that comes later', async () => {
  const [left, right] = socketPair()
  const raw = left.raw()
  let tries = 0
  const doomed = await waiting(async () =>
    raw.attempt('write', {
      verb: 'own write',
      try() {
        tries++
        return CROSSED
      },
    }),
  )
  doomed.interrupt()
  await expect(doomed.join()).rejects.toMatchObject({ code: 'INTERRUPTED' })
  const before = tries
  await right.send('late')
  expect(String(await left.recv())).toBe('late')
  await left.send('fine')
  expect(tries).toBe(before)
  left.close()
  right.close()
})

test('what something else than an event has made possible is tried in the next turn', async () => {
  const [left, right] = socketPair()
  const raw = right.raw()
  let isThere = false
  const operation = { verb: 'own read', try: () => (isThere ? 'there' : PENDING) } as const
  const reader = await waiting(async () => raw.attempt('read', operation))
  isThere = true
  raw.retry('read')
  expect(await reader.join()).toBe('there')
  raw.exhaust('read')
  raw.retry('read')
  expect(raw.attempt('read', operation)).toBe('there')
  left.close()
  right.close()
})

test('it reads and writes now or not at all, beside an operation that waits', async () => {
  const [left, right] = socketPair()
  const raw = right.raw()
  expect(raw.isReadable).toBe(true)
  expect(raw.read(buffer, 0, buffer.length)).toBeLessThan(0)
  expect(raw.isReadable).toBe(false)
  const reader = await waiting(async () => raw.attempt('read', { verb: 'wait', try: () => PENDING }))
  expect(raw.write(Buffer.from('xabcx'), 1, 4)).toBe(3)
  expect((await left.recv()).toString()).toBe('abc')
  await left.send('de')
  expect(raw.read(buffer, 1, 2)).toBe(2)
  expect(buffer.toString('latin1', 1, 3)).toBe('de')
  left.close()
  while (raw.read(buffer, 0, 1) !== 0) await yieldSlice()
  reader.interrupt()
  await expect(reader.join()).rejects.toMatchObject({ code: 'INTERRUPTED' })
  right.close()
  expect(() => raw.read(buffer, 0, 1)).toThrow(expect.objectContaining({ code: 'EBADF' }))
})

test('an operation that left what there was where it was is tried again when it is told to', async () => {
  const [left, right] = socketPair()
  const raw = right.raw()
  let isWanted = false
  let looks = 0
  const operation: RawOperation<string> = {
    verb: 'choosy read',
    try() {
      looks++
      if (!isWanted) return PENDING
      const count = raw.read(buffer, 0, buffer.length)
      return count < 0 ? PENDING : buffer.toString('latin1', 0, count)
    },
  }
  const reader = await waiting(async () => raw.attempt('read', operation))
  const before = looks
  await left.send('kept')
  while (looks === before) await yieldSlice()
  isWanted = true
  raw.retryNow('read')
  expect(await reader.join()).toBe('kept')
  raw.retryNow('read')
  right.close()
  raw.retryNow('write')
  left.close()
})

test('what the kernel has taken is seen to change, whichever way it was sent', async () => {
  const [left, right] = socketPair()
  const raw = left.raw()
  const seen = [raw.taken]
  await left.send('1')
  seen.push(raw.taken)
  await left.sendv(['2', '3'])
  seen.push(raw.taken)
  raw.write(buffer, 0, 4)
  seen.push(raw.taken)
  expect(seen).toEqual([0, 1, 3, 7])
  left.close()
  right.close()
})
