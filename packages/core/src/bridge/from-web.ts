/**
 * A pair of web streams as a Stream: the two halves of a WebTransport stream, of a TransformStream, of somebody's tunnel. They must carry
 * bytes, and both are locked from now on.
 */

import { constants as os } from 'node:os'
import type {
  ReadableStream,
  ReadableStreamDefaultReader,
  WritableStream,
  WritableStreamDefaultWriter,
} from 'node:stream/web'
import type { Awaitable } from '../awaitable.js'
import { ClosedError, checkInteger, Interrupted, wrongType } from '../errors.js'
import { currentScope, runInMain } from '../runtime/current.js'
import { afterTurn, spend } from '../runtime/fairness.js'
import type { Scope } from '../runtime/scope.js'
import { interruptible } from '../scope/interruptible.js'
import { ByteQueue } from '../stream/byte-queue.js'
import { Direction } from '../stream/direction.js'
import { recvInto } from '../stream/recv-into.js'
import type { Stream } from '../stream/stream.js'
import { joinedBytes, toBytes } from '../stream/to-bytes.js'
import { systemError } from '../system-error.js'

const DEFAULT_RECV_BYTES = 65_536
const CHUNK_BYTES = 65_536
const NOTHING: Buffer = Buffer.alloc(0)

/**
 * A Stream over two web streams, which belong to it from now on. `send` is done when the write is; cancelled before the writable had
 * room it sends nothing, cancelled later it aborts it and closes.
 */
export function fromWeb(halves: {
  readonly readable: ReadableStream<Uint8Array>
  readonly writable: WritableStream<Uint8Array>
}): Stream {
  if (typeof halves?.readable?.getReader !== 'function')
    throw wrongType('readable', 'a ReadableStream', halves?.readable)
  if (typeof halves.writable?.getWriter !== 'function')
    throw wrongType('writable', 'a WritableStream', halves.writable)
  return new WebStream(halves.readable.getReader(), halves.writable.getWriter())
}

class WebStream implements Stream {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>
  readonly #receiving = new Direction<Buffer>('recv from a web stream')
  readonly #sending = new Direction<void>('send to a web stream')
  /** What was read and not taken, because whoever asked for it gave up or wanted less. */
  readonly #queue = new ByteQueue()
  #receiveMax = 0
  #isReading = false
  #hasEnded = false
  #isHalfSent = false
  #failure: { readonly error: unknown } | null = null
  #ending: Promise<void> | null = null
  #closed: ClosedError | null = null

  constructor(
    reader: ReadableStreamDefaultReader<Uint8Array>,
    writer: WritableStreamDefaultWriter<Uint8Array>,
  ) {
    this.#reader = reader
    this.#writer = writer
  }

  get isClosed(): boolean {
    return this.#closed !== null
  }

