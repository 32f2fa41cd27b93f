/**
 * A Duplex of Node as a Stream: a `net.Socket` that somebody else opened, a TLS socket, a tunnel. It must carry bytes; one in object
 * mode, or with an encoding set, is refused. Nobody else may read from or write to it meanwhile.
 */

import { constants as os } from 'node:os'
import type { Duplex } from 'node:stream'
import type { Awaitable } from '../awaitable.js'
import { ClosedError, checkInteger, wrongType } from '../errors.js'
import { currentScope } from '../runtime/current.js'
import { afterTurn, spend } from '../runtime/fairness.js'
import type { Scope } from '../runtime/scope.js'
import { Direction } from '../stream/direction.js'
import { recvInto } from '../stream/recv-into.js'
import type { Stream } from '../stream/stream.js'
import { joinedBytes, toBytes } from '../stream/to-bytes.js'
import { systemError } from '../system-error.js'
import { cutOffDuplex } from './cut-off.js'

const DEFAULT_RECV_BYTES = 65_536
const NOTHING: Buffer = Buffer.alloc(0)

/**
 * A Stream over `duplex`, which belongs to it from now on. `send` is done when the Duplex has called back; cancelled before it had room
 * it sends nothing, cancelled later it closes. Closing destroys the Duplex. Its errors come out of the operation that waits, and of each
 * later one.
 */
export function fromDuplex(duplex: Duplex): Stream {
  return new DuplexStream(checkDuplex(duplex))
}

function checkDuplex(duplex: Duplex): Duplex {
  if (
    typeof duplex?.read !== 'function' ||
    typeof duplex.write !== 'function' ||
    typeof duplex.on !== 'function'
  ) {
    throw wrongType('duplex', 'a Duplex', duplex)
  }
  if (duplex.readableObjectMode || duplex.writableObjectMode || duplex.readableEncoding !== null) {
    throw wrongType('duplex', 'a Duplex of bytes', duplex)
  }
  return duplex
}

class DuplexStream implements Stream {
  readonly #duplex: Duplex
  readonly #receiving = new Direction<Buffer>('recv from a Duplex')
  readonly #sending = new Direction<void>('send to a Duplex')
  #receiveMax = 0
  #awaitsRoom = false
  #isWriting = false
  #failure: { readonly error: unknown } | null = null
  #closed: ClosedError | null = null

