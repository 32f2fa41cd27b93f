/** Large objects of a real server. */
import { Interrupted, memoryStreamPair, type Socket, socketPair, spawn, withTimeout } from '@shrapnel/core'
import { heapUsedAfterGc, type PostgresServer, seededRandom, startPostgres } from '@shrapnel/test-support'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type Connection,
  connect,
  type LargeObjectMode,
  type LargeObjects,
  largeObjects,
} from '../../src/index.js'

let server: PostgresServer
let db: Connection

beforeAll(async () => {
  server = await startPostgres()
  db = await connect(server.url)
}, 60_000)

afterAll(async () => {
  await db.end()
  await server.stop()
})

const MIB = 1024 * 1024
const within = <T>(fn: (objects: LargeObjects) => Promise<T>) => db.begin((tx) => fn(largeObjects(tx)))
const count = async () => Number(await server.psql('select count(*) from pg_largeobject_metadata'))

describe('a large object', () => {
  test('is written, read, sought in, cut off and deleted', async () => {
    const oid = await within(async (objects) => {
      const made = await objects.create()
      await using object = await objects.open(made, 'rw')
      await object.write('hello, world')
      expect(await object.tell()).toBe(12)
      expect(await object.seek(7)).toBe(7)
      expect((await object.read(100)).toString()).toBe('world')
      expect(await object.read(100)).toHaveLength(0)
      expect(await object.seek(-5, 'end')).toBe(7)
      expect(await object.size()).toBe(12)
      expect(await object.tell()).toBe(7)
      expect(await object.seek(-2, 'current')).toBe(5)
      await object.write(Buffer.from('!'))
      await object.truncate(6)
      expect(await object.size()).toBe(6)
      await object.truncate(8)
      await object.seek(0)
      expect(await object.read(20)).toEqual(Buffer.from('hello!\0\0'))
      return made
    })
    await within(async (objects) => {
      const object = await objects.open(oid)
      expect((await object.read(5)).toString()).toBe('hello')
      await object.close()
      await object.close()
      await expect(object.read(1)).rejects.toMatchObject({ code: 'PG_CLOSED' })
      await objects.unlink(oid)
    })
    expect(await count()).toBe(0)
  })

  test('has places beyond four gigabytes', async () => {
    await within(async (objects) => {
      const oid = await objects.create()
      const object = await objects.open(oid, 'rw')
      const far = 3 * 2 ** 40
      expect(await object.seek(far)).toBe(far)
      await object.write('x')
      expect(await object.size()).toBe(far + 1)
      expect(await object.seek(-1, 'current')).toBe(far)
      expect((await object.read(2)).toString()).toBe('x')
      await object.truncate(2 ** 40)
      expect(await object.size()).toBe(2 ** 40)
      await objects.unlink(oid)
    })
  })

  test('goes with the transaction that made it, if that is rolled back', async () => {
    const failing = within(async (objects) => {
      await objects.import(['abc'])
      throw new Error('no')
    })
    await expect(failing).rejects.toThrow('no')
    expect(await count()).toBe(0)
  })

  test('that is not there is what the server says', async () => {
    const opening = (mode: LargeObjectMode) => within((objects) => objects.open(4_000_000_000, mode))
    await expect(opening('r')).rejects.toMatchObject({ code: 'PG_SERVER', sqlState: '42704' })
    await expect(opening('rw')).rejects.toMatchObject({ code: 'PG_SERVER', sqlState: '42704' })
    await expect(within((objects) => objects.unlink(4_000_000_000))).rejects.toMatchObject({
      sqlState: '42704',
    })
    expect((await db.query('select 1 as one'))[0]).toEqual({ one: 1 })
  })

  test('that is only read cannot be written to', async () => {
    const writing = within(async (objects) => {
      await using object = await objects.open(await objects.create(), 'r')
      await object.write('x')
    })
    await expect(writing).rejects.toMatchObject({ code: 'PG_SERVER', sqlState: '55000' })
  })

  test('is used on a reserved connection in a transaction of its own, and on nothing else', async () => {
    using reserved = await db.reserve()
    await reserved.query('begin')
    const oid = await largeObjects(reserved).import([Buffer.from('abc')])
    await reserved.query('commit')
    await expect(
      largeObjects(reserved)
        .open(oid)
        .then((object) => object.read(1)),
    ).rejects.toMatchObject({
      sqlState: '42704',
    })
    await reserved.query('select lo_unlink($1)', [oid])
    expect(() => largeObjects(db as never)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }))
  })

  test('takes no arguments that mean nothing', async () => {
    await within(async (objects) => {
      await expect(objects.open(-1)).rejects.toMatchObject({ code: 'ERR_OUT_OF_RANGE' })
      await expect(objects.open(1, 'x' as never)).rejects.toMatchObject({ code: 'ERR_OUT_OF_RANGE' })
      await using object = await objects.open(await objects.create(), 'rw')
      await expect(object.seek(-1)).rejects.toMatchObject({ code: 'ERR_OUT_OF_RANGE' })
      await expect(object.seek(0, 'middle' as never)).rejects.toMatchObject({ code: 'ERR_OUT_OF_RANGE' })
      await expect(object.write(5 as never)).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' })
      await expect(object.read(1.5)).rejects.toMatchObject({ code: 'ERR_OUT_OF_RANGE' })
      await objects.unlink(object.oid)
    })
  })
})

