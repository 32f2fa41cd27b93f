/**
 * Messages of TLS that come in two records after the handshake, as those of an honest peer do that makes small records or big tickets.
 * OpenSSL makes no record between them: what we want to send has to wait for the rest, and not for a receiver that nobody is.
 */
import { once } from 'node:events'
import { memoryStreamPair, type Stream, socketPair, spawn, yieldSlice } from '@shrapnel/core'
import { afterEach, describe, expect, test } from 'vitest'
import { waiting } from '../../../core/test/stream/stream-contract.js'
import { native } from '../../src/native.js'
import type { TlsStream } from '../../src/tls-stream.js'
import { upgrade } from '../../src/upgrade.js'
import { house } from '../house.js'
import { ContentType, type Forger, forger, HandshakeType, handshakeMessage } from './forger.js'

const here = house()
const TRANSPORTS = { 'a socket': socketPair, 'a stream in memory': memoryStreamPair } as const
/** A ticket that says nothing but how long it lives. */
const TICKET = handshakeMessage(
  HandshakeType.newSessionTicket,
  Buffer.from('00000e1000000001010100010a0000', 'hex'),
)

interface Scene {
  readonly peer: Forger
  readonly victim: TlsStream
  readonly below: Stream
}

const open: { close(): void }[] = []
afterEach(() => {
  for (const each of open.splice(0)) each.close()
  expect(native.engineCount()).toBe(0)
})

const begin = (peer: Forger): Buffer => peer.seal(ContentType.handshake, TICKET.subarray(0, 9))
const rest = (peer: Forger): Buffer => peer.seal(ContentType.handshake, TICKET.subarray(9))
const data = (peer: Forger, text: string): Buffer => peer.seal(ContentType.data, Buffer.from(text))

async function turns(count = 10): Promise<void> {
  for (let turn = 0; turn < count; turn++) await yieldSlice()
}

/** A client whose server has sent `before` and the first half of a ticket, and which has received all of that. */
async function halfWay(connect: () => readonly [Stream, Stream]): Promise<Scene> {
  const [left, right] = connect()
  const [peer, victim] = await Promise.all([
    forger(right, here, { version: 'TLSv1.3', isServer: true }),
    upgrade(left, here.client),
  ])
  open.push(victim, right)
  await peer.send(data(peer, 'before'), begin(peer))
  expect(String(await victim.recvExact(6))).toBe('before')
  const hungry = await waiting(() => victim.recv())
  await turns()
  hungry.interrupt()
  await expect(hungry.join()).rejects.toMatchObject({ code: 'INTERRUPTED' })
  return { peer, victim, below: right }
}

