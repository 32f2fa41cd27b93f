/** Peers that do what no Node program does. */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { temporaryFolder } from '@shrapnel/test-support'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { spawn, tcp, unix, withTimeout } from '../../src/index.js'
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