  constructor(duplex: Duplex) {
    this.#duplex = duplex
    if (duplex.closed) return
    duplex.on('error', this.#onError).on('close', this.#onClose)
    duplex.on('readable', this.#onReadable).on('end', this.#onEnd).on('drain', this.#onDrain)
  }

  get isClosed(): boolean {
    return this.#closed !== null || this.#duplex.destroyed
  }

  recv(max = DEFAULT_RECV_BYTES): Awaitable<Buffer> {
    checkInteger('max', max, 1, Number.MAX_SAFE_INTEGER)
    const scope = currentScope()
    const refused = scope.refuse()
    if (refused !== null) return refused
    this.#checkOpen()
    this.#receiving.claim(scope)
    const duplex = this.#duplex
    // Starts a read of the Duplex, or the end of it, without taking anything.
    if (duplex.readableLength === 0) duplex.read(0)
    if (duplex.readableLength > 0) {
      if (!spend(scope)) return afterTurn(() => this.recv(max))
      return this.#take(max)
    }
    if (!duplex.readable) return NOTHING
    this.#receiveMax = max
    return this.#receiving.suspend(scope)
  }

  recvInto(target: Uint8Array): Awaitable<number> {
    return recvInto(this, target)
  }

  // Copied, because a Duplex may pass on what it was given, long after it called back: a PassThrough does.
  send(data: Uint8Array | string): Awaitable<void> {
    return this.#send(Buffer.from(toBytes('data', data)))
  }

  sendv(parts: readonly (Uint8Array | string)[]): Awaitable<void> {
    return this.#send(joinedBytes(parts))
  }

  #send(bytes: Buffer): Awaitable<void> {
    const scope = currentScope()
    const refused = scope.refuse()
    if (refused !== null) return refused
    this.#checkOpen()
    this.#sending.claim(scope)
    if (this.#duplex.writableEnded) throw systemError('write', -os.errno.EPIPE)
    if (bytes.length === 0) return
    return this.#write(scope, bytes)
  }

  async #write(scope: Scope, bytes: Buffer): Promise<void> {
    const sending = this.#sending
    sending.hold(scope)
    try {
      if (this.#duplex.writableNeedDrain) {
        this.#awaitsRoom = true
        await sending.suspend(scope, () => {
          this.#awaitsRoom = false
        })
        const refused = scope.refuse()
        if (refused !== null) await refused
        this.#checkOpen()
      }
      const written = sending.suspend(scope, () => this.#break())
      this.#isWriting = true
      this.#duplex.write(bytes, this.#onWritten)
      await written
    } finally {
      this.#isWriting = false
      sending.release()
    }
  }

  shutdown(): Awaitable<void> {
    const scope = currentScope()
    const refused = scope.refuse()
    if (refused !== null) return refused
    this.#checkOpen()
    this.#sending.claim(scope)
    if (this.#duplex.writableFinished) return
    const ended = this.#sending.suspend(scope)
    this.#duplex.end(this.#onWritten)
    return ended
  }

  close(): void {
    if (this.#closed !== null) return
    this.#close(new ClosedError('the stream over a Duplex is closed'))
  }

  #break(): void {
    this.#close(
      new ClosedError('the stream over a Duplex is closed, because a send was cancelled half-way', 'BROKEN'),
    )
  }

  #close(closed: ClosedError): void {
    this.#closed = closed
    this.#receiving.fail(closed)
    this.#sending.fail(closed)
    if (this.#isWriting) {
      cutOffDuplex(this.#duplex)
    } else {
      // A socket that is destroyed tells its peer that this is the end. A tunnel may not.
      if (this.#duplex.writable) this.#duplex.end()
      this.#duplex.destroy()
    }
  }

  #checkOpen(): void {
    const closed = this.#closed
    if (closed !== null) throw new ClosedError(closed.message, closed.code as 'CLOSED' | 'BROKEN')
    if (this.#failure !== null) throw this.#failure.error
    // Of which the event is still to come.
    if (this.#duplex.errored) throw this.#duplex.errored
    if (this.#duplex.destroyed) throw new ClosedError('the Duplex was destroyed')
  }

  #take(max: number): Buffer {
    const bytes: unknown = this.#duplex.read(Math.min(max, this.#duplex.readableLength))
    if (!(bytes instanceof Buffer)) throw wrongType('what the Duplex gives', 'a Buffer', bytes)
    return bytes
  }

  readonly #onReadable = (): void => {
    if (!this.#receiving.isWaiting) return
    if (this.#duplex.readableLength > 0) this.#receiving.wake(this.#take(this.#receiveMax))
    else this.#duplex.read(0)
  }

  readonly #onEnd = (): void => {
    this.#receiving.wake(NOTHING)
  }

  readonly #onDrain = (): void => {
    if (!this.#awaitsRoom) return
    this.#awaitsRoom = false
    this.#sending.wake()
  }

  readonly #onWritten = (error?: Error | null): void => {
    if (error) this.#sending.fail(error)
    else this.#sending.wake()
  }

  readonly #onError = (error: unknown): void => {
    this.#failure ??= { error }
    this.#receiving.fail(error)
    this.#sending.fail(error)
  }

  readonly #onClose = (): void => {
    const duplex = this.#duplex
    duplex.off('error', this.#onError).off('close', this.#onClose)
    duplex.off('readable', this.#onReadable).off('end', this.#onEnd).off('drain', this.#onDrain)
    const closed = new ClosedError('the Duplex was destroyed')
    this.#receiving.fail(closed)
    this.#sending.fail(closed)
  }
}