describe.each(Object.entries(TRANSPORTS))('on %s', (_name, connect) => {
  test('a send waits for the rest, also where nobody receives, and what lies behind is received', async () => {
    const { peer, victim } = await halfWay(connect)
    const sender = await waiting(async () => victim.send('sent'), 'sender')
    await turns()
    expect(sender.isDead).toBe(false)
    const heard = once(peer.node, 'data')
    await peer.send(rest(peer), data(peer, 'behind'))
    await sender.join()
    expect(String(await heard)).toBe('sent')
    expect(String(await victim.recvExact(6))).toBe('behind')
    await peer.send(data(peer, 'more'))
    expect(String(await victim.recv())).toBe('more')
  })

  test('a send and a receive that wait both go on with the rest', async () => {
    for (const isReceiverFirst of [true, false]) {
      const { peer, victim } = await halfWay(connect)
      const receive = () => waiting(() => victim.recv(), 'receiver')
      const early = isReceiverFirst ? await receive() : undefined
      const sender = await waiting(async () => victim.send('sent'), 'sender')
      const receiver = early ?? (await receive())
      await turns()
      const heard = once(peer.node, 'data')
      await peer.send(rest(peer))
      await sender.join()
      expect(String(await heard)).toBe('sent')
      expect(receiver.isDead).toBe(false)
      await peer.send(data(peer, 'received'))
      expect(String(await receiver.join())).toBe('received')
    }
  })

  test('one that begins to receive while a send waits loses nothing to it', async () => {
    const { peer, victim } = await halfWay(connect)
    const sender = await waiting(async () => victim.send('sent'), 'sender')
    await peer.send(rest(peer), data(peer, 'all '), data(peer, 'of it'))
    expect(String(await victim.recvExact(9))).toBe('all of it')
    await sender.join()
  })

  test('a receive that finds the rest before the kernel has told of it lets the send that waits go on', async () => {
    const { peer, victim } = await halfWay(connect)
    const sender = await waiting(async () => victim.send('sent'), 'sender')
    const [middle, end] = [TICKET.subarray(9, 12), TICKET.subarray(12)]
    await peer.send(peer.seal(ContentType.handshake, middle))
    await turns()
    expect(sender.isDead).toBe(false)
    // Nothing waits between these two.
    const sending = peer.send(peer.seal(ContentType.handshake, end), data(peer, 'behind'))
    expect(String(await victim.recv())).toBe('behind')
    await sending
    await sender.join()
  })

  test('a send that finds the rest before the kernel has told of it leaves what lies behind to who waits', async () => {
    const { peer, victim } = await halfWay(connect)
    const receiver = await waiting(() => victim.recv(), 'receiver')
    const sending = peer.send(rest(peer), data(peer, 'behind'))
    await victim.send('sent')
    await sending
    expect(String(await receiver.join())).toBe('behind')
  })

  test('a send and a receive of one coroutine do not wait for each other', async () => {
    const { peer, victim } = await halfWay(connect)
    const both = await waiting(() => Promise.all([victim.recv(), victim.send('sent')]), 'both')
    await turns()
    await peer.send(rest(peer), data(peer, 'received'))
    const [received] = await both.join()
    expect(String(received)).toBe('received')
  })

  test('a send that is cancelled meanwhile has sent nothing, and the next one is sent', async () => {
    const { peer, victim } = await halfWay(connect)
    const doomed = await waiting(async () => victim.send('never'))
    doomed.interrupt()
    await expect(doomed.join()).rejects.toMatchObject({ code: 'INTERRUPTED' })
    const heard = once(peer.node, 'data')
    await peer.send(rest(peer), data(peer, 'received'))
    expect(String(await victim.recv())).toBe('received')
    await victim.send('sent')
    expect(String(await heard)).toBe('sent')
  })

  test('a receive that is cancelled while a send waits leaves the rest to the send', async () => {
    const { peer, victim } = await halfWay(connect)
    const receiver = await waiting(() => victim.recv())
    const sender = await waiting(async () => victim.send('sent'), 'sender')
    receiver.interrupt()
    await expect(receiver.join()).rejects.toMatchObject({ code: 'INTERRUPTED' })
    await peer.send(rest(peer))
    await sender.join()
  })

  test('an end that nobody has said is told to both', async () => {
    const { victim, below } = await halfWay(connect)
    const receiver = await waiting(() => victim.recv(), 'receiver')
    const sender = await waiting(async () => victim.send('never'), 'sender')
    await below.shutdown()
    await expect(receiver.join()).rejects.toMatchObject({ code: 'TRUNCATED' })
    await expect(sender.join()).rejects.toMatchObject({ code: 'TRUNCATED' })
  })

  test('data in place of the rest is refused, to whoever waits', async () => {
    const { peer, victim } = await halfWay(connect)
    const sender = await waiting(async () => victim.send('never'), 'sender')
    await peer.send(data(peer, 'not the rest'))
    await expect(sender.join()).rejects.toMatchObject({ code: 'TLS_PROTOCOL' })
    await expect(async () => victim.recv()).rejects.toMatchObject({ code: 'TLS_PROTOCOL' })
  })

  test('a shutdown waits for the rest, and then the peer hears the end', async () => {
    const { peer, victim } = await halfWay(connect)
    const doomed = await waiting(async () => victim.shutdown())
    doomed.interrupt()
    await expect(doomed.join()).rejects.toMatchObject({ code: 'INTERRUPTED' })
    const ending = await waiting(async () => victim.shutdown(), 'ending')
    const ended = once(peer.node, 'end')
    peer.node.resume()
    await peer.send(rest(peer))
    await ending.join()
    await ended
    await expect(async () => victim.send('x')).rejects.toMatchObject({ code: 'EPIPE' })
  })

  test('a long send goes on when the rest of a message came that began in its middle', async () => {
    const { peer, victim } = await halfWay(connect)
    const size = 4_000_000
    let count = 0
    const all = new Promise<void>((resolve) => {
      peer.node.on('data', (bytes: Buffer) => {
        count += bytes.length
        if (count === size + 3) resolve()
      })
    })
    await peer.send(rest(peer))
    await victim.send('go!')
    const receiver = await waiting(() => victim.recv(), 'receiver')
    const sender = spawn(async () => victim.send(Buffer.alloc(size)))
    await peer.send(begin(peer))
    await turns(3)
    await peer.send(rest(peer), data(peer, 'received'))
    await sender.join()
    await all
    expect(String(await receiver.join())).toBe('received')
  })
})

test('a close says the end if the rest lies in the socket', async () => {
  const { peer, victim } = await halfWay(socketPair)
  await peer.send(rest(peer))
  const ended = once(peer.node, 'end')
  peer.node.resume()
  victim.close()
  await ended
  // An alert of two bytes, its type and the tag.
  expect(peer.lastHeard()).toHaveLength(5 + 2 + 1 + 16)
})