/** 20 MiB that no piece of it repeats. */
const TOTAL = 20 * MIB
function* noise(): Generator<Buffer> {
  const random = seededRandom(7)
  for (let at = 0; at < TOTAL; at += 65_536) {
    const piece = Buffer.alloc(65_536)
    piece.writeUInt32BE(at, 0)
    piece.writeDoubleBE(random(), 8)
    yield piece
  }
}

describe('20 megabytes', () => {
  test('come in and go out in bounded memory', async () => {
    await heapUsedAfterGc()
    const before = process.memoryUsage().arrayBuffers
    let most = 0
    let looks = 0
    const look = async () => {
      // Garbage is no matter.
      if (++looks % 160 === 0) await heapUsedAfterGc()
      if (looks % 160 === 0) most = Math.max(most, process.memoryUsage().arrayBuffers)
    }
    const looked = async function* () {
      for (const piece of noise()) {
        await look()
        yield piece
      }
    }
    const oid = await within((objects) => objects.import(looked()))
    const [ours, theirs] = socketPair()
    const reading = spawn(async () => {
      const expected = noise()
      let received = 0
      for (;;) {
        const piece = await recvAll(theirs, 65_536)
        if (piece.length === 0) return received
        await look()
        received += piece.length
        if (!piece.equals(expected.next().value as Buffer)) throw new Error(`it differs before ${received}`)
      }
    })
    expect(await within((objects) => objects.export(oid, ours))).toBe(TOTAL)
    ours.close()
    expect(await reading.join()).toBe(TOTAL)
    theirs.close()
    expect(looks).toBe((2 * TOTAL) / 65_536)
    expect(most - before).toBeLessThan(TOTAL / 4)
    await within((objects) => objects.unlink(oid))
  }, 60_000)

  async function recvAll(socket: Socket, bytes: number): Promise<Buffer> {
    const pieces: Buffer[] = []
    let left = bytes
    while (left > 0) {
      const piece = await socket.recv(left)
      if (piece.length === 0) break
      pieces.push(piece)
      left -= piece.length
    }
    return Buffer.concat(pieces)
  }
})

describe('as a stream', () => {
  test('it is read to its end, and written to', async () => {
    await within(async (objects) => {
      const oid = await objects.create()
      const out = (await objects.open(oid, 'w')).stream()
      await out.send('one ')
      await out.sendv([Buffer.from('two '), 'three'])
      await out.shutdown()
      await expect(out.send('x')).rejects.toMatchObject({ code: 'CLOSED' })
      out.close()
      const back = (await objects.open(oid)).stream()
      expect((await back.recv(4)).toString()).toBe('one ')
      const target = Buffer.alloc(4)
      expect(await back.recvInto(target)).toBe(4)
      expect(target.toString()).toBe('two ')
      expect((await back.recv()).toString()).toBe('three')
      expect(await back.recv()).toHaveLength(0)
      // Another object from this one.
      const copied = await objects.import((await objects.open(oid)).stream())
      const [near, far] = memoryStreamPair()
      await objects.export(copied, near)
      expect((await far.recv()).toString()).toBe('one two three')
      back.close()
      expect(back.isClosed).toBe(true)
      await expect(back.recv()).rejects.toMatchObject({ code: 'CLOSED' })
      await objects.unlink(oid)
      await objects.unlink(copied)
    })
    expect(await count()).toBe(0)
  })
})

describe('what goes wrong', () => {
  test('in the source of an import is the error, and nothing is left', async () => {
    let isClosed = false
    const source = function* () {
      try {
        yield Buffer.alloc(300_000)
        throw new Error('the source is dry')
      } finally {
        isClosed = true
      }
    }
    await within(async (objects) => {
      await expect(objects.import(source())).rejects.toThrow('the source is dry')
    })
    expect(isClosed).toBe(true)
    expect(await count()).toBe(0)
  })

  test('in the target of an export is the error, and the transaction goes on', async () => {
    await within(async (objects) => {
      const oid = await objects.import([Buffer.alloc(300_000)])
      const [ours] = memoryStreamPair()
      ours.close()
      await expect(objects.export(oid, ours)).rejects.toMatchObject({ code: 'CLOSED' })
      await objects.unlink(oid)
    })
    expect(await count()).toBe(0)
  })

  test('by cancelling, at whatever time, leaves nothing, and a connection that can be used', async () => {
    for (let timeoutMs = 0; timeoutMs < 30; timeoutMs += 3) {
      const importing = spawn(() =>
        within((objects) =>
          objects.import(
            (function* () {
              for (;;) yield Buffer.alloc(300_000)
            })(),
          ),
        ),
      )
      await expect(withTimeout(timeoutMs, () => importing.join())).rejects.toMatchObject({ code: 'TIMEOUT' })
      importing.interrupt()
      await expect(importing.join()).rejects.toThrow(Interrupted)
      expect((await db.query('select 1 as one'))[0]).toEqual({ one: 1 })
    }
    expect(await count()).toBe(0)
  }, 30_000)
})
