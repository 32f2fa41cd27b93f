/** What a peer may send that has made its handshake: each row says what the other side is told, and that the bytes before it came. */
import { memoryStreamPair, type Stream, socketPair, spawn, withTimeout } from '@shrapnel/core'
import { afterEach, describe, expect, test } from 'vitest'
import { receiveAll } from '../../../core/test/stream/stream-contract.js'
import { native } from '../../src/native.js'
import type { Version } from '../../src/options.js'
import type { TlsStream } from '../../src/tls-stream.js'
import { upgrade } from '../../src/upgrade.js'
import { house } from '../house.js'
import { ContentType, type Forger, forger, HandshakeType, handshakeMessage, record } from './forger.js'

const here = house()
const TRANSPORTS = { 'a socket': socketPair, 'a stream in memory': memoryStreamPair } as const
const BEFORE = Buffer.from('before')

type Make = (peer: Forger) => readonly Buffer[]
interface Row {
  readonly why: string
  readonly make: Make
  readonly code: string
  /** The alert that says so (RFC 8446, 6), and who sent it. */
  readonly alert?: { readonly number: number; readonly by: 'us' | 'peer' }
  readonly only?: { readonly version?: Version; readonly peer?: 'client' | 'server' }
}

const data = (peer: Forger, text: string): Buffer => peer.seal(ContentType.data, Buffer.from(text))
const message = (peer: Forger, type: number, body: Uint8Array): Buffer =>
  peer.seal(ContentType.handshake, handshakeMessage(type, body))
const alert = (peer: Forger, level: number, number: number): Buffer =>
  peer.seal(ContentType.alert, Buffer.from([level, number]))
const many = (count: number, make: () => Buffer): Buffer[] => Array.from({ length: count }, make)
const changed = (bytes: Buffer, index: number): Buffer => {
  const at = index < 0 ? bytes.length + index : index
  bytes[at] = (bytes[at] as number) ^ 1
  return bytes
}
/** A ticket that says nothing but how long it lives. */
const TICKET = Buffer.from('00000e1000000001010100010a0000', 'hex')
const TLS13 = { version: 'TLSv1.3' } as const
const TLS12 = { version: 'TLSv1.2' } as const
const PROTOCOL = 'TLS_PROTOCOL'
const us = (number: number) => ({ number, by: 'us' }) as const

const HEARTBLEED = Buffer.from('01ffff', 'hex')

