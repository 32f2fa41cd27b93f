import { once } from 'node:events'
import { Duplex, PassThrough } from 'node:stream'
import { expectFlatHeap } from '@shrapnel/test-support'
import { describe, expect, test } from 'vitest'
import { fromDuplex } from '../../src/bridge/from-duplex.js'
import { yieldSlice } from '../../src/scope/sleep.js'
import { BufferedReader } from '../../src/stream/buffered-reader.js'
import { receive, receiveAll, waiting } from '../stream/stream-contract.js'
import { duplexPair, netPair, unhandledDuring } from './sides.js'

function listenersOf(duplex: Duplex): number {
  return duplex.eventNames().reduce((sum, name) => sum + duplex.listenerCount(name), 0)
}

describe('a stream over a Duplex', () => {
  test('begins with what the Duplex had read before', async () => {
    const duplex = new PassThrough()
    duplex.write('early ')
    const stream = fromDuplex(duplex)
    await stream.send('late')
    expect(String(await receive(stream, 10))).toBe('early late')
    stream.close()
  })

  test('takes no more from the Duplex than it is asked for', async () => {
    let pushed = 0
    const duplex = new Duplex({
      readableHighWaterMark: 100,
      read() {
        pushed += 50
        this.push(Buffer.alloc(50))
      },
      write(_chunk, _encoding, done) {
        done()
      },
    })
    const stream = fromDuplex(duplex)
    for (let turn = 0; turn < 5; turn++) await yieldSlice()
    expect(pushed).toBeLessThanOrEqual(150)
    await receive(stream, 120)
    expect(pushed).toBeLessThanOrEqual(300)
    stream.close()
  })

  test('is as good as any to a BufferedReader', async () => {
    const [left, right] = await netPair()
    const reader = new BufferedReader(fromDuplex(right))
    left.end('one\r\ntwo\r\n')
    const lines: string[] = []
    for await (const line of reader.lines()) lines.push(line)
    expect(lines).toEqual(['one', 'two'])
    right.destroy()
  })

  test('gives an error of the Duplex to whoever waits, and to everyone after', async () => {
    const reasons = await unhandledDuring(async () => {
      const [duplex, other] = duplexPair()
      other.on('error', () => {})
      const stream = fromDuplex(duplex)
      const receiver = await waiting(() => stream.recv())
      const sender = await waiting(() => stream.send(Buffer.alloc(1_000_000)))
      duplex.destroy(Object.assign(new Error('torn'), { code: 'ETORN' }))
      await expect(receiver.join()).rejects.toMatchObject({ code: 'ETORN' })
      await expect(sender.join()).rejects.toMatchObject({ code: 'ETORN' })
      expect(stream.isClosed).toBe(true)
      for (const call of [() => stream.recv(), () => stream.send('x'), () => stream.shutdown()]) {
        await expect(async () => call()).rejects.toMatchObject({ code: 'ETORN' })
      }
    })
    expect(reasons).toEqual([])
  })

  test('whose Duplex somebody destroyed is closed, for who waits too', async () => {
    const [duplex] = duplexPair()
    const stream = fromDuplex(duplex)
    const receiver = await waiting(() => stream.recv())
    duplex.destroy()
    await expect(receiver.join()).rejects.toMatchObject({ name: 'ClosedError', code: 'CLOSED' })
    expect(stream.isClosed).toBe(true)
    await expect(async () => stream.send('x')).rejects.toMatchObject({ code: 'CLOSED' })
  })

  test('over a Duplex that has ended reads an end; over one that failed, the error; over one that is gone, CLOSED', async () => {
    const ended = new PassThrough({ allowHalfOpen: true, autoDestroy: false })
    ended.end()
    ended.resume()
    await once(ended, 'end')
    expect(await fromDuplex(ended).recv()).toHaveLength(0)
    const failed = new PassThrough().on('error', () => {})
    failed.destroy(Object.assign(new Error(), { code: 'EOLD' }))
    await new Promise((resolve) => failed.once('close', resolve))
    await expect(async () => fromDuplex(failed).recv()).rejects.toMatchObject({ code: 'EOLD' })
    const gone = new PassThrough()
    gone.destroy()
    await expect(async () => fromDuplex(gone).recv()).rejects.toMatchObject({ code: 'CLOSED' })
  })

  test('waits for room that somebody else took, and sends nothing if it is cancelled there', async () => {
    const [left, right] = duplexPair()
    left.write(Buffer.alloc(100_000, 'o'))
    const stream = fromDuplex(left)
    const doomed = await waiting(() => stream.send('never'))
    doomed.interrupt()
    await expect(doomed.join()).rejects.toMatchObject({ code: 'INTERRUPTED' })
    expect(stream.isClosed).toBe(false)
    const sender = await waiting(() => stream.send('then this'))
    const far = fromDuplex(right)
    expect(String(await receive(far, 100_009))).toBe(`${'o'.repeat(100_000)}then this`)
    await sender.join()
    far.close()
    stream.close()
  })

  test('a shutdown that is cancelled goes on', async () => {
    let finish = (): void => {}
    const duplex = new Duplex({
      read() {},
      write(_chunk, _encoding, done) {
        done()
      },
      final(done) {
        finish = done
      },
    })
    const stream = fromDuplex(duplex)
    const doomed = await waiting(() => stream.shutdown())
    doomed.interrupt()
    await expect(doomed.join()).rejects.toMatchObject({ code: 'INTERRUPTED' })
    const again = await waiting(() => stream.shutdown())
    finish()
    await again.join()
    await stream.shutdown()
    stream.close()
  })
})

