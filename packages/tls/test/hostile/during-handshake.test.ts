/** What comes instead of a handshake, or in the middle of one: each row says what the other side is told. */
import {
  memoryStreamPair,
  type Socket,
  type Stream,
  socketPair,
  spawn,
  tcp,
  yieldSlice,
} from '@shrapnel/core'
import { expectNoDescriptorLeak, seededRandom } from '@shrapnel/test-support'
import { afterEach, describe, expect, test } from 'vitest'
import { native } from '../../src/native.js'
import type { Version } from '../../src/options.js'
import { type UpgradeOptions, upgrade } from '../../src/upgrade.js'
import { house } from '../house.js'
import { ContentType, HandshakeType, handshakeMessage, record } from './forger.js'
import { recordsOf } from './records.js'

const here = house()
const VERSIONS = ['TLSv1.3', 'TLSv1.2'] as const
const TRANSPORTS = { 'a socket': socketPair, 'a stream in memory': memoryStreamPair } as const
const PROTOCOL = 'TLS_PROTOCOL'
const CUT = 'TLS_HANDSHAKE_CUT'
const NOT_TLS = 'TLS_NOT_TLS'
const VERSION = 'TLS_VERSION'

afterEach(() => {
  expect(native.engineCount()).toBe(0)
})

/** The first record of a client. */
async function clientHello(maxVersion: Version = 'TLSv1.3'): Promise<Buffer> {
  const [left, right] = memoryStreamPair()
  const client = spawn(() => upgrade(left, { ...here.client, maxVersion }))
  const hello = await right.recv()
  right.close()
  await client.join().catch(() => {})
  return hello
}

/** The ClientHello as a message, and its version, random, session, suites, compressions and extensions. */
interface Hello {
  readonly version: Buffer
  readonly random: Buffer
  readonly session: Buffer
  readonly suites: Buffer
  readonly compressions: Buffer
  readonly extensions: Buffer
}

function parsed(hello: Buffer): Hello {
  let at = 9
  const take = (count: number): Buffer => {
    at += count
    return hello.subarray(at - count, at)
  }
  const version = take(2)
  const random = take(32)
  const session = take(take(1).readUInt8())
  const suites = take(take(2).readUInt16BE())
  const compressions = take(take(1).readUInt8())
  const extensions = take(take(2).readUInt16BE())
  return { version, random, session, suites, compressions, extensions }
}

function built(
  { version, random, session, suites, compressions, extensions }: Hello,
  behind = Buffer.alloc(0),
): Buffer {
  const short = (bytes: Buffer): Buffer => Buffer.concat([Buffer.from([bytes.length]), bytes])
  const long = (bytes: Buffer): Buffer =>
    Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 0xff]), bytes])
  const body = [version, random, short(session), long(suites), short(compressions), long(extensions), behind]
  return record(
    ContentType.handshake,
    handshakeMessage(HandshakeType.clientHello, Buffer.concat(body)),
    0x0301,
  )
}

const noise = seededRandom(3)
const empty = Buffer.alloc(0)
const repeated = (count: number, bytes: Buffer): Buffer =>
  Buffer.concat(Array.from({ length: count }, () => bytes))
const alertRecord = (level: number, number: number): Buffer =>
  record(ContentType.alert, Buffer.from([level, number]))

type Row = readonly [why: string, bytes: Buffer | ((hello: Buffer) => Buffer), code: string]