const rows: readonly Row[] = [
  // Records
  { why: 'no TLS at all', make: () => [Buffer.from('HTTP/1.0 400 Bad Request\r\n\r\n')], code: PROTOCOL },
  {
    why: 'a record of SSL 2',
    make: () => [Buffer.from(`802e0100020015${'00'.repeat(41)}`, 'hex')],
    code: PROTOCOL,
  },
  {
    why: 'a record longer than any may be',
    make: () => [Buffer.from('170303ffff', 'hex')],
    code: PROTOCOL,
    alert: us(22),
  },
  {
    why: 'a ciphertext of one byte more than 2^14 + 256',
    make: () => [record(ContentType.data, Buffer.alloc(2 ** 14 + 257))],
    code: PROTOCOL,
    alert: us(22),
    only: TLS13,
  },
  {
    why: 'a plaintext of one byte more than 2^14',
    make: (peer) => [peer.seal(ContentType.data, Buffer.alloc(2 ** 14 + 1))],
    code: PROTOCOL,
    alert: us(22),
  },
  {
    why: 'a ciphertext shorter than its own tag',
    make: () => [record(ContentType.data, Buffer.alloc(5))],
    code: PROTOCOL,
  },
  {
    why: 'a tag with a bit changed',
    make: (peer) => [changed(data(peer, 'x'), -1)],
    code: PROTOCOL,
    alert: us(20),
  },
  {
    why: 'a ciphertext with a bit changed',
    make: (peer) => [changed(data(peer, 'x'), -17)],
    code: PROTOCOL,
    alert: us(20),
  },
  {
    why: 'a version that the record layer does not have',
    make: (peer) => [changed(data(peer, 'x'), 2)],
    code: PROTOCOL,
  },
  { why: 'another type on the outside', make: (peer) => [changed(data(peer, 'x'), 0)], code: PROTOCOL },
  {
    why: 'a record left out',
    make: (peer) => {
      data(peer, 'never sent')
      return [data(peer, 'x')]
    },
    code: PROTOCOL,
    alert: us(20),
  },
  {
    why: 'two records in the wrong order',
    make: (peer) => [data(peer, 'first'), data(peer, 'second')].reverse(),
    code: PROTOCOL,
    alert: us(20),
  },
  {
    why: 'data that is not encrypted',
    make: () => [record(ContentType.data, Buffer.alloc(40, 'x'))],
    code: PROTOCOL,
  },
  {
    why: 'an alert that is not encrypted',
    make: () => [record(ContentType.alert, Buffer.from([2, 40]))],
    code: PROTOCOL,
  },
  {
    why: 'a type that nobody knows',
    make: (peer) => [peer.seal(99, Buffer.from('x'))],
    code: PROTOCOL,
    alert: us(10),
  },
  {
    why: 'nothing but padding',
    make: (peer) => [peer.seal(0, Buffer.alloc(0), 50)],
    code: PROTOCOL,
    alert: us(10),
    only: TLS13,
  },
  {
    why: 'a heartbeat that asks for more than it brings',
    make: (peer) => [peer.seal(ContentType.heartbeat, HEARTBLEED)],
    code: PROTOCOL,
    alert: us(10),
  },
  {
    why: 'a ChangeCipherSpec',
    make: (peer) => [peer.seal(ContentType.changeCipherSpec, Buffer.from([1]))],
    code: PROTOCOL,
    alert: us(10),
  },
  {
    why: 'a flood of empty records',
    make: (peer) => many(33, () => data(peer, '')),
    code: PROTOCOL,
    alert: us(10),
  },
  {
    why: 'a flood of records of padding',
    make: (peer) => many(33, () => peer.seal(ContentType.data, Buffer.alloc(0), 1000)),
    code: PROTOCOL,
    alert: us(10),
    only: TLS13,
  },
  {
    why: 'a flood of empty handshake records',
    make: (peer) => many(33, () => peer.seal(ContentType.handshake, Buffer.alloc(0))),
    code: PROTOCOL,
  },
  // Alerts
  {
    why: 'a fatal alert',
    make: (peer) => [alert(peer, 2, 48)],
    code: 'TLS_ALERT',
    alert: { number: 48, by: 'peer' },
  },
  {
    why: 'an alert whose level is a warning, which says nothing any more',
    make: (peer) => [alert(peer, 1, 48)],
    code: 'TLS_ALERT',
    alert: { number: 48, by: 'peer' },
    only: TLS13,
  },
  {
    why: 'an alert without a byte',
    make: (peer) => [peer.seal(ContentType.alert, Buffer.alloc(0))],
    code: PROTOCOL,
    alert: us(10),
  },
  {
    why: 'half an alert',
    make: (peer) => [peer.seal(ContentType.alert, Buffer.from([1]))],
    code: PROTOCOL,
    alert: us(10),
  },
  {
    why: 'two alerts in a record',
    make: (peer) => [peer.seal(ContentType.alert, Buffer.from([1, 90, 1, 90]))],
    code: PROTOCOL,
    alert: us(10),
  },
  {
    why: 'a flood of warnings',
    make: (peer) => many(5, () => alert(peer, 1, 90)),
    code: PROTOCOL,
    alert: us(10),
  },
  // Messages
  {
    why: 'a ClientHello',
    make: (peer) => [message(peer, HandshakeType.clientHello, Buffer.alloc(60))],
    code: PROTOCOL,
    only: TLS13,
  },
  {
    why: 'a flood of attempts to renegotiate by a client',
    make: (peer) => many(33, () => message(peer, HandshakeType.clientHello, Buffer.alloc(60))),
    code: PROTOCOL,
    only: { ...TLS12, peer: 'client' },
  },
  {
    why: 'a flood of attempts to renegotiate by a server',
    make: (peer) => many(33, () => message(peer, HandshakeType.helloRequest, Buffer.alloc(0))),
    code: PROTOCOL,
    only: { ...TLS12, peer: 'server' },
  },
  { why: 'a Finished', make: (peer) => [message(peer, 20, Buffer.alloc(32))], code: PROTOCOL, alert: us(10) },
  {
    why: 'a CertificateRequest that was not offered',
    make: (peer) => [
      message(peer, HandshakeType.certificateRequest, Buffer.from('000008000d000400020403', 'hex')),
    ],
    code: PROTOCOL,
    alert: us(10),
  },
  {
    why: 'a message of 16 MB',
    make: (peer) => [peer.seal(ContentType.handshake, Buffer.from('04ffffff', 'hex'))],
    code: PROTOCOL,
  },
  {
    why: 'a flood of tickets',
    make: (peer) => many(33, () => message(peer, HandshakeType.newSessionTicket, TICKET)),
    code: PROTOCOL,
    only: { ...TLS13, peer: 'server' },
  },
  {
    why: 'a ticket from a client',
    make: (peer) => [message(peer, HandshakeType.newSessionTicket, TICKET)],
    code: PROTOCOL,
    alert: us(10),
    only: { ...TLS13, peer: 'client' },
  },
  {
    why: 'a flood of KeyUpdates',
    make: (peer) => many(33, () => peer.keyUpdate(false)),
    code: PROTOCOL,
    only: TLS13,
  },
  {
    why: 'a flood of KeyUpdates that want an answer',
    make: (peer) => many(33, () => peer.keyUpdate(true)),
    code: PROTOCOL,
    only: TLS13,
  },
  {
    why: 'a KeyUpdate that says neither yes nor no',
    make: (peer) => [message(peer, HandshakeType.keyUpdate, Buffer.from([2]))],
    code: PROTOCOL,
    alert: us(47),
    only: TLS13,
  },
  {
    why: 'a KeyUpdate that is too long',
    make: (peer) => [message(peer, HandshakeType.keyUpdate, Buffer.alloc(2))],
    code: PROTOCOL,
    only: TLS13,
  },
  {
    why: 'a KeyUpdate, and more in the same record',
    make: (peer) => [peer.seal(ContentType.handshake, Buffer.from('18000001001800000100', 'hex'))],
    code: PROTOCOL,
    alert: us(10),
    only: TLS13,
  },
  {
    why: 'data in the middle of a message',
    make: (peer) => [peer.seal(ContentType.handshake, Buffer.from('18000001', 'hex')), data(peer, 'x')],
    code: PROTOCOL,
    alert: us(10),
  },
  {
    why: 'a KeyUpdate',
    make: (peer) => [message(peer, HandshakeType.keyUpdate, Buffer.from([0]))],
    code: PROTOCOL,
    alert: us(10),
    only: TLS12,
  },
]