describe('closing a stream over a Duplex', () => {
  test('destroys the Duplex and leaves no listener', async () => {
    const [left, right] = await netPair()
    const before = listenersOf(left)
    const stream = fromDuplex(left)
    expect(listenersOf(left)).toBeGreaterThan(before)
    await stream.send('x')
    const closed = once(left, 'close')
    stream.close()
    await closed
    expect(left.destroyed).toBe(true)
    expect(listenersOf(left)).toBeLessThanOrEqual(before)
    right.destroy()
  })

  test('in the middle of everything leaves no rejection behind', async () => {
    const reasons = await unhandledDuring(async () => {
      const [left, right] = await netPair()
      const stream = fromDuplex(left)
      const receiver = await waiting(() => stream.recv())
      const sender = await waiting(() => stream.send(Buffer.alloc(30_000_000)))
      stream.close()
      await Promise.allSettled([receiver.join(), sender.join()])
      right.on('error', () => {}).destroy()
    })
    expect(reasons).toEqual([])
  })

  test('when nothing is on its way tells the other side of a tunnel that it is the end', async () => {
    const [left, right] = duplexPair()
    const stream = fromDuplex(left)
    const far = fromDuplex(right)
    const all = await waiting(() => receiveAll(far))
    await stream.send('bye')
    stream.close()
    expect(String(await all.join())).toBe('bye')
    far.close()
  })
})

test.each([
  ['nothing', undefined],
  ['a string', 'duplex'],
  ['an empty object', {}],
  ['a Duplex of objects', new PassThrough({ objectMode: true })],
  ['a Duplex that reads objects', new PassThrough({ readableObjectMode: true })],
  ['a Duplex that decodes', new PassThrough({ encoding: 'utf8' })],
])('%s is refused', (_what, duplex) => {
  expect(() => fromDuplex(duplex as never)).toThrow(TypeError)
})

test('nothing is retained by waits that were cancelled, nor by streams that were closed', async () => {
  const kept = fromDuplex(new PassThrough())
  const round = async (): Promise<void> => {
    const doomed = await waiting(() => kept.recv())
    doomed.interrupt()
    await doomed.join().catch(() => {})
    const stream = fromDuplex(new PassThrough())
    await stream.send('x')
    await stream.recv()
    stream.close()
  }
  await expectFlatHeap(3000, round, { warmUpRounds: 1500, toleranceBytes: 1_000_000 })
  kept.close()
})
