/**
 * TLS over any Stream: a tunnel through a proxy, another TLS connection, a pair in memory. Ciphertext is received from the stream and
 * fed to the engine, and what the engine makes is sent; the waiting is the stream's.
 *
 * Cancelling: a receive takes nothing, as neither does the stream's. A send that has made its first record cannot take it back, so it
 * breaks the connection. What else there is to say (an answer to a KeyUpdate, close_notify) is kept if its sending was cancelled
 * before the first byte, and goes with what is sent next.
 *
 * What is to be sent while the peer is in the middle of a message of TLS waits until the rest was received, as descriptor-pump.ts says.
 */
import { type Awaitable, isDisconnect, type Stream, TimeoutError, withTimeout } from '@shrapnel/core'
import { afterTurn, currentScope, Direction, type Scope, spend, systemError } from '@shrapnel/core/parts'
import { connectionError } from './connection-error.js'
import type { ConnectionSessions } from './connection-sessions.js'
import { TlsError, TruncatedStream } from './errors.js'
import {
  CLOSED,
  ENDED,
  FAILED,
  HAS_KEY_LOG,
  HAS_SESSION,
  hasFlag,
  type NativeEngine,
  NO_SOCKET,
  native,
  PENDING_OUTPUT,
  WANT_CONTEXT,
  WANT_READ,
} from './native.js'
import type { Choose, Pump } from './pump.js'
import { receive } from './received.js'
import { StreamBelow } from './stream-below.js'

/** What is made records of before they are sent. */
const PLAINTEXT_BYTES = 65_536
const NOTHING: Buffer = Buffer.alloc(0)
const DONE: Promise<void> = Promise.resolve()
/** How long a peer that takes no more may take to say why. */
const LAST_WORDS_MS = 1000

export class RecordPump implements Pump {
  readonly engine: NativeEngine
  readonly name: string
  sessions: ConnectionSessions | undefined
  keyLog: ((lines: string) => void) | undefined
  readonly #below: StreamBelow
  readonly #receiving: Direction<never>
  readonly #sending: Direction<never>

  constructor(inner: Stream, engine: NativeEngine) {
    this.engine = engine
    this.#below = new StreamBelow(inner, engine)
    this.name = this.#below.name
    this.#receiving = new Direction(`recv ${this.name}`)
    this.#sending = new Direction(`send ${this.name}`)
  }

  get isClosed(): boolean {
    return this.#below.isClosed
  }