  recv(max = DEFAULT_RECV_BYTES): Awaitable<Buffer> {
    checkInteger('max', max, 1, Number.MAX_SAFE_INTEGER)
    const scope = currentScope()
    const refused = scope.refuse()
    if (refused !== null) return refused
    this.#checkOpen()
    this.#receiving.claim(scope)
    if (this.#queue.length > 0) {
      if (!spend(scope)) return afterTurn(() => this.recv(max))
      return this.#take(max)
    }
    if (this.#failure !== null) throw this.#failure.error
    if (this.#hasEnded) return NOTHING
    if (!this.#isReading) this.#read()
    this.#receiveMax = max
    return this.#receiving.suspend(scope)
  }

  recvInto(target: Uint8Array): Awaitable<number> {
    return recvInto(this, target)
  }

  send(data: Uint8Array | string): Awaitable<void> {
    return this.#send(toBytes('data', data))
  }

  sendv(parts: readonly (Uint8Array | string)[]): Awaitable<void> {
    return this.#send(joinedBytes(parts))
  }

  #send(bytes: Uint8Array): Awaitable<void> {
    const scope = currentScope()
    const refused = scope.refuse()
    if (refused !== null) return refused
    this.#checkOpen()
    this.#sending.claim(scope)
    if (this.#ending !== null) throw systemError('write', -os.errno.EPIPE)
    if (bytes.length === 0) return
    return this.#write(scope, bytes)
  }

  /** Chunk by chunk: a writable with room for a byte takes whatever it is given, however long. */
  async #write(scope: Scope, bytes: Uint8Array): Promise<void> {
    const sending = this.#sending
    sending.hold(scope)
    try {
      for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
        await this.#room()
        const refused = scope.refuse()
        if (refused !== null) await refused
        this.#isHalfSent = true
        // Copied, and not into a slab of Node's: a writable may pass on what it was given, or take its memory over.
        const chunk = new Uint8Array(bytes.subarray(at, at + CHUNK_BYTES))
        await sending.follow(scope, this.#writer.write(chunk), () => this.#break())
      }
      this.#isHalfSent = false
    } catch (error) {
      // Between two chunks.
      if (this.#isHalfSent && error instanceof Interrupted) this.#break()
      throw error
    } finally {
      sending.release()
    }
  }

  /** Waits until the writable asks for more. Closing it, which is how `close` gets here, counts as that. */
  async #room(): Promise<void> {
    const { desiredSize } = this.#writer
    if (desiredSize === null || desiredSize > 0) return
    try {
      await interruptible(this.#writer.ready)
    } finally {
      this.#checkOpen()
    }
  }

  shutdown(): Awaitable<void> {
    const scope = currentScope()
    const refused = scope.refuse()
    if (refused !== null) return refused
    this.#checkOpen()
    this.#sending.claim(scope)
    this.#ending ??= this.#writer.close()
    return this.#sending.follow(scope, this.#ending)
  }

  /** What is on its way when it closes is cut off; otherwise the peer reads an end. */
  close(): void {
    if (this.#closed !== null) return
    this.#close(new ClosedError('the stream over web streams is closed'))
  }

  #break(): void {
    if (this.#closed !== null) return
    const text = 'the stream over web streams is closed, because a send was cancelled half-way'
    this.#close(new ClosedError(text, 'BROKEN'))
  }

  #close(closed: ClosedError): void {
    this.#closed = closed
    this.#receiving.fail(closed)
    this.#sending.fail(closed)
    this.#reader.cancel(closed).catch(ignore)
    if (this.#isHalfSent) this.#writer.abort(closed).catch(ignore)
    else if (this.#ending === null) this.#writer.close().catch(ignore)
  }

  #checkOpen(): void {
    const closed = this.#closed
    if (closed !== null) throw new ClosedError(closed.message, closed.code as 'CLOSED' | 'BROKEN')
  }

  #take(max: number): Buffer {
    return this.#queue.take(Math.min(max, this.#queue.length))
  }

  /** One read, which cannot be taken back: if nobody waits any more when it comes, it is for the next. */
  #read(): void {
    this.#isReading = true
    runInMain(() => {
      this.#reader.read().then(({ done, value }) => this.#onRead(done, value), this.#onFailure)
    })
  }

  #onRead(isDone: boolean, chunk: unknown): void {
    this.#isReading = false
    if (isDone) {
      this.#hasEnded = true
      this.#receiving.wake(NOTHING)
    } else if (!(chunk instanceof Uint8Array)) {
      const error = wrongType('what the ReadableStream gives', 'a Uint8Array', chunk)
      this.#onFailure(error)
      this.#reader.cancel(error).catch(ignore)
    } else if (chunk.length === 0) {
      // Not the end, which an empty Buffer would say.
      this.#read()
    } else {
      this.#queue.append(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength))
      if (this.#receiving.isWaiting) this.#receiving.wake(this.#take(this.#receiveMax))
    }
  }

  readonly #onFailure = (error: unknown): void => {
    this.#isReading = false
    this.#failure = { error }
    this.#receiving.fail(error)
  }
}

function ignore(): void {}
