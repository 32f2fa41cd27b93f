/** Peers that do what no Node program does. */
import { rmSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { temporaryFolder } from '@shrapnel/test-support'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { type Socket, spawn, tcp, unix, withTimeout } from '../../src/index.js'
import { native } from '../../src/native.js'
import { BYTES_PER_TURN } from '../../src/net/descriptor.js'
import { FILE_BYTES_PER_TURN } from '../../src/net/transmit.js'
import { take, until, untilIn } from './connections.js'
import { compileOddPeer, OddPeer } from './odd-peer.js'

let program: string

beforeAll(() => {
  program = compileOddPeer()
}, 60_000)
afterAll(() => rmSync(program, { force: true }))

test('bytes behind an urgent byte that are there already are read without waiting for more', async () => {
  using listener = tcp.listen({ port: 0 })
  using peer = new OddPeer(program, 'urgent', listener.port)
  using connection = await listener.accept()
  await until(() => peer.output === 'done\n')
  expect(String(await withTimeout(2000, () => take(connection, 6)))).toBe('abcdef')
})

test('an urgent byte under a waiter neither ends its wait nor hangs it', async () => {
  using listener = tcp.listen({ port: 0 })
  using peer = new OddPeer(program, 'urgent-late', listener.port)
  using connection = await listener.accept()
  expect(String(await take(connection, 3))).toBe('abc')
  const receiving = spawn(() => take(connection, 3))
  await untilIn(receiving, 'recv')
  peer.step()
  peer.step()
  await until(() => peer.output === 'done\n')
  expect(String(await withTimeout(2000, () => receiving.join()))).toBe('def')
})

test('a peer that passes a descriptor along does not hang the bytes behind it, and the descriptor is not kept', async () => {
  const folder = await temporaryFolder()
  using listener = unix.listen({ path: join(folder.path, 's') })
  using peer = new OddPeer(program, 'rights', join(folder.path, 's'))
  using connection = await listener.accept()
  await until(() => peer.output === 'done\n')
  expect(String(await withTimeout(2000, () => take(connection, 2)))).toBe('ab')
  await folder.remove()
})

describe('a peer that reads as fast as we send does not keep the thread', () => {
  const bytes = Buffer.alloc(64 * 1024 * 1024)
  // One turn of ours, and up to sixteen batches of events before Node's loop goes round (native/loop.cc).
  const TURNS = 17
  const MOST_IN_ONE_TURN = TURNS * BYTES_PER_TURN

  /** Sends, and gives the most bytes that left between two turns of everybody else. */
  async function mostInOneTurn(
    call: 'write' | 'writev' | 'sendFile',
    send: (connection: Socket) => Promise<unknown> | unknown,
  ): Promise<number> {
    using listener = tcp.listen({ port: 0 })
    using peer = new OddPeer(program, 'drain', listener.port)
    const connection = await listener.accept()
    const sentBy = vi.spyOn(native, call)
    const sending = spawn(() => send(connection))
    let most = 0
    while (!sending.isDead) {
      await new Promise(setImmediate)
      const sent = sentBy.mock.results.map(({ value }) => Math.max(0, value as number))
      most = Math.max(
        most,
        sent.reduce((sum, count) => sum + count, 0),
      )
      sentBy.mockClear()
    }
    sentBy.mockRestore()
    await sending.join()
    connection.close()
    expect(await peer.ended()).toBe(0)
    expect(peer.output).toBe(`done\n${bytes.length}\n`)
    return most
  }

  test('with send', async () => {
    expect(await mostInOneTurn('write', (connection) => connection.send(bytes))).toBeLessThanOrEqual(
      MOST_IN_ONE_TURN,
    )
  })

  test('with sendv', async () => {
    const parts = [bytes.subarray(0, 5), bytes.subarray(5, 5_000_000), bytes.subarray(5_000_000)]
    expect(await mostInOneTurn('writev', (connection) => connection.sendv(parts))).toBeLessThanOrEqual(
      MOST_IN_ONE_TURN,
    )
  })

  test('with sendFile', async () => {
    const folder = await temporaryFolder()
    const file = await open(join(folder.path, 'file'), 'w+')
    await file.truncate(bytes.length)
    expect(await mostInOneTurn('sendFile', (connection) => connection.sendFile(file))).toBeLessThanOrEqual(
      TURNS * FILE_BYTES_PER_TURN,
    )
    await file.close()
    await folder.remove()
  })
})
