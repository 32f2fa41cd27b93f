/** When the ticket of a server of TLS 1.3 goes out, which it makes when its handshake is done: with whatever comes next. */
import { connect } from 'node:tls'
import { sleep, socketPair, spawn, tcp, yieldSlice } from '@shrapnel/core'
import { expect, test } from 'vitest'
import { type TlsStream, tls } from '../src/index.js'
import { ContentType, forger } from './hostile/forger.js'
import { house, secured } from './house.js'

const here = house()
const fresh = { client: { sessions: 'none' } } as const

async function pair(): Promise<readonly [TlsStream, TlsStream]> {
  return secured(socketPair(), here, fresh)
}

test('an answer brings the ticket', async () => {
  const [client, server] = await pair()
  await client.send('ask')
  expect(String(await server.recv())).toBe('ask')
  expect(client.takeSession()).toBeUndefined()
  await server.send('answer')
  expect(String(await client.recv())).toBe('answer')
  expect(client.takeSession()).toBeDefined()
  client.close()
  server.close()
})

test('a large answer follows the ticket', async () => {
  const [client, server] = await pair()
  const answer = Buffer.alloc(300_000, 'large')
  const sending = spawn(() => server.send(answer))
  expect((await client.recvExact(answer.length)).equals(answer)).toBe(true)
  await sending.join()
  expect(client.takeSession()).toBeDefined()
  client.close()
  server.close()
})

test('a server that finds nothing to receive sends it then', async () => {
  const listener = tcp.listen({ port: 0 })
  const peer = connect({
    host: '127.0.0.1',
    port: listener.port,
    ca: here.client.ca,
    servername: 'localhost',
  })
  const given = new Promise<Buffer>((resolve) => peer.once('session', resolve))
  const server = await tls.upgrade(await listener.accept(), { ...here.server, isServer: true })
  const receiving = spawn(() => server.recv())
  expect((await given).length).toBeGreaterThan(0)
  // Node tells of the session in the middle of reading it, where a write breaks its connection.
  await sleep(0)
  peer.end('bye')
  expect(String(await receiving.join())).toBe('bye')
  server.close()
  peer.destroy()
  listener.close()
})

test('a server that receives and never answers sends it as soon as it waits for more', async () => {
  const listener = tcp.listen({ port: 0 })
  const connecting = tcp.connect('127.0.0.1', listener.port)
  const [client, server] = await secured([await connecting, await listener.accept()], here, fresh)
  listener.close()
  await client.send('a line to be logged')
  expect(String(await server.recv())).toBe('a line to be logged')
  const more = spawn(() => server.recv())
  const nothing = spawn(() => client.recv())
  while (client.takeSession() === undefined) await yieldSlice()
  client.close()
  expect(await more.join()).toHaveLength(0)
  await expect(nothing.join()).rejects.toMatchObject({ code: 'CLOSED' })
  server.close()
})

test('an answer to a KeyUpdate is not held back with it', async () => {
  const [left, right] = socketPair()
  const [peer, server] = await Promise.all([
    forger(left, here, { version: 'TLSv1.3', isServer: false }),
    tls.upgrade(right, { ...here.server, isServer: true }),
  ])
  const given = new Promise((resolve) => peer.node.once('session', resolve))
  // OpenSSL answers the first when it reads the second.
  await peer.send(peer.keyUpdate(true), peer.keyUpdate(true), peer.seal(ContentType.data, Buffer.from('ask')))
  expect(String(await server.recv())).toBe('ask')
  await given
  server.close()
  left.close()
})

test('an end in order brings it too', async () => {
  const [client, server] = await pair()
  await server.shutdown()
  expect((await client.recv()).length).toBe(0)
  expect(client.takeSession()).toBeDefined()
  client.close()
  server.close()
})

test('a peer that has gone before it is an end and no failure', async () => {
  const [client, server] = await pair()
  client.close()
  expect((await server.recv()).length).toBe(0)
  server.close()
})
