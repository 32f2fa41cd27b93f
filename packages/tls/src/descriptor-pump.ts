/**
 * TLS on a socket: the addon reads and writes the descriptor itself, and what has to wait waits as the core's own operations do.
 *
 * Cancelling: a receive takes nothing. A send that has made its first record cannot take it back, so it breaks the connection; one
 * that still waited for the kernel leaves everything as it was. A handshake closes the socket.
 */
import { type Awaitable, LATER, PENDING, type RawOperation, type RawSocket } from '@shrapnel/core'
import { connectionError } from './connection-error.js'
import { TlsError, TruncatedStream } from './errors.js'
import {
  CLOSED,
  DRAINED,
  ENDED,
  FAILED,
  HAS_KEY_LOG,
  HAS_SESSION,
  hasFlag,
  type NativeEngine,
  native,
  PENDING_OUTPUT,
  WANT_CONTEXT,
  WANT_READ,
  WANT_WRITE,
} from './native.js'
import type { Pump } from './pump.js'
import { FEW_BYTES, receive } from './received.js'
import type { ConnectionSessions } from './resumption.js'
import type { Chooser } from './server-names.js'

/** A peer that reads as fast as we send never lets the kernel say that it is full: after so much others have their turn. */
const BYTES_PER_TURN = 1024 * 1024
const NOTHING: Buffer = Buffer.alloc(0)

export class DescriptorPump implements Pump {
  readonly engine: NativeEngine
  readonly raw: RawSocket
  readonly fd: number
  sessions: ConnectionSessions | undefined
  keyLog: ((lines: string) => void) | undefined

  readonly #isServer: boolean

  constructor(raw: RawSocket, engine: NativeEngine, isServer: boolean) {
    this.raw = raw
    this.#isServer = isServer
    this.engine = engine
    this.fd = raw.fd
  }

  get isClosed(): boolean {
    return this.raw.isClosed
  }

  get name(): string {
    return `fd ${this.fd}`
  }

  async handshake(choose?: Chooser): Promise<void> {
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
      this.release()
      throw error
    }
  }

  /** A client that is refused is told so, if the kernel takes the message now. */
  async #choose(choose: Chooser | undefined): Promise<void> {
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

  /** The last receive brought so little that the next one is not given much room. */
  expectsFew = false
  /** A send is under way: what the peer got is not the whole. */
  isSending = false

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
    if (result !== FAILED) return this.raw.failure(syscall, result)
    const error = connectionError()
    this.sessions?.failed()
    return error
  }
}

/** What the handshake does next. */
type Step = 'read' | 'write' | 'choose' | 'done'

class HandshakeOperation implements RawOperation<Step> {
  readonly verb = 'TLS handshake'
  readonly #pump: DescriptorPump
  readonly #direction: 'read' | 'write'

  constructor(pump: DescriptorPump, direction: 'read' | 'write') {
    this.#pump = pump
    this.#direction = direction
  }

  try(): Step | typeof PENDING {
    const { engine, fd, raw } = this.#pump
    if (this.#direction === 'write') {
      const flushed = native.flush(engine, fd)
      if (flushed < 0) throw this.#pump.failure('write', flushed)
      if (hasFlag(PENDING_OUTPUT)) return PENDING
    }
    const isReading = this.#direction === 'read'
    const result = native.handshake(engine, fd, isReading, raw.trustsShortReads)
    if (hasFlag(HAS_KEY_LOG)) this.#pump.keyLog?.(native.engineTakeKeyLog(engine))
    if (result === 0) {
      if (hasFlag(DRAINED)) raw.exhaust('read')
      return 'done'
    }
    if (result === WANT_CONTEXT) return 'choose'
    if (result === WANT_WRITE) return isReading ? 'write' : PENDING
    if (result === WANT_READ) return isReading ? PENDING : 'read'
    if (result === ENDED)
      throw new TlsError('TLS_HANDSHAKE_CUT', 'the peer closed the connection during the TLS handshake')
    throw this.#pump.failure(this.#direction, result)
  }
}

class RecvOperation implements RawOperation<Buffer> {
  readonly verb = 'TLS recv'
  readonly #pump: DescriptorPump
  readonly #max: number

  constructor(pump: DescriptorPump, max: number) {
    this.#pump = pump
    this.#max = max
  }

  try(): Buffer | typeof PENDING {
    const pump = this.#pump
    const { engine, fd, raw } = pump
    const bytes = receive(this.#max, pump.expectsFew, (buffer, offset, length) =>
      native.read(engine, fd, buffer, offset, length, raw.trustsShortReads),
    )
    if (hasFlag(HAS_SESSION)) pump.sessions?.arrived()
    if (typeof bytes === 'number') return pump.noBytes(bytes) ?? NOTHING
    pump.expectsFew = bytes.length <= FEW_BYTES
    if (hasFlag(DRAINED)) raw.exhaust('read')
    return bytes
  }
}

class RecvIntoOperation implements RawOperation<number> {
  readonly verb = 'TLS recv'
  readonly #pump: DescriptorPump
  readonly #target: Uint8Array

  constructor(pump: DescriptorPump, target: Uint8Array) {
    this.#pump = pump
    this.#target = target
  }

  try(): number | typeof PENDING {
    const { engine, fd, raw } = this.#pump
    const target = this.#target
    const count = native.read(engine, fd, target, 0, target.length, raw.trustsShortReads)
    if (hasFlag(HAS_SESSION)) this.#pump.sessions?.arrived()
    if (count <= 0) return this.#pump.noBytes(count) ?? 0
    if (hasFlag(DRAINED)) raw.exhaust('read')
    return count
  }
}

class SendOperation implements RawOperation<void> {
  readonly verb = 'TLS send'
  readonly #pump: DescriptorPump
  readonly #data: Uint8Array
  #made = 0

  constructor(pump: DescriptorPump, data: Uint8Array) {
    this.#pump = pump
    this.#data = data
  }

  try(): undefined | typeof PENDING | typeof LATER {
    const pump = this.#pump
    const data = this.#data
    const limit = this.#made + BYTES_PER_TURN
    do {
      const count =
        this.#made < data.length
          ? native.write(pump.engine, pump.fd, data, this.#made, data.length - this.#made)
          : native.flush(pump.engine, pump.fd)
      if (count < 0) {
        pump.isSending = false
        throw pump.failure('write', count)
      }
      this.#made += count
      if (hasFlag(PENDING_OUTPUT)) return this.#goOn(PENDING)
      if (this.#made >= limit && this.#made < data.length) return this.#goOn(LATER)
    } while (this.#made < data.length)
    pump.isSending = false
    return undefined
  }

  #goOn<T>(outcome: T): T {
    this.#pump.isSending = this.#made > 0
    return outcome
  }

  cancelled(): void {
    if (this.#made > 0) this.#pump.break('a TLS send was cancelled half-way')
  }
}

class ShutdownOperation implements RawOperation<void> {
  readonly verb = 'TLS shutdown'
  readonly #pump: DescriptorPump

  constructor(pump: DescriptorPump) {
    this.#pump = pump
  }

  try(): undefined | typeof PENDING {
    const { engine, fd } = this.#pump
    const result = native.shutdown(engine, fd)
    if (result < 0) throw this.#pump.failure('write', result)
    return hasFlag(PENDING_OUTPUT) ? PENDING : undefined
  }
}
