/**
 * TlsStream: a TLS connection as a Stream. What it promises is Stream's promise; the bytes are moved by a pump. It keeps two things of
 * its own: what a `recvExact` received and did not take, and whether we have said that we send no more.
 */

import { X509Certificate } from 'node:crypto'
import { constants as os } from 'node:os'
import {
  type Awaitable,
  ClosedError,
  isDisconnect,
  SimultaneousError,
  type SocketAddress,
  type Stream,
  TimeoutError,
  withTimeout,
} from '@shrapnel/core'
import {
  checkDuration,
  checkInteger,
  checkOptionNames,
  currentScope,
  joinedBytes,
  Pushback,
  recvExact,
  systemError,
  toBytes,
  wrongType,
} from '@shrapnel/core/parts'
import {
  type ChannelBindingType,
  channelBinding,
  exportKeyingMaterial,
  serverEndPoint,
} from './channel-binding.js'
import { type NativeEngine, native } from './native.js'
import type { Pump } from './pump.js'
import { MAX_RECV_BYTES } from './received.js'
import { Agreed } from './tls-facts.js'
import type { TlsSession } from './tls-session.js'

const DONE: Promise<void> = Promise.resolve()
const DEFAULT_END_TIMEOUT_MS = 2000
const END_NAMES: ReadonlySet<string> = new Set(['timeoutMs'])
/** Where what nobody wants goes. */
const DROPPED = Buffer.allocUnsafeSlow(16_384)

export class TlsStream extends Agreed implements Stream {
  readonly #pump: Pump
  readonly #transport: Stream
  #pushback: Pushback | null = null
  #isShutDown = false
  #peerChain: readonly X509Certificate[] | null = null

  /** After the handshake. @internal */
  constructor(pump: Pump, handshakeMs: number, transport: Stream) {
    super(pump.engine, handshakeMs)
    this.#pump = pump
    this.#transport = transport
  }

  get isClosed(): boolean {
    return this.#pump.isClosed
  }

  /** The end of the other side; undefined where the transport has none, and once the peer is gone or this is closed. */
  get remoteAddress(): SocketAddress | undefined {
    const transport: Stream & { readonly remoteAddress?: SocketAddress | undefined } = this.#transport
    return transport.remoteAddress
  }