const open: { close(): void }[] = []
afterEach(() => {
  for (const each of open.splice(0)) each.close()
  expect(native.engineCount()).toBe(0)
})

async function victimOf(
  connect: () => readonly [Stream, Stream],
  version: Version,
  isServer: boolean,
): Promise<{ readonly peer: Forger; readonly victim: TlsStream; readonly below: Stream }> {
  const [left, right] = connect()
  const [peer, victim] = await Promise.all([
    forger(right, here, { version, isServer }),
    upgrade(left, isServer ? here.client : { ...here.server, isServer: true }),
  ])
  open.push(victim, right)
  return { peer, victim, below: right }
}

describe.each(Object.entries(TRANSPORTS))('on %s', (_name, connect) => {
  for (const version of ['TLSv1.3', 'TLSv1.2'] as const) {
    for (const role of ['client', 'server'] as const) {
      const ofThese = rows.filter(
        ({ only }) => (only?.version ?? version) === version && (only?.peer ?? role) === role,
      )
      const isServer = role === 'server'

      test.each(ofThese)(`a ${role} of ${version} that sends $why is told so: $code`, async (row) => {
        const { peer, victim } = await victimOf(connect, version, isServer)
        await peer.send(data(peer, String(BEFORE)), ...row.make(peer))
        expect(await victim.recvExact(BEFORE.length)).toEqual(BEFORE)
        for (let again = 0; again < 2; again++)
          await expect(async () => victim.recv()).rejects.toMatchObject({
            name: 'TlsError',
            code: row.code,
            ...(row.alert === undefined ? {} : { alert: row.alert }),
          })
        await expect(async () => victim.send('x')).rejects.toMatchObject({ code: row.code })
      })

      test(`a ${role} of ${version} that goes on after its close_notify is not heard`, async () => {
        const { peer, victim } = await victimOf(connect, version, isServer)
        await peer.send(data(peer, 'all'), alert(peer, 1, 0), data(peer, 'more'), Buffer.from('nonsense'))
        expect(String(await victim.recv())).toBe('all')
        for (let again = 0; again < 2; again++) expect(await victim.recv()).toHaveLength(0)
        await victim.send('still spoken to')
        expect(await victim.end()).toBe(true)
      })

      test(`a ${role} of ${version} whose connection ends inside a record has not ended`, async () => {
        for (const cut of [1, 4, 5, 6, -1]) {
          const { peer, victim, below } = await victimOf(connect, version, isServer)
          await peer.send(data(peer, 'whole'), data(peer, 'not whole').subarray(0, cut))
          await below.shutdown()
          expect(String(await victim.recvExact(5))).toBe('whole')
          for (let again = 0; again < 2; again++)
            await expect(async () => victim.recv()).rejects.toMatchObject({ code: 'TRUNCATED' })
          victim.close()
        }
      })

      test(`a recv that is cancelled inside a record of a ${role} of ${version} loses none of it`, async () => {
        const { peer, victim } = await victimOf(connect, version, isServer)
        const sealed = data(peer, 'one record')
        for (const [from, to] of [
          [0, 3],
          [3, 5],
          [5, 20],
          [20, sealed.length - 1],
        ] as const) {
          await peer.send(sealed.subarray(from, to))
          await expect(withTimeout(2, () => victim.recv())).rejects.toMatchObject({ code: 'TIMEOUT' })
        }
        await peer.send(sealed.subarray(-1))
        expect(String(await victim.recv())).toBe('one record')
      })

      test(`warnings of a ${role} of ${version} do no harm, and explain nothing that comes later`, async () => {
        const { peer, victim } = await victimOf(connect, version, isServer)
        await peer.send(...many(4, () => alert(peer, 1, 90)), data(peer, 'all the same'))
        expect(String(await victim.recv())).toBe('all the same')
        await peer.send(changed(data(peer, 'x'), -1))
        await expect(async () => victim.recv()).rejects.toMatchObject({ code: PROTOCOL, alert: { by: 'us' } })
      })

      test(`a ${role} of ${version} may pad, split and join records as it likes`, async () => {
        const { peer, victim } = await victimOf(connect, version, isServer)
        await peer.send(
          ...many(32, () => data(peer, '')),
          peer.seal(ContentType.data, Buffer.from('padded '), 300),
          ...[...'letter by letter'].flatMap((letter) => [data(peer, letter), data(peer, '')]),
          peer.seal(ContentType.data, Buffer.alloc(2 ** 14, '.')),
        )
        expect(String(await victim.recvExact(23))).toBe('padded letter by letter')
        expect(await victim.recvExact(2 ** 14)).toEqual(Buffer.alloc(2 ** 14, '.'))
      })
    }
  }

  test.each([true, false])(
    'KeyUpdates between data are followed (answer wanted: %s)',
    async (isAnswerWanted) => {
      const { peer, victim } = await victimOf(connect, 'TLSv1.3', false)
      for (let round = 0; round < 3; round++) {
        await peer.send(...many(32, () => peer.keyUpdate(isAnswerWanted)), data(peer, `round ${round}`))
        expect(String(await victim.recvExact(7))).toBe(`round ${round}`)
      }
      await victim.send('with the newest keys')
      const heard = await new Promise((resolve) => peer.node.once('data', resolve))
      expect(String(heard)).toBe('with the newest keys')
    },
  )

  test('answers that a peer asks for and does not read cost no more memory than the limit', async () => {
    const { peer, victim } = await victimOf(connect, 'TLSv1.3', false)
    peer.deafen()
    const flood = spawn(async () => {
      // Each update is answered by 27 bytes. There is data between, so that no one of them is too many.
      for (;;) await peer.send(...many(30, () => peer.keyUpdate(true)), data(peer, '.'))
    })
    await expect(receiveAll(victim)).rejects.toMatchObject({ code: PROTOCOL })
    victim.close()
    await expect(flood.join()).rejects.toMatchObject({
      code: expect.stringMatching(/EPIPE|ECONNRESET|CLOSED/),
    })
  }, 60_000)
})

test('a peer that asks for an answer, says its end and goes has ended, whatever became of the answer', async () => {
  const { peer, victim, below } = await victimOf(socketPair, 'TLSv1.3', false)
  const heard = new Promise((resolve) => peer.node.once('data', resolve))
  await victim.send('the ticket goes with this')
  await heard
  // OpenSSL answers the first when it reads the second.
  await peer.send(peer.keyUpdate(true), peer.keyUpdate(true), alert(peer, 1, 0))
  below.close()
  for (let again = 0; again < 2; again++) expect(await victim.recv()).toHaveLength(0)
})