  async handshake(choose?: Choose): Promise<void> {
    try {
      for (;;) {
        const result = native.handshake(this.engine, NO_SOCKET, true, false)
        if (hasFlag(HAS_KEY_LOG)) this.keyLog?.(native.engineTakeKeyLog(this.engine))
        if (result === FAILED) throw this.#fail()
        try {
          await this.#below.flush()
        } catch (error) {
          throw await this.#lastWords(error)
        }
        if (result === WANT_CONTEXT) {
          await this.#choose(choose)
          continue
        }
        if (result !== WANT_READ && result !== ENDED) return
        if (result === ENDED || !(await this.#below.take()))
          throw new TlsError('TLS_HANDSHAKE_CUT', 'the peer closed the connection during the TLS handshake')
      }
    } catch (error) {
      this.#below.close('the TLS handshake failed', 'CLOSED')
      throw error
    }
  }

  /** The peer has gone, and a send says so before a receive could say why: it refused, with an alert that was not received yet. */
  async #lastWords(sendError: unknown): Promise<unknown> {
    if (!isDisconnect(sendError)) return sendError
    try {
      return await withTimeout(LAST_WORDS_MS, async () => {
        while (await this.#below.take())
          if (native.handshake(this.engine, NO_SOCKET, true, false) === FAILED) return connectionError()
        return sendError
      })
    } catch (error) {
      return error instanceof TimeoutError || isDisconnect(error) ? sendError : error
    }
  }

  /** A client that is refused is told so, if the stream below takes the message now. */
  async #choose(choose?: Choose): Promise<void> {
    try {
      await choose?.(this.engine)
    } catch (error) {
      if (!this.isClosed) {
        native.handshake(this.engine, NO_SOCKET, true, false)
        this.#below.sendAtOnce()
      }
      throw error
    }
  }

  recv(max: number): Awaitable<Buffer> {
    return this.#receive(() => {
      const bytes = receive(max, false, (buffer, offset, length) =>
        native.read(this.engine, NO_SOCKET, buffer, offset, length, false),
      )
      if (hasFlag(HAS_SESSION)) this.sessions?.arrived()
      if (bytes === WANT_READ) return undefined
      return typeof bytes === 'number' ? this.#noBytes(bytes, NOTHING) : bytes
    })
  }

  recvInto(target: Uint8Array): Awaitable<number> {
    return this.#receive(() => {
      const count = native.read(this.engine, NO_SOCKET, target, 0, target.length, false)
      if (hasFlag(HAS_SESSION)) this.sessions?.arrived()
      if (count === WANT_READ) return undefined
      return count <= 0 ? this.#noBytes(count, 0) : count
    })
  }

  send(data: Uint8Array): Awaitable<void> {
    const scope = currentScope()
    const refused = scope.refuse()
    if (refused !== null) return refused
    this.#below.checkOpen()
    this.#sending.claim(scope)
    if (data.length === 0) return DONE
    if (!spend(scope)) return afterTurn(() => this.send(data))
    return this.#sendAll(scope, data)
  }

  shutdown(): Awaitable<void> {
    const scope = currentScope()
    const refused = scope.refuse()
    if (refused !== null) return refused
    this.#below.checkOpen()
    this.#sending.claim(scope)
    const result = native.shutdown(this.engine, NO_SOCKET)
    if (result === FAILED) throw this.#fail()
    return result === WANT_READ ? this.#shutdownLater(scope) : this.#below.flush()
  }

  async #shutdownLater(scope: Scope): Promise<void> {
    this.#sending.hold(scope)
    try {
      for (let result = WANT_READ; result === WANT_READ; ) {
        await this.#feedForSend()
        result = native.shutdown(this.engine, NO_SOCKET)
        if (result === FAILED) throw this.#fail()
      }
      await this.#below.flush()
    } finally {
      this.#sending.release()
    }
  }

  close(): void {
    if (this.#sending.isFree && !this.isClosed) {
      native.shutdown(this.engine, NO_SOCKET)
      this.#below.sendAtOnce()
    }
    this.#below.close('close() was called', 'CLOSED')
  }

  /** `attempt` gives undefined when it needs more ciphertext. */
  #receive<T>(attempt: () => T | undefined): Awaitable<T> {
    const scope = currentScope()
    const refused = scope.refuse()
    if (refused !== null) return refused
    this.#below.checkOpen()
    this.#receiving.claim(scope)
    if (!spend(scope)) return afterTurn(() => this.#receive(attempt))
    const outcome = attempt()
    return outcome ?? this.#receiveMore(scope, attempt)
  }

  async #receiveMore<T>(scope: Scope, attempt: () => T | undefined): Promise<T> {
    this.#receiving.hold(scope)
    try {
      for (;;) {
        if (hasFlag(PENDING_OUTPUT)) this.#below.answer()
        if (!(await this.#below.feed())) throw new TruncatedStream()
        const outcome = attempt()
        if (outcome !== undefined) return outcome
      }
    } finally {
      this.#receiving.release()
    }
  }

  async #feedForSend(): Promise<void> {
    if (!(await this.#below.feed()))
      throw new TruncatedStream('the connection ended in the middle of a message of the peer')
    this.#below.checkOpen()
  }

  async #sendAll(scope: Scope, data: Uint8Array): Promise<void> {
    this.#sending.hold(scope)
    let made = 0
    try {
      using _lock = await this.#below.lock()
      while (made < data.length) {
        this.#below.checkOpen()
        const length = Math.min(data.length - made, PLAINTEXT_BYTES)
        const count = native.write(this.engine, NO_SOCKET, data, made, length)
        if (count === WANT_READ) {
          await this.#feedForSend()
          continue
        }
        if (count < 0) throw this.#fail()
        made += count
        await this.#below.sendMade()
      }
    } catch (error) {
      if (made > 0) this.#below.close('a TLS send ended half-way', 'BROKEN')
      throw error
    } finally {
      this.#sending.release()
    }
  }

  #noBytes<T>(result: number, end: T): T {
    if (result === CLOSED) return end
    throw result === FAILED ? this.#fail() : systemError('read', result)
  }

  /** TLS has given the connection up, and the peer is told why. */
  #fail(): TlsError {
    const error = connectionError()
    this.sessions?.failed()
    this.#below.sendAtOnce()
    return error
  }
}
