import { spawn, yieldSlice } from '@shrapnel/core'
import {
  type CertificateAuthority,
  expectNoDescriptorLeak,
  makeCertificateAuthority,
} from '@shrapnel/test-support'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ConnectOptions } from '../../src/connect/connect-options.js'
import type { OpenedBackend } from '../../src/connection/opened-backend.js'
import type { FrontendMessage } from '../../src/wire/frontend-message.js'
import { failureOf, open } from './connecting.js'
import { KEY, OK, READY, type ScriptedPeer, ScriptedServer } from './scripted-server.js'

let authority: CertificateAuthority
let identity: { readonly cert: string; readonly key: string }

beforeAll(async () => {
  authority = await makeCertificateAuthority()
  const own = await authority.issue({})
  identity = { cert: own.chainPem, key: own.keyPem }
}, 60_000)
afterAll(() => authority.close())

/** Lets the first connection in, and gives the others to `cancel`. */
function serverWith(cancel: (peer: ScriptedPeer) => Promise<void>): ScriptedServer {
  return new ScriptedServer(async (peer, number) => {
    if (number > 0) return cancel(peer)
    await peer.startup()
    await peer.send(OK, KEY, READY)
    await peer.untilClosed()
  })
}

async function backendOf(server: ScriptedServer, more: ConnectOptions = {}): Promise<OpenedBackend> {
  return open({ host: '127.0.0.1', port: server.port, user: 'u', sslMode: 'disable', ...more })
}

describe('a request to cancel', () => {
  test('has process and key, is the only message, and is done when the server has closed', async () => {
    const seen: FrontendMessage[] = []
    let isClosing = false
    await using server = serverWith(async (peer) => {
      seen.push(await peer.next())
      for (let i = 0; i < 20; i++) await yieldSlice()
      isClosing = true
    })
    const backend = await backendOf(server)
    await backend.requestCancel()
    expect(isClosing).toBe(true)
    expect(seen).toEqual([
      { kind: 'cancel-request', processId: 4711, secretKey: Buffer.from('01020304', 'hex') },
    ])
    backend.stream.close()
  })

  test('is done, too, when the server resets the connection', async () => {
    await using server = serverWith(async (peer) => {
      await peer.next()
      peer.socket.reset()
    })
    const backend = await backendOf(server)
    await backend.requestCancel()
    expect(server.connections).toBe(2)
    backend.stream.close()
  })

  test('goes over TLS if the session does, and nowhere if there is none any more', async () => {
    const seen: string[] = []
    await using server = new ScriptedServer(async (peer, number) => {
      await peer.next()
      if (number === 2) {
        await peer.send('N')
        return peer.untilClosed()
      }
      await peer.send('S')
      await peer.secure({ isServer: true, ...identity })
      if (number === 1) {
        seen.push((await peer.next()).kind)
        return
      }
      await peer.startup()
      await peer.send(OK, KEY, READY)
      await peer.untilClosed()
    })
    const sslRootCert = authority.certificate.certificatePath
    const backend = await backendOf(server, { sslMode: 'verify-full', sslRootCert })
    await backend.requestCancel()
    expect(seen).toEqual(['cancel-request'])
    expect(await failureOf(() => backend.requestCancel())).toMatchObject({ code: 'PG_CONNECT' })
    expect(server.startups.map(({ kind }) => kind)).toEqual(['startup'])
    backend.stream.close()
  })

  test('fails with a server that is gone, and with one that talks', async () => {
    await using server = serverWith(async (peer) => {
      await peer.next()
      await peer.send('x'.repeat(5000))
      await peer.untilClosed()
    })
    const backend = await backendOf(server)
    expect(await failureOf(() => backend.requestCancel())).toMatchObject({ code: 'PG_PROTOCOL' })
    await server[Symbol.asyncDispose]()
    expect(await failureOf(() => backend.requestCancel())).toMatchObject({
      code: 'PG_CONNECT',
      cause: { code: 'ECONNREFUSED' },
    })
    backend.stream.close()
  })

  test('to a server that does not close has connectTimeoutMs, can be left, and leaves nothing open', async () => {
    await using server = serverWith((peer) => peer.untilClosed())
    const backend = await backendOf(server, { connectTimeoutMs: 100 })
    await expectNoDescriptorLeak(async () => {
      expect(await failureOf(() => backend.requestCancel())).toMatchObject({
        code: 'PG_TIMEOUT',
        limit: 'connectTimeoutMs',
      })
      const before = server.silent
      const asking = spawn(() => backend.requestCancel())
      while (server.silent === before) await yieldSlice()
      asking.interrupt()
      expect(await failureOf(() => asking.join())).toMatchObject({ code: 'INTERRUPTED' })
    })
    backend.stream.close()
  })
})
