/** A peer that refuses and goes away: the alert that says why wins over the broken pipe, wherever that is noticed first. */
import {
  memoryStreamPair,
  type Socket,
  type Stream,
  socketPair,
  spawn,
  tcp,
  yieldSlice,
} from '@shrapnel/core'
import { startOpensslServer } from '@shrapnel/test-support'
import { afterEach, describe, expect, test } from 'vitest'
import { tls } from '../../src/index.js'
import { native } from '../../src/native.js'
import type { Version } from '../../src/options.js'
import type { TlsStream } from '../../src/tls-stream.js'
import { upgrade } from '../../src/upgrade.js'
import { house } from '../house.js'
import { ContentType, type Forger, forger, record } from './forger.js'

const here = house()
const VERSIONS = ['TLSv1.3', 'TLSv1.2'] as const
const HANDSHAKE_FAILURE = Buffer.from([2, 40])
const TRANSPORTS = {
  'a socket': async () => socketPair(),
  'a TCP connection': tcpPair,
  'a stream in memory': async () => memoryStreamPair(),
} as const

const open: { close(): void }[] = []
afterEach(() => {
  for (const each of open.splice(0)) each.close()
  expect(native.engineCount()).toBe(0)
})

async function tcpPair(): Promise<readonly [Socket, Socket]> {
  const listener = tcp.listen({ port: 0 })
  const sockets = [await tcp.connect('127.0.0.1', listener.port), await listener.accept()] as const
  listener.close()
  return sockets
}

async function helloBytes(): Promise<Buffer> {
  const [left, right] = memoryStreamPair()
  const client = spawn(() => upgrade(left, here.client))
  const hello = await right.recv()
  right.close()
  await client.join().catch(() => {})
  return hello
}

/** Sends until that fails: the first one may still find room. */
async function sendError(stream: TlsStream): Promise<unknown> {
  for (;;) {
    try {
      await stream.send('anybody there?')
    } catch (error) {
      return error
    }
    await yieldSlice()
  }
}

describe.each(Object.entries(TRANSPORTS))('on %s', (_name, connect) => {
  test('in a handshake whose messages the kernel does not take all at once', async () => {
    // More than the buffers of any connection hold.
    const cert = here.server.cert + here.authority.certificatePem.repeat(8000)
    const [left, right]: readonly [Stream, Stream] = await connect()
    open.push(left)
    const server = spawn(() => upgrade(right, { ...here.server, cert, isServer: true }))
    server.join().catch(() => {})
    await left.send(await helloBytes())
    while (!server.waitingOn?.match(/TLS handshake|send/)) await yieldSlice()
    for (let turn = 0; turn < 10; turn++) await yieldSlice()
    await left.send(record(ContentType.alert, HANDSHAKE_FAILURE))
    left.close()
    await expect(server.join()).rejects.toMatchObject({
      code: 'TLS_ALERT',
      alert: { name: 'handshake_failure', by: 'peer' },
    })
  }, 60_000)
})

/** A client or server whose peer has said `says` and gone away with a reset. */
async function abandoned(
  version: Version,
  isServer: boolean,
  says: (peer: Forger) => readonly Buffer[],
): Promise<TlsStream> {
  const [left, right] = await tcpPair()
  const [peer, victim] = await Promise.all([
    forger(right, here, { version, isServer }),
    upgrade(left, isServer ? here.client : { ...here.server, isServer: true }),
  ])
  open.push(victim)
  const said = says(peer)
  peer.deafen()
  await victim.send('heard by node:tls')
  await victim.send('never received')
  for (let turn = 0; turn < 5; turn++) await yieldSlice()
  await peer.send(...said)
  right.close()
  return victim
}

const alert = (peer: Forger): Buffer => peer.seal(ContentType.alert, HANDSHAKE_FAILURE)

describe.each(VERSIONS)('after a handshake of %s', (version) => {
  test.each([
    ['client', true],
    ['server', false],
  ])('a %s that sends is told of the alert, and so is whoever receives then', async (_role, isServer) => {
    const victim = await abandoned(version, isServer, (peer) => [alert(peer)])
    const told = { code: 'TLS_ALERT', alert: { number: 40, by: 'peer' } }
    expect(await sendError(victim)).toMatchObject(told)
    await expect(async () => victim.recv()).rejects.toMatchObject(told)
  })

  test('data before the alert is received, whatever a send found out meanwhile', async () => {
    const victim = await abandoned(version, true, (peer) => [
      peer.seal(ContentType.data, Buffer.from('first ')),
      peer.seal(ContentType.data, Buffer.from('this')),
      alert(peer),
    ])
    expect(await sendError(victim)).toMatchObject({ code: expect.stringMatching(/^(EPIPE|ECONNRESET)$/) })
    expect(String(await victim.recvExact(10))).toBe('first this')
    await expect(async () => victim.recv()).rejects.toMatchObject({ code: 'TLS_ALERT' })
  })

  test('where there is no alert the broken pipe is what there is to say', async () => {
    const victim = await abandoned(version, true, () => [])
    expect(await sendError(victim)).toMatchObject({ code: expect.stringMatching(/^(EPIPE|ECONNRESET)$/) })
  })
})

test.each(VERSIONS)(
  'openssl s_server by %s, which wants a certificate, is understood by who only sends',
  async (version) => {
    await using server = await startOpensslServer({
      certificate: await here.authority.issue(),
      clientAuthority: here.authority,
      args: ['-rev'],
    })
    const failure = await tls
      .connect('localhost', server.port, { ...here.client, maxVersion: version })
      .then(async (client) => {
        open.push(client)
        return sendError(client)
      })
      .catch((error: unknown) => error)
    expect(failure).toMatchObject({
      code: 'TLS_ALERT',
      alert: {
        name: version === 'TLSv1.3' ? 'certificate_required' : 'handshake_failure',
        by: 'peer',
      },
    })
  },
  30_000,
)
