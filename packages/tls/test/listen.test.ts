/** The listener: handshakes beside each other, and what they may cost. */
import { spawn, tcp, yieldSlice } from '@shrapnel/core'
import { expect, test } from 'vitest'
import { receiveAll, waiting } from '../../core/test/stream/stream-contract.js'
import { tls } from '../src/index.js'
import { house } from './house.js'

const here = house()

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await yieldSlice()
}

test('a client that stalls in its handshake keeps nobody waiting, and is gone when its time is up', async () => {
  const failures: { code?: string }[] = []
  await using listener = tls.listen({
    port: 0,
    ...here.server,
    handshakeTimeoutMs: 100,
    onHandshakeFailure: (error) => failures.push(error as { code: string }),
  })
  const silent = await tcp.connect('127.0.0.1', listener.port)
  const stalled = await tcp.connect('127.0.0.1', listener.port)
  await stalled.send(Buffer.from('160301', 'hex'))
  const client = await tls.connect('localhost', listener.port, here.client)
  const server = await listener.accept()
  await server.send('served')
  expect(String(await client.recv())).toBe('served')
  expect(await silent.recv()).toHaveLength(0)
  await expect(receiveAll(stalled)).resolves.toHaveLength(0)
  expect(failures.map(({ code }) => code)).toEqual(['TIMEOUT', 'TIMEOUT'])
  for (const each of [client, server, silent, stalled]) each.close()
})

test('no more handshakes than allowed go on at a time; the others wait and are served', async () => {
  await using listener = tls.listen({ port: 0, ...here.server, maxPendingHandshakes: 2 })
  const silent = [
    await tcp.connect('127.0.0.1', listener.port),
    await tcp.connect('127.0.0.1', listener.port),
  ]
  const late = await waiting(() => tls.connect('localhost', listener.port, here.client))
  for (let turn = 0; turn < 20; turn++) await yieldSlice()
  expect(late.isDead).toBe(false)
  silent[0]?.close()
  const client = await late.join()
  client.close()
  silent[1]?.close()
})

test('an accept that is cancelled loses no connection', async () => {
  await using listener = tls.listen({ port: 0, ...here.server })
  const doomed = await waiting(() => listener.accept())
  doomed.interrupt()
  await expect(doomed.join()).rejects.toMatchObject({ code: 'INTERRUPTED' })
  const client = await tls.connect('localhost', listener.port, here.client)
  const server = await listener.accept()
  await client.send('kept')
  expect(String(await server.recv())).toBe('kept')
  client.close()
  server.close()
})

test('closing ends the loop over it and whoever waits, and closes connections that nobody has taken', async () => {
  const listener = tls.listen({ port: 0, ...here.server })
  const client = await tls.connect('localhost', listener.port, here.client)
  const seen: unknown[] = []
  const loop = spawn(async () => {
    for await (const stream of listener) seen.push(stream)
  })
  await until(() => seen.length === 1)
  const untaken = await tls.connect('localhost', listener.port, here.client)
  loop.interrupt()
  await loop.join().catch(() => {})
  const last = await tls.connect('localhost', listener.port, here.client)
  for (let turn = 0; turn < 20; turn++) await yieldSlice()
  listener.close()
  listener.close()
  expect(listener.isClosed).toBe(true)
  expect(await last.recv()).toHaveLength(0)
  await expect(async () => listener.accept()).rejects.toMatchObject({ code: 'CHANNEL_CLOSED' })
  await expect(tls.connect('localhost', listener.port, here.client)).rejects.toMatchObject({
    code: 'ECONNREFUSED',
  })
  for (const each of [client, untaken, last, ...(seen as { close(): void }[])]) each.close()
})