  /**
   * The certificates that the peer sent, its own first, also if nobody verified them. Those of the session if it is a resumed one, of
   * which a server knows the first only. They are read when first asked for: closed by then, the stream has none.
   */
  get peerChain(): readonly X509Certificate[] {
    if (this.#peerChain === null && this.isClosed) return []
    this.#peerChain ??= native.enginePeerChain(this.#pump.engine).map((der) => new X509Certificate(der))
    return this.#peerChain
  }

  /** The peer's own certificate. Undefined: it showed none, or the stream was closed before anybody asked. */
  get peerCertificate(): X509Certificate | undefined {
    return this.peerChain[0]
  }

  /**
   * The newest of what the server gave for resuming, if anything has come yet: in TLS 1.3 that is after the handshake, with what is
   * received. Each one is given once, and is out of the cache then. Undefined on a server, and once this is closed.
   */
  takeSession(): TlsSession | undefined {
    return this.isClosed ? undefined : this.#pump.sessions?.take()
  }

  /**
   * `length` bytes that only the two ends can know, for the use that `label` names (RFC 5705; RFC 8446, 7.5). Both ends get the same
   * for the same label, length and context; in TLS 1.2 no context and an empty one are not the same. Fails with `CLOSED`.
   */
  exportKeyingMaterial(label: string, length: number, context?: Uint8Array): Buffer {
    return exportKeyingMaterial(this.#openEngine(), label, length, context)
  }

  /**
   * The hash of the server's certificate that stands for it in other protocols (RFC 5929, 4), the same on both ends. Undefined if
   * the certificate's signature has no hash of its own (Ed25519). Fails with `CLOSED`.
   */
  tlsServerEndPoint(): Buffer | undefined {
    return serverEndPoint(this.#openEngine())
  }

  /**
   * The binding data of `type`, as SCRAM-PLUS wants them: `tls-exporter` (RFC 9266) or `tls-server-end-point` (RFC 5929). Fails with
   * `TLS_CHANNEL_BINDING` if this connection has none of that type, and with `CLOSED`.
   */
  channelBinding(type: ChannelBindingType): Buffer {
    return channelBinding(this.#openEngine(), type)
  }

  #openEngine(): NativeEngine {
    if (this.isClosed) throw new ClosedError(`${this.#pump.name} is closed`)
    return this.#pump.engine
  }

  /**
   * Up to `max` bytes, 65,536 unless given and never more at a time, as soon as there are any; empty when the peer has said that it
   * sends no more. Waits for the peer. Cancelling takes no byte. Fails with `TRUNCATED` if the connection ended without that,
   * `TLS_PROTOCOL` and `TLS_ALERT`, `CLOSED`, `SIMULTANEOUS`, or the system's `ECONNRESET` and the like.
   */
  recv(max = MAX_RECV_BYTES): Awaitable<Buffer> {
    if (max !== MAX_RECV_BYTES)
      max = Math.min(checkInteger('max', max, 1, Number.MAX_SAFE_INTEGER), MAX_RECV_BYTES)
    if (this.#pushback !== null) {
      const scope = currentScope()
      const refused = scope.refuse()
      if (refused !== null) return refused
      this.#pushback.claim(scope)
      if (this.#pushback.size > 0) return this.#pushback.take(max)
    }
    return this.#pump.recv(max)
  }

  /** As `recv`, into `target`; the count, 0 at the end. `target` must not be read before it is done. */
  recvInto(target: Uint8Array): Awaitable<number> {
    if (!(target instanceof Uint8Array)) throw wrongType('target', 'a Uint8Array', target)
    if (target.length === 0) return 0
    if (this.#pushback !== null) {
      const scope = currentScope()
      const refused = scope.refuse()
      if (refused !== null) return refused
      this.#pushback.claim(scope)
      if (this.#pushback.size > 0) {
        const bytes = this.#pushback.take(target.length)
        target.set(bytes)
        return bytes.length
      }
    }
    return this.#pump.recvInto(target)
  }

  /**
   * Exactly `count` bytes, the caller's to keep: set a limit before a peer's number gets here. Waits for the peer. Cancelled, or
   * failing with `END_OF_STREAM` (whose `partial` has a copy), it leaves the bytes that came to the next receive.
   */
  recvExact(count: number): Awaitable<Buffer> {
    this.#pushback ??= new Pushback(`recvExact ${this.#pump.name}`)
    return recvExact(this.#pushback, count, (max) => this.#pump.recv(max))
  }

  /**
   * Sends all of `data`; text as UTF-8. Waits while the peer does not read, or is in the middle of a message of TLS. The bytes must not
   * be changed until it is done. Cancelled before the first record it leaves the stream as it was; cancelled after, it resets the
   * connection (`BROKEN` from then on). Fails with `CLOSED`, `BROKEN`, `SIMULTANEOUS`, `EPIPE`, `ECONNRESET`; with `TLS_ALERT` if the
   * peer said why it went, `TRUNCATED` if it did so in the middle of a message, and `TLS_PROTOCOL`.
   */
  send(data: Uint8Array | string): Awaitable<void> {
    return this.#send(toBytes('data', data))
  }

  /** As `send`, of all parts in order: small ones share a record. */
  sendv(parts: readonly (Uint8Array | string)[]): Awaitable<void> {
    return this.#send(joinedBytes(parts))
  }

  #send(bytes: Uint8Array): Awaitable<void> {
    if (this.#isShutDown && !this.isClosed) {
      const refused = currentScope().refuse()
      if (refused !== null) return refused
      throw systemError('write', -os.errno.EPIPE)
    }
    return this.#pump.send(bytes) ?? DONE
  }

  /**
   * Sends no more: after all that was sent, the peer reads an end. Receiving goes on. Waits only while the kernel takes nothing or the
   * peer is in the middle of a message of TLS; cancelled then, it may be called again.
   */
  shutdown(): Awaitable<void> {
    const done = this.#pump.shutdown()
    this.#isShutDown = true
    return done ?? DONE
  }

  /**
   * Ends it in order: says close_notify, waits until the peer has said it too, `timeoutMs` at most (2000 unless given), and closes. What
   * the peer still sends is dropped. True: the peer has said it, so it has everything that was sent. False: it did not in time, or
   * went away without. Cancelled, it closes at once. Fails, and closes nothing, with `SIMULTANEOUS` if somebody sends or receives.
   */
  async end(options: { readonly timeoutMs?: number } = {}): Promise<boolean> {
    checkOptionNames(options, END_NAMES)
    const timeoutMs = checkDuration('timeoutMs', options.timeoutMs ?? DEFAULT_END_TIMEOUT_MS)
    if (this.isClosed) return false
    let isInUse = false
    try {
      return await withTimeout(timeoutMs, () => this.#sayEnd())
    } catch (error) {
      isInUse = error instanceof SimultaneousError
      if (error instanceof TimeoutError || isDisconnect(error)) return false
      throw error
    } finally {
      if (!isInUse) this.close()
    }
  }

  async #sayEnd(): Promise<boolean> {
    await this.shutdown()
    while ((await this.recvInto(DROPPED)) > 0);
    return true
  }

  /**
   * Closes it; again without effect. Whoever waits on it gets `ClosedError`. The peer is told that this is the end, if that can be done
   * now; what was received and not read is lost.
   */
  close(): void {
    this.#pump.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }
}
