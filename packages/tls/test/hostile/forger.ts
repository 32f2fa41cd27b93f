/**
 * A peer that makes a real handshake and then sends whatever records it likes, properly encrypted: what a peer can do that has keys
 * and no manners. The handshake is made by node:tls over a stream of the core; its key log gives the keys for what comes after. What
 * the other side sends is still read by node:tls.
 */
import { createCipheriv, createHmac } from 'node:crypto'
import { once } from 'node:events'
import { Duplex } from 'node:stream'
import { createSecureContext, connect as nodeConnect, TLSSocket } from 'node:tls'
import { type Stream, sleep, spawn } from '@shrapnel/core'
import type { Version } from '../../src/options.js'
import type { House } from '../house.js'

/** Record types (RFC 8446, 5.1). */
export const ContentType = {
  changeCipherSpec: 20,
  alert: 21,
  handshake: 22,
  data: 23,
  heartbeat: 24,
} as const
/** Handshake messages (RFC 8446, 4; RFC 5246, 7.4). */
export const HandshakeType = {
  helloRequest: 0,
  clientHello: 1,
  newSessionTicket: 4,
  certificateRequest: 13,
  keyUpdate: 24,
} as const

export function record(type: number, content: Uint8Array, version = 0x0303): Buffer {
  const header = Buffer.from([type, version >> 8, version & 0xff, 0, 0])
  header.writeUInt16BE(content.length, 3)
  return Buffer.concat([header, content])
}

export function handshakeMessage(type: number, body: Uint8Array): Buffer {
  const header = Buffer.from([type, 0, 0, 0])
  header.writeUIntBE(body.length, 1, 3)
  return Buffer.concat([header, body])
}

/** What stands between node:tls and the stream, and listens. */
class Tap extends Duplex {
  readonly #stream: Stream
  readonly first: { in?: Buffer; out?: Buffer } = {}
  last: Buffer | undefined
  /** Reads no more of the stream. */
  isDeaf = false
  /** From here on somebody else speaks: what node:tls would say is dropped. */
  isMuted = false

  constructor(stream: Stream) {
    super()
    this.#stream = stream
    spawn({ daemon: true }, async () => {
      try {
        for (let bytes = await stream.recv(); bytes.length > 0; bytes = await stream.recv()) {
          this.first.in ??= bytes
          this.last = bytes
          this.push(bytes)
          while (this.isDeaf) await sleep(60_000)
        }
      } catch {
        // It was reset or closed: an end like any other here.
      }
      this.push(null)
    })
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error) => void): void {
    this.first.out ??= Buffer.from(chunk)
    const send = async (): Promise<void> => (this.isMuted ? undefined : this.#stream.send(chunk))
    spawn({ daemon: true }, send)
      .join()
      .then(() => done(), done)
  }
}

type Seal = (type: number, content: Uint8Array, padding?: number) => Buffer

export interface Forger {
  /** What the victim says, as node:tls reads it. */
  readonly node: TLSSocket
  readonly version: Version
  /** The next record, encrypted. `padding` zeros are put behind it, in TLS 1.3. */
  readonly seal: Seal
  /** A KeyUpdate, after which `seal` uses the next keys (RFC 8446, 4.6.3). TLS 1.3 only. */
  keyUpdate(isAnswerWanted: boolean): Buffer
  send(...records: readonly Buffer[]): Promise<void>
  /** It reads no more. */
  deafen(): void
  /** The ciphertext that came last. */
  lastHeard(): Buffer | undefined
}

export interface ForgerOptions {
  readonly version: Version
  /** The victim is a client. */
  readonly isServer: boolean
}