/** To either side, before anything else. */
const instead: readonly Row[] = [
  ['nothing', empty, CUT],
  ['one byte', Buffer.from([22]), CUT],
  ['the header of a record alone', Buffer.from('1603010100', 'hex'), CUT],
  ['SSH', Buffer.from('SSH-2.0-OpenSSH_9.2p1\r\n'), NOT_TLS],
  ['a greeting of SMTP', Buffer.from('220 mail.example ESMTP\r\n'), NOT_TLS],
  ['an answer of HTTP', Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'), NOT_TLS],
  ['noise', Buffer.from(Array.from({ length: 500 }, () => Math.floor(256 * noise()))), NOT_TLS],
  ['zeros', Buffer.alloc(500), NOT_TLS],
  ['a record of a version that never was', record(ContentType.handshake, Buffer.alloc(50), 0x0500), NOT_TLS],
  ['a record longer than any may be', Buffer.from('160301ffff', 'hex'), PROTOCOL],
  ['a flood of empty handshake records', repeated(40, record(ContentType.handshake, empty)), PROTOCOL],
  ['data', record(ContentType.data, Buffer.from('hello')), PROTOCOL],
  ['a ChangeCipherSpec of two bytes', record(ContentType.changeCipherSpec, Buffer.from([1, 1])), PROTOCOL],
  [
    'a flood of ChangeCipherSpecs',
    repeated(40, record(ContentType.changeCipherSpec, Buffer.from([1]))),
    PROTOCOL,
  ],
  ['a heartbeat', record(ContentType.heartbeat, Buffer.from('01ffff', 'hex')), PROTOCOL],
  ['a flood of warnings', repeated(5, alertRecord(1, 90)), PROTOCOL],
  ['a message that nobody knows', record(ContentType.handshake, handshakeMessage(99, empty)), PROTOCOL],
  ['a Finished', record(ContentType.handshake, handshakeMessage(20, Buffer.alloc(12))), PROTOCOL],
  ['a KeyUpdate', record(ContentType.handshake, handshakeMessage(24, Buffer.from([0]))), PROTOCOL],
]

const toServer: readonly Row[] = [
  ...instead,
  ['a fatal alert before any ClientHello', alertRecord(2, 40), PROTOCOL],
  ['a request of HTTP', Buffer.from('GET / HTTP/1.1\r\nHost: example.com\r\n\r\n'), NOT_TLS],
  ['a request to a proxy', Buffer.from('CONNECT example.com:443 HTTP/1.1\r\n\r\n'), NOT_TLS],
  ['a ClientHello of SSL 2', Buffer.from(`802e0100020015${'00'.repeat(41)}`, 'hex'), NOT_TLS],
  ['a ServerHello', record(ContentType.handshake, handshakeMessage(2, Buffer.alloc(40))), PROTOCOL],
  ['a ClientHello of 16 MB', record(ContentType.handshake, Buffer.from('01ffffff', 'hex')), PROTOCOL],
  ['a ClientHello without a byte', record(ContentType.handshake, Buffer.from('01000000', 'hex')), PROTOCOL],
  ['half a ClientHello', (hello) => hello.subarray(0, hello.length >> 1), CUT],
  ['a ClientHello and no more', (hello) => hello, CUT],
  ['two ClientHellos', (hello) => Buffer.concat([hello, hello]), PROTOCOL],
  [
    'a ClientHello, and then data',
    (hello) => Buffer.concat([hello, record(ContentType.data, Buffer.from('GET /'))]),
    PROTOCOL,
  ],
  [
    'a ClientHello, and then a request of HTTP',
    (hello) => Buffer.concat([hello, Buffer.from('GET / HTTP/1.1\r\n\r\n')]),
    PROTOCOL,
  ],
  [
    'a ClientHello, and then a fatal alert',
    (hello) => Buffer.concat([hello, alertRecord(2, 48)]),
    'TLS_ALERT',
  ],
  ['a ClientHello, and then close_notify', (hello) => Buffer.concat([hello, alertRecord(1, 0)]), CUT],
  ['a ClientHello with bytes behind it', (hello) => built(parsed(hello), Buffer.from('behind')), PROTOCOL],
  [
    'a ClientHello that wants compression',
    (hello) => built({ ...parsed(hello), compressions: Buffer.from([1]) }),
    PROTOCOL,
  ],
  ['a ClientHello without cipher suites', (hello) => built({ ...parsed(hello), suites: empty }), PROTOCOL],
  [
    'a ClientHello with suites that nobody has',
    (hello) => built({ ...parsed(hello), suites: Buffer.from('0a0a', 'hex'), extensions: empty }),
    'TLS_CIPHER',
  ],
  [
    'a ClientHello with half a cipher suite',
    (hello) => built({ ...parsed(hello), suites: Buffer.from([0x13]) }),
    PROTOCOL,
  ],
  [
    'a ClientHello with an extension twice',
    (hello) => {
      const { extensions, ...rest } = parsed(hello)
      return built({ ...rest, extensions: Buffer.concat([extensions, extensions]) })
    },
    PROTOCOL,
  ],
  [
    'a ClientHello with an extension cut short',
    (hello) => built({ ...parsed(hello), extensions: Buffer.from('00170004', 'hex') }),
    PROTOCOL,
  ],
  ...(['0300', '0301', '0302', '0200'] as const).map(
    (version): Row => [
      `a ClientHello of version ${version}`,
      (hello) => built({ ...parsed(hello), version: Buffer.from(version, 'hex'), extensions: empty }),
      VERSION,
    ],
  ),
]

const serverHello = (version: string, suite: string, extensions = ''): Buffer =>
  record(
    ContentType.handshake,
    handshakeMessage(2, Buffer.from(`${version}${'ab'.repeat(32)}00${suite}00${extensions}`, 'hex')),
  )

const toClient: readonly Row[] = [
  ...instead,
  ['a fatal alert', alertRecord(2, 40), 'TLS_ALERT'],
  ['a warning and the end', alertRecord(1, 90), CUT],
  ['close_notify', alertRecord(1, 0), CUT],
  ['its own ClientHello', (hello) => hello, PROTOCOL],
  ['a ServerHello of TLS 1.1', serverHello('0302', 'c013'), VERSION],
  ['a ServerHello of SSL 3', serverHello('0300', 'c013'), VERSION],
  ['a ServerHello with a suite that was not offered', serverHello('0303', '0005'), PROTOCOL],
  [
    'a ServerHello with an extension that was not offered',
    serverHello('0303', 'c02f', '0005000f000101'),
    PROTOCOL,
  ],
  ['a ServerHello without a key', serverHello('0303', '1301', '0006002b00020304'), PROTOCOL],
  [
    'a ServerHello that wants compression',
    record(ContentType.handshake, handshakeMessage(2, Buffer.from(`0303${'ab'.repeat(32)}00c02f01`, 'hex'))),
    PROTOCOL,
  ],
  ['a ServerHello and no more', serverHello('0303', 'c02f', '000900170000ff01000100'), CUT],
]

async function outcomeOf(
  [left, right]: readonly [Stream, Stream],
  options: UpgradeOptions,
  bytes: Buffer,
  pieces: number,
): Promise<{ code: string; answer: Buffer }> {
  const handshake = spawn(() => upgrade(left, options))
  handshake.join().catch(() => {})
  const answers: Buffer[] = []
  const listening = spawn(async () => {
    for (let some = await right.recv(); some.length > 0; some = await right.recv()) answers.push(some)
  })
  listening.join().catch(() => {})
  try {
    for (let at = 0; at < bytes.length; at += pieces) await right.send(bytes.subarray(at, at + pieces))
    await right.shutdown()
  } catch {
    // It had seen enough.
  }
  const code = await handshake.join().then(
    () => 'connected',
    (error: { code: string }) => error.code,
  )
  expect(left.isClosed).toBe(true)
  await listening.join().catch(() => {})
  right.close()
  return { code, answer: Buffer.concat(answers) }
}

describe.each(Object.entries(TRANSPORTS))('on %s', (_name, connect) => {
  test.each(toServer)('a server that is sent %s says so', async (_why, given, code) => {
    const bytes = typeof given === 'function' ? given(await clientHello('TLSv1.2')) : given
    const options = { ...here.server, isServer: true } as const
    for (const pieces of [65_536, 7])
      expect((await outcomeOf(connect(), options, bytes, pieces)).code).toBe(code)
  })

  test.each(toClient)('a client that is sent %s says so', async (_why, given, code) => {
    const bytes = typeof given === 'function' ? given(await clientHello()) : given
    for (const pieces of [65_536, 7])
      expect((await outcomeOf(connect(), here.client, bytes, pieces)).code).toBe(code)
  })

  test.each(['server', 'client'] as const)(
    'a %s need not wait for a peer that has said close_notify, connection or no connection',
    async (role) => {
      const hello = await clientHello()
      const [left, right] = connect()
      const options = role === 'server' ? ({ ...here.server, isServer: true } as const) : here.client
      const handshake = spawn(() => upgrade(left, options))
      await right.send(Buffer.concat([role === 'server' ? hello : Buffer.alloc(0), alertRecord(1, 0)]))
      await expect(handshake.join()).rejects.toMatchObject({ code: CUT })
      right.close()
    },
  )

  test('a ClientHello that offers heartbeats is answered without them', async () => {
    const { extensions, ...rest } = parsed(await clientHello('TLSv1.2'))
    const hello = built({
      ...rest,
      extensions: Buffer.concat([extensions, Buffer.from('000f000101', 'hex')]),
    })
    const { answer } = await outcomeOf(connect(), { ...here.server, isServer: true }, hello, 65_536)
    // A ServerHello: the suite is behind version, random and session, and behind that compression and extensions.
    expect(answer[5]).toBe(2)
    const session = answer.readUInt8(43)
    expect(answer[46 + session]).toBe(0)
    const known = answer.subarray(49 + session, 9 + answer.readUIntBE(6, 3))
    const types: number[] = []
    for (let at = 0; at < known.length; at += 4 + known.readUInt16BE(at + 2))
      types.push(known.readUInt16BE(at))
    expect(types).not.toContain(15)
  })
})

/** What becomes of the records of the other side: `count` whole ones and a part of the next get through, and then that. */
type End = 'closes' | 'resets' | 'stalls' | 'stalls until we are cancelled'
const ENDS: Readonly<Record<End, string>> = {
  closes: CUT,
  resets: 'ECONNRESET',
  stalls: 'TIMEOUT',
  'stalls until we are cancelled': 'INTERRUPTED',
}

/**
 * What an alert in the place of each record of the other side is: A, an alert; P, a breach of the protocol, as it comes before there is a
 * connection or is not encrypted where it must be.
 */
const ALERTED: readonly (readonly [Version, role: 'server' | 'client', outcomes: RegExp])[] = [
  ['TLSv1.3', 'server', /^PAA+$/],
  ['TLSv1.3', 'client', /^APP+$/],
  ['TLSv1.2', 'server', /^PAA+P$/],
  ['TLSv1.2', 'client', /^AAA+P$/],
]

async function tcpPair(): Promise<readonly [Socket, Socket]> {
  const listener = tcp.listen({ port: 0 })
  const sockets = [await tcp.connect('127.0.0.1', listener.port), await listener.accept()] as const
  listener.close()
  return sockets
}

/** The code that the victim of a peer gets; undefined: the handshake was done before it came to that. */
async function cutOff(
  version: Version,
  isServer: boolean,
  count: number,
  part: number,
  end: End | 'alerts',
): Promise<string | undefined> {
  const [left, right] = await tcpPair()
  const [far, near] = socketPair()
  const versions = { minVersion: version, maxVersion: version }
  const server = { ...here.server, ...versions, isServer: true } as const
  const client = { ...here.client, ...versions }
  const other = spawn(() => upgrade(far, isServer ? client : server))
  other.join().catch(() => {})
  const handshakeTimeoutMs = end === 'stalls' ? 20 : 10_000
  const victim = spawn(() => upgrade(left, { ...(isServer ? server : client), handshakeTimeoutMs }))
  const back = spawn(async () => {
    for (let bytes = await right.recv(); bytes.length > 0; bytes = await right.recv()) await near.send(bytes)
  })
  back.join().catch(() => {})
  const forth = spawn(async () => {
    let index = 0
    for await (const each of recordsOf(near)) {
      if (index++ < count) await right.send(each)
      else {
        if (part > 0) await right.send(each.subarray(0, part))
        if (end === 'alerts') await right.send(alertRecord(2, 40))
        if (end === 'closes' || end === 'alerts') right.shutdown()
        if (end === 'resets') right.reset()
        for (let turn = 0; turn < 3; turn++) await yieldSlice()
        if (end === 'stalls until we are cancelled') victim.interrupt()
        return
      }
    }
  })
  forth.join().catch(() => {})
  const code = await victim.join().then(
    (stream) => void stream.close(),
    (error: { code: string }) => error.code,
  )
  expect(left.isClosed).toBe(true)
  for (const coroutine of [other, back, forth]) coroutine.shutdown()
  for (const coroutine of [other, back, forth]) await coroutine.join().catch(() => {})
  for (const socket of [right, far, near]) socket.close()
  const stream = await other.join().catch(() => undefined)
  stream?.close()
  return code
}

test.each(ALERTED)(
  'an alert at any stage ends a handshake by %s of a %s',
  async (version, role, outcomes) => {
    const letters = new Map([
      ['TLS_ALERT', 'A'],
      [PROTOCOL, 'P'],
    ])
    let said = ''
    for (;;) {
      const code = await cutOff(version, role === 'server', said.length, 0, 'alerts')
      if (code === undefined) break
      said += letters.get(code) ?? code
    }
    expect(said).toMatch(outcomes)
  },
)

describe.each(VERSIONS)('%s', (version) => {
  describe.each(['server', 'client'] as const)('a %s', (role) => {
    test.each(Object.entries(ENDS) as [End, string][])(
      'whose peer %s at any stage of the handshake says %s, and leaves nothing open',
      async (end, code) => {
        const everyStage = async (): Promise<number> => {
          for (let count = 0; ; count++) {
            for (const part of [0, 3, 5, 20]) {
              const outcome = await cutOff(version, role === 'server', count, part, end)
              if (outcome === undefined) return count
              expect(outcome).toBe(code)
            }
          }
        }
        let stages = 0
        await expectNoDescriptorLeak(
          async () => {
            stages = await everyStage()
          },
          { warmUpRounds: end === 'stalls' ? 0 : 1 },
        )
        expect(stages).toBeGreaterThanOrEqual(3)
      },
    )
  })

  test('a chain of certificates longer than 100 KB is refused before it is read', async () => {
    const chain = here.server.cert + here.authority.certificatePem.repeat(300)
    const [left, right] = socketPair()
    const server = spawn(() =>
      upgrade(right, { ...here.server, cert: chain, maxVersion: version, isServer: true }),
    )
    server.join().catch(() => {})
    await expect(upgrade(left, { ...here.client, maxVersion: version })).rejects.toMatchObject({
      code: PROTOCOL,
      reason: 'excessive message size',
    })
    await expect(server.join()).rejects.toMatchObject({ code: 'TLS_ALERT' })
  })

  test('a client that refuses and goes away is known by its alert, not by the broken pipe', async () => {
    const [left, right] = await tcpPair()
    const stranger = await here.authority.stranger()
    const client = spawn(() =>
      upgrade(left, { ...here.client, ca: stranger.certificatePem, maxVersion: version }),
    )
    client.join().catch(() => {})
    await expect(upgrade(right, { ...here.server, isServer: true })).rejects.toMatchObject({
      code: 'TLS_ALERT',
      alert: { number: 48, by: 'peer' },
    })
    await expect(client.join()).rejects.toMatchObject({ code: 'TLS_CERTIFICATE_ISSUER' })
  })
})
