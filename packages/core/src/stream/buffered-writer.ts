/**
 * BufferedWriter: many small writes of one turn go out in one system call at its end. Any number of coroutines may write; each
 * write is whole, and in its order. Who writes faster than the peer reads waits, first come first served.
 *
 * Promises: `data` may be changed when its `write` is done. A write that was cancelled is not sent. One that is done will be,
 * whole, or the writer fails: the error meets every later `write` and `flush`. A writer with nothing in it holds no buffer. It
 * never closes the stream: `flush` before you do. Nobody else may send on the stream meanwhile.
 */
import { type Awaitable, DONE } from '../awaitable.js'
import { ClosedError, checkInteger, Interrupted, wrongType } from '../errors.js'
import { currentScope } from '../runtime/current.js'
import { afterTurn, spend } from '../runtime/fairness.js'
import type { Scope } from '../runtime/scope.js'
import { inBackground, refillBackground } from './background.js'
import { GatheredChunks } from './gathered-chunks.js'
import type { Stream } from './stream.js'
import { atTurnEnd } from './turn-end.js'
import { WriterQueue } from './writer-queue.js'

export interface BufferedWriterOptions {
  /** How much may be gathered before `write` waits. One write of as much is not gathered but sent from where it is. 65,536 unless given. */
  readonly highWaterBytes?: number | undefined
}

const DEFAULT_HIGH_WATER_BYTES = 65_536
const MOST_BYTES = 2 ** 31 - 1

export class BufferedWriter {
  readonly stream: Stream
  readonly #highWaterBytes: number
  #gathered = new GatheredChunks()
  /** All that was ever gathered, and how much of that the stream took. */
  #acceptedBytes = 0
  #sentBytes = 0
  #isSending = false
  #willSend = false
  #failure: { readonly error: unknown } | null = null
  /** Writes that wait for room, or for their turn to be sent from where they are. */
  readonly #writes = new WriterQueue('write to a BufferedWriter', () => this.#admit())
  readonly #flushes = new WriterQueue('flush a BufferedWriter', () => {})

  constructor(stream: Stream, options: BufferedWriterOptions = {}) {
    this.stream = stream
    const { highWaterBytes = DEFAULT_HIGH_WATER_BYTES } = options
    this.#highWaterBytes = checkInteger('highWaterBytes', highWaterBytes, 1, MOST_BYTES)
  }

  /** Bytes that are written and not on their way yet. */
  get bufferedBytes(): number {
    return this.#gathered.length
  }

  /**
   * Writes all of `data`; text as UTF-8. Waits while more than `highWaterBytes` would be gathered. Cancelled, it is not sent. A write
   * of `highWaterBytes` or more is a `send` of its own in its turn, with what Stream says about cancelling that.
   */
  write(data: Uint8Array | string): Promise<void> {
    if (typeof data !== 'string' && !(data instanceof Uint8Array))
      throw wrongType('data', 'a string or a Uint8Array', data)
    const scope = currentScope()
    const refused = scope.refuse()
    if (refused !== null) return refused
    this.#checkIntact()
    if (!spend(scope)) return afterTurn(() => this.write(data))
    const length = typeof data === 'string' ? Buffer.byteLength(data) : data.length
    if (length >= this.#highWaterBytes) return this.#sendInPlace(scope, data)
    if (!this.#hasRoomFor(length)) {
      this.#send()
      this.#checkIntact()
      if (!this.#hasRoomFor(length)) return this.#writes.wait(scope, length, () => this.#accept(data, length))
    }
    this.#accept(data, length)
    return DONE
  }

  /** Waits until the stream took everything whose `write` is done. Cancelled, it is sent all the same. */
  flush(): Promise<void> {
    const scope = currentScope()
    const refused = scope.refuse()
    if (refused !== null) return refused
    this.#checkIntact()
    this.#send()
    this.#checkIntact()
    return this.#sentBytes < this.#acceptedBytes ? this.#flushes.wait(scope, this.#acceptedBytes) : DONE
  }

  /** @internal */
  onTurnEnd(): void {
    this.#willSend = false
    this.#send()
  }

  #hasRoomFor(length: number): boolean {
    return this.#writes.isEmpty && this.#gathered.length + length <= this.#highWaterBytes
  }

  #accept(data: Uint8Array | string, length: number): void {
    this.#gathered.add(data, length)
    this.#acceptedBytes += length
    if (this.#willSend || this.#isSending) return
    this.#willSend = true
    atTurnEnd(this)
  }

  /** Sends what is gathered. If something is being sent, it goes when that is done. */
  #send(): void {
    while (!this.#isSending && this.#gathered.length > 0) {
      const chunks = this.#gathered
      this.#gathered = new GatheredChunks()
      this.#isSending = true
      let isLater = false
      const sent = (): void => {
        this.#sent(chunks)
        if (isLater) this.#send()
      }
      refillBackground()
      inBackground(
        () => sendAll(this.stream, chunks),
        sent,
        (error) => this.#fail(error),
      )
      isLater = true
    }
  }

  #sent(chunks: GatheredChunks): void {
    this.#isSending = false
    this.#sentBytes += chunks.length
    chunks.recycle()
    while ((this.#flushes.firstAmount ?? Infinity) <= this.#sentBytes) this.#flushes.wakeFirst()
    this.#admit()
  }

  /** Lets in whoever has waited longest, and the next, as far as there is room. */
  #admit(): void {
    for (let length = this.#writes.firstAmount; length !== undefined; length = this.#writes.firstAmount) {
      const isInPlace = length >= this.#highWaterBytes
      if (
        isInPlace
          ? this.#isSending || this.#gathered.length > 0
          : this.#gathered.length + length > this.#highWaterBytes
      )
        return
      if (isInPlace) this.#isSending = true
      this.#writes.wakeFirst()
    }
  }

  /** Done by the coroutine that writes it, in its own scope, when everything before it is sent. */
  async #sendInPlace(scope: Scope, data: Uint8Array | string): Promise<void> {
    this.#send()
    this.#checkIntact()
    if (this.#isSending || !this.#writes.isEmpty) await this.#writes.wait(scope, this.#highWaterBytes)
    this.#isSending = true
    try {
      await this.stream.send(data)
    } catch (error) {
      const isUntouched = error instanceof Interrupted && !this.stream.isClosed
      if (!isUntouched)
        this.#fail(
          error instanceof Interrupted ? new ClosedError('a write was cancelled half-way', 'BROKEN') : error,
        )
      throw error
    } finally {
      this.#isSending = false
      this.#admit()
      this.#send()
    }
  }

  #fail(error: unknown): void {
    this.#isSending = false
    this.#failure ??= { error }
    this.#gathered = new GatheredChunks()
    this.#writes.failAll(error)
    this.#flushes.failAll(error)
  }

  #checkIntact(): void {
    if (this.#failure !== null) throw this.#failure.error
  }
}

function sendAll(stream: Stream, chunks: GatheredChunks): Awaitable<void> {
  const parts = chunks.partViews()
  return parts.length === 1 ? stream.send(parts[0] as Buffer) : stream.sendv(parts)
}
