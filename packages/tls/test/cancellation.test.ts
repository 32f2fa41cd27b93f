/** Cancelling, at every stage, and what is left. */
import { socketPair, withTimeout } from '@shrapnel/core'
import { describe, expect, test } from 'vitest'
import { receive, waiting } from '../../core/test/stream/stream-contract.js'
import { upgrade } from '../src/upgrade.js'
import { house, secured, TRANSPORTS } from './house.js'

const here = house()

describe.each(TRANSPORTS)('on %s', (_name, connect) => {
  test('a client that waits for a silent server can be cancelled, and the connection is closed', async () => {
    const [left, right] = await connect(here)
    const doomed = await waiting(() => upgrade(left, here.client))
    doomed.interrupt()
    await expect(doomed.join()).rejects.toMatchObject({ code: 'INTERRUPTED' })
    expect(left.isClosed).toBe(true)
    right.close()
  })

  test('a server that waits for a silent client can be cancelled, and the connection is closed', async () => {
    const [left, right] = await connect(here)
    const doomed = await waiting(() => upgrade(right, { ...here.server, isServer: true }))
    doomed.shutdown()
    await expect(doomed.join()).rejects.toMatchObject({ code: 'SHUTDOWN' })
    expect(right.isClosed).toBe(true)
    left.close()
  })

  test('a handshake has a time limit', async () => {
    const [left, right] = await connect(here)
    const handshake = upgrade(left, { ...here.client, handshakeTimeoutMs: 5 })
    await expect(handshake).rejects.toMatchObject({ code: 'TIMEOUT', timeoutMs: 5 })
    expect(left.isClosed).toBe(true)
    right.close()
  })

  test('a handshake in a scope that is cancelled already takes nothing and closes nothing', async () => {
    const [left, right] = await connect(here)
    const doomed = await waiting(async () => {
      await Promise.resolve(left.recv()).catch(() => {})
      return upgrade(left, here.client)
    })
    doomed.shutdown()
    await expect(doomed.join()).rejects.toMatchObject({ code: 'SHUTDOWN' })
    expect(left.isClosed).toBe(false)
    const ends = await secured([left, right], here)
    await ends[0].send('after all')
    expect(String(await ends[1].recv())).toBe('after all')
    for (const end of ends) end.close()
  })

  test('a peer that goes away during the handshake is an error of its own', async () => {
    const [left, right] = await connect(here)
    const handshake = await waiting(() => upgrade(left, here.client))
    await right.shutdown()
    await expect(handshake.join()).rejects.toMatchObject({ code: 'TLS_HANDSHAKE_CUT' })
    expect(left.isClosed).toBe(true)
    right.close()
  })

  test('a recv that times out takes nothing, again and again', async () => {
    const [client, server] = await secured(await connect(here), here)
    for (let round = 0; round < 3; round++) {
      await expect(withTimeout(1, () => server.recv())).rejects.toMatchObject({ code: 'TIMEOUT' })
      await client.send(`round ${round}`)
      expect(String(await server.recv())).toBe(`round ${round}`)
    }
    client.close()
    server.close()
  })
})

test('a shutdown is refused in the middle of a send, and may be called again after it', async () => {
  const [left, right] = socketPair()
  const [client, server] = await secured([left, right], here)
  const sending = await waiting(() => client.send(Buffer.alloc(4 * 1024 * 1024)))
  await expect(async () => client.shutdown()).rejects.toMatchObject({ code: 'SIMULTANEOUS' })
  await receive(server, 4 * 1024 * 1024)
  await sending.join()
  await client.shutdown()
  expect(await server.recv()).toHaveLength(0)
  client.close()
  server.close()
})
