/**
 * TLS on a socket: the addon reads and writes the descriptor itself, and what has to wait waits as the core's own operations do.
 *
 * Cancelling: a receive takes nothing. A send that has made its first record cannot take it back, so it breaks the connection; one
 * that still waited for the kernel leaves everything as it was. A handshake closes the socket.
 *
 * A peer may send a message of TLS (a ticket, say) in several records, and OpenSSL makes no record between them. What is to be sent then
 * waits until the rest was received: by whoever receives, or else by the sender, who leaves what lies behind it to the next receive.
 */
import { type Awaitable, PENDING, type RawSocket } from '@shrapnel/core'
import { connectionError } from './connection-error.js'
import type { ConnectionSessions } from './connection-sessions.js'
import { HandshakeOperation, type Step } from './descriptor-handshake.js'
import { RecvIntoOperation, RecvOperation } from './descriptor-receive.js'
import { SendOperation, ShutdownOperation } from './descriptor-send.js'
import { TruncatedStream } from './errors.js'
import { CLOSED, ENDED, FAILED, type NativeEngine, native, WANT_READ } from './native.js'
import type { Choose, Pump } from './pump.js'

export class DescriptorPump implements Pump {
  readonly engine: NativeEngine
  readonly raw: RawSocket
  readonly fd: number
  sessions: ConnectionSessions | undefined
  keyLog: ((lines: string) => void) | undefined

  /** The last receive brought so little that the next one is not given much room. */
  expectsFew = false
  /** A send is under way: what the peer got is not the whole. */
  isSending = false
  /** Somebody wants to send, in the middle of a message of the peer's. */
  isCrossed = false
  readonly #isServer: boolean

  readonly #keepsNotTls: boolean

  constructor(raw: RawSocket, engine: NativeEngine, isServer: boolean, keepsNotTls = false) {
    this.raw = raw
    this.engine = engine
    this.fd = raw.fd
    this.#isServer = isServer
    this.#keepsNotTls = keepsNotTls
  }

  get isClosed(): boolean {
    return this.raw.isClosed
  }

  get name(): string {
    return `fd ${this.fd}`
  }

  async handshake(choose?: Choose): Promise<void> {
    try {
      // A client has something to say first, and what the server says to it will come as an event.
      for (let next: Step = this.#isServer ? 'read' : 'write'; next !== 'done'; ) {
        if (next === 'choose') {
          await this.#choose(choose)
          next = 'write'
        }
        next = await this.raw.attempt(next, new HandshakeOperation(this, next))
      }
    } catch (error) {
      if (this.#keepsNotTls && (error as { code?: unknown }).code === 'TLS_NOT_TLS')
        native.engineFree(this.engine)
      else this.release()
      throw error
    }
  }

  /** A client that is refused is told so, if the kernel takes the message now. */
  async #choose(choose?: Choose): Promise<void> {
    try {
      await choose?.(this.engine)
    } catch (error) {
      if (!this.isClosed) native.handshake(this.engine, this.fd, false, false)
      throw error
    }
  }

  recv(max: number): Awaitable<Buffer> {
    return this.raw.attempt('read', new RecvOperation(this, max))
  }

  recvInto(target: Uint8Array): Awaitable<number> {
    return this.raw.attempt('read', new RecvIntoOperation(this, target))
  }

  send(data: Uint8Array): Awaitable<void> {
    return this.raw.attempt('write', new SendOperation(this, data))
  }

  shutdown(): Awaitable<void> {
    return this.raw.attempt('write', new ShutdownOperation(this))
  }

  /** Says close_notify if nobody is in the middle of a send and the kernel takes it, and closes. */
  close(): void {
    // Somebody closed the socket itself. Nothing uses the engine any more.
    if (this.isClosed) return void native.engineFree(this.engine)
    native.close(this.engine, this.fd, !this.isSending)
    this.raw.close()
  }

  /** After `WANT_READ` from a write: receives. False: there is nothing to be received yet. */
  pull(): boolean {
    const result = native.pull(this.engine, this.fd)
    this.isCrossed = result === WANT_READ
    if (result === 0) this.raw.retry('read')
    if (result === ENDED)
      throw new TruncatedStream('the connection ended in the middle of a message of the peer')
    if (result < 0 && !this.isCrossed) throw this.failure('read', result)
    return !this.isCrossed
  }

  /** After a receive, which may have had what somebody waits for who sends. */
  uncross(): void {
    this.isCrossed = false
    this.raw.retry('write')
  }

  break(text: string): void {
    this.raw.break(text)
    native.engineFree(this.engine)
  }

  release(): void {
    this.raw.close()
    native.engineFree(this.engine)
  }

  /** What is told to whoever reads when there was no byte: undefined is the end. Throws what failed. */
  noBytes(result: number): typeof PENDING | undefined {
    if (result === WANT_READ) return PENDING
    if (result === CLOSED) return undefined
    if (result === ENDED) throw new TruncatedStream()
    throw this.failure('read', result)
  }

  failure(syscall: string, result: number): Error {
    // Looking for the peer's last words it may have received what is for others.
    if (syscall === 'write' && !this.isClosed) this.raw.retry('read')
    if (result !== FAILED) return this.raw.failure(syscall, result)
    const error = connectionError()
    this.sessions?.failed()
    return error
  }
}