export async function forger(
  stream: Stream,
  { server, client }: House,
  { version, isServer }: ForgerOptions,
): Promise<Forger> {
  const tap = new Tap(stream)
  const agreed = {
    minVersion: version,
    maxVersion: version,
    ciphers: 'TLS_AES_128_GCM_SHA256:ECDHE-ECDSA-AES128-GCM-SHA256',
  } as const
  const node = isServer
    ? new TLSSocket(tap, { isServer, secureContext: createSecureContext({ ...server, ...agreed }) })
    : nodeConnect({ socket: tap, servername: 'localhost', ca: client.ca, ...agreed })
  node.on('error', () => {})
  const secrets = new Map<string, string>()
  node.on('keylog', (line: Buffer) => {
    const [label = '', , secret = ''] = String(line).trim().split(' ')
    secrets.set(label, secret)
  })
  await once(node, isServer ? 'secure' : 'secureConnect')
  const secret = (label: string): Buffer => Buffer.from(secrets.get(label) as string, 'hex')
  let traffic =
    version === 'TLSv1.3' ? secret(`${isServer ? 'SERVER' : 'CLIENT'}_TRAFFIC_SECRET_0`) : undefined
  let seal =
    traffic === undefined
      ? sealer12(secret('CLIENT_RANDOM'), tap.first as { in: Buffer; out: Buffer }, isServer)
      : sealer13(traffic)
  return {
    node,
    version,
    seal: (...args) => {
      tap.isMuted = true
      return seal(...args)
    },
    keyUpdate(isAnswerWanted) {
      if (traffic === undefined) throw new Error('TLS 1.2 has no KeyUpdate')
      tap.isMuted = true
      const update = handshakeMessage(HandshakeType.keyUpdate, Buffer.from([isAnswerWanted ? 1 : 0]))
      const sealed = seal(ContentType.handshake, update)
      traffic = expand(traffic, 'traffic upd', 32)
      seal = sealer13(traffic)
      return sealed
    },
    deafen() {
      tap.isDeaf = true
    },
    lastHeard: () => tap.last,
    send: async (...records) => stream.send(Buffer.concat(records)),
  }
}

/** RFC 8446, 7.1; of one block. */
function expand(secret: Buffer, label: string, length: number): Buffer {
  const full = `tls13 ${label}`
  const info = Buffer.from([0, length, full.length, ...Buffer.from(full), 0, 1])
  return createHmac('sha256', secret).update(info).digest().subarray(0, length)
}

/** RFC 8446, 5.2 and 7.3. */
function sealer13(secret: Buffer): Seal {
  const key = expand(secret, 'key', 16)
  const iv = expand(secret, 'iv', 12)
  let number = 0
  return (type, content, padding = 0) => {
    const inner = Buffer.concat([content, Buffer.from([type]), Buffer.alloc(padding)])
    const header = record(ContentType.data, Buffer.alloc(inner.length + 16)).subarray(0, 5)
    const nonce = Buffer.from(iv)
    nonce.writeUInt32BE((nonce.readUInt32BE(8) ^ number++) >>> 0, 8)
    return Buffer.concat([header, gcm(key, nonce, header, inner)])
  }
}

/** RFC 5246, 6.3 and RFC 5288, 3. The first record of each side was its Finished. */
function sealer12(master: Buffer, first: { in: Buffer; out: Buffer }, isServer: boolean): Seal {
  // Both hellos have their random at the same place: behind the headers of record and message, and the version.
  const random = (hello: Buffer): Buffer => hello.subarray(11, 43)
  const [clientHello, serverHello] = isServer ? [first.in, first.out] : [first.out, first.in]
  const seed = Buffer.concat([Buffer.from('key expansion'), random(serverHello), random(clientHello)])
  const hmac = (...parts: Buffer[]): Buffer =>
    createHmac('sha256', master).update(Buffer.concat(parts)).digest()
  const a1 = hmac(seed)
  const block = Buffer.concat([hmac(a1, seed), hmac(hmac(a1), seed)])
  const key = isServer ? block.subarray(16, 32) : block.subarray(0, 16)
  const salt = isServer ? block.subarray(36, 40) : block.subarray(32, 36)
  let number = 1n
  return (type, content) => {
    const sequence = Buffer.alloc(8)
    sequence.writeBigUInt64BE(number++)
    const associated = Buffer.concat([sequence, record(type, content).subarray(0, 5)])
    return record(
      type,
      Buffer.concat([sequence, gcm(key, Buffer.concat([salt, sequence]), associated, content)]),
    )
  }
}

function gcm(key: Buffer, nonce: Buffer, associated: Buffer, plain: Uint8Array): Buffer {
  const cipher = createCipheriv('aes-128-gcm', key, nonce)
  cipher.setAAD(associated)
  return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()])
}
