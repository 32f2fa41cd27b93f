/**
 * The body of a request as it comes in. It takes bytes out of the connection's input, which has those that came early; waits for
 * more; and where it knows how many there are, has them received to where they stay. Whoever is cancelled takes nothing.
 */
import { type Awaitable, Interrupted } from '@shrapnel/core'
import { afterTurn, checkInteger, currentScope, Direction, type Scope, spend } from '@shrapnel/core/parts'
import { bodyMemory } from '../body/body-memory.js'
import { ReceivedBody } from '../body/received-body.js'
import type { Input } from '../connection/input.js'
import { HttpError } from '../errors.js'
import { formOf, partsOf } from '../form/form.js'
import type { FormLimits } from '../form/limits.js'
import type { FormParts } from '../form/parts.js'
import { HttpHeaders } from '../headers.js'
import { ChunkedDecoder, DATA, END } from '../wire/chunked-decoder.js'
import type { HeadLimits } from '../wire/limits.js'

const NOTHING: Buffer = Buffer.alloc(0)
const RECV_BYTES = 65_536
/** Longer chunks are pieces of their own. */
const SMALL_CHUNK_BYTES = 4_096
/** So many small pieces one after another are made one: each takes more room than it has bytes. */
const MOST_LOOSE = 256
/** An announced length is believed up to here; beyond, memory is taken as bytes come. */
const TRUSTED_BYTES = 1_048_576

/** What a body needs of its connection. */
export interface BodySource {
  readonly input: Input
  /** Somebody waits for bytes: ask for them, and see what is there. */
  bodyWanted(): void
  /** Nobody does any more. */
  bodyCame(): void
}

export interface BodyLimits extends HeadLimits {
  readonly maxBodyBytes: number
}

interface Target {
  bytes: Buffer
  at: number
  end: number
}

export class RequestBody extends ReceivedBody {
  readonly length: number | undefined
  readonly #source: BodySource
  readonly #limits: BodyLimits
  readonly #decoder: ChunkedDecoder | null
  readonly #contentType: () => string | undefined
  /** Bytes to come, where the length is known. */
  #left: number
  #isFinished: boolean
  #failure: HttpError | null = null
  /** No more input comes: what it fails with once what is here is taken. */
  #noMore: HttpError | null = null
  #waiting: Direction<Buffer> | null = null
  #waitMax = 0
  /** Bytes of the body that came so far. */
  receivedBytes = 0
  target: Target | null = null
  /** Whatever comes first into the target is enough. */
  #takesAny = false

  constructor(
    source: BodySource,
    length: number | undefined,
    limits: BodyLimits,
    contentType: () => string | undefined,
  ) {
    super()
    this.#source = source
    this.length = length
    this.#limits = limits
    this.#contentType = contentType
    this.#left = length ?? 0
    this.#isFinished = length === 0
    this.#decoder = length === undefined ? new ChunkedDecoder(limits) : null
  }

  get contentType(): string | undefined {
    return this.#contentType()
  }

  get isFinished(): boolean {
    return this.#isFinished
  }

  get isClosed(): boolean {
    return this.#failure !== null
  }

  get isWaiting(): boolean {
    return this.#waiting?.isWaiting === true
  }

  get trailers(): HttpHeaders {
    return this.#decoder?.trailers ?? new HttpHeaders()
  }

  /** What is still to come, as far as anybody knows. */
  get leftBytes(): number {
    return this.#isFinished ? 0 : this.length === undefined ? Number.POSITIVE_INFINITY : this.#left
  }

  recv(max = RECV_BYTES): Awaitable<Buffer> {
    if (max !== RECV_BYTES) max = Math.min(checkInteger('max', max, 1, Number.MAX_SAFE_INTEGER), RECV_BYTES)
    const scope = currentScope()
    const refused = scope.refuse()
    if (refused !== null) return refused
    this.#waiting?.claim(scope)
    if (!spend(scope)) return afterTurn(() => this.recv(max))
    const bytes = this.#take(max)
    if (bytes !== undefined) return bytes
    this.#waitMax = max
    return this.#wait(scope)
  }

  /** What is here, or else what comes next, goes to where the caller has it: no memory is taken, no piece made. */
  override recvInto(target: Uint8Array): Awaitable<number> {
    if (this.#decoder !== null || target.length === 0) return super.recvInto(target)
    const scope = currentScope()
    const refused = scope.refuse()
    if (refused !== null) return refused
    this.#waiting?.claim(scope)
    if (!spend(scope)) return afterTurn(() => this.recvInto(target))
    if (this.#failure !== null) throw this.#failure
    if (this.#isFinished) return 0
    const { input } = this.#source
    if (input.at < input.end) {
      const count = this.#next(input, target.length)
      target.set(input.bytes.subarray(input.at - count, input.at))
      return count
    }
    const bytes = Buffer.from(target.buffer, target.byteOffset, Math.min(target.length, this.#left))
    this.target = { bytes, at: 0, end: bytes.length }
    this.#takesAny = true
    return this.#wait(scope).then(lengthOf)
  }

  /** What is here now, empty at the end; undefined: nothing yet. */
  #take(max: number): Buffer | undefined {
    if (this.#failure !== null) throw this.#failure
    if (this.#isFinished) return NOTHING
    const { input } = this.#source
    const decoder = this.#decoder
    while (input.at < input.end) {
      const count = this.#next(input, max)
      if (count > 0) {
        const from = decoder === null ? input.at - count : decoder.dataFrom
        const isMore = decoder !== null && count < SMALL_CHUNK_BYTES && count < max && input.at < input.end
        if (isMore) return this.#takeMore(decoder, input, input.bytes.subarray(from, from + count), max)
        const bytes = bodyMemory(count)
        input.bytes.copy(bytes, 0, from, from + count)
        return bytes
      }
      if (this.#isFinished) return NOTHING
    }
    if (this.#noMore !== null) this.#fail(this.#noMore)
    return undefined
  }

  /** What is here of several small chunks becomes one piece: as Buffers, chunks of one byte would take a hundred times their room. */
  #takeMore(decoder: ChunkedDecoder, input: Input, first: Buffer, max: number): Buffer {
    const bytes = Buffer.allocUnsafe(Math.min(max, first.length + input.size))
    let at = first.copy(bytes)
    try {
      while (at < bytes.length && input.at < input.end && !this.#isFinished) {
        const count = this.#next(input, bytes.length - at)
        if (count > 0) at += input.bytes.copy(bytes, at, decoder.dataFrom, decoder.dataFrom + count)
      }
    } catch {
      // What came before it is well. Whoever asks for more is told.
    }
    return bytes.subarray(0, at)
  }

  /** Steps over the next bytes: how many of them are the body's. */
  #next(input: Input, max: number): number {
    let count = Math.min(input.end - input.at, max)
    const decoder = this.#decoder
    if (decoder === null) {
      count = Math.min(count, this.#left)
      this.#left -= count
      input.at += count
      if (this.#left === 0) this.#isFinished = true
    } else {
      const step = this.#step(decoder, input, input.at + count)
      input.at = decoder.at
      count = step === DATA ? decoder.dataTo - decoder.dataFrom : 0
      if (step === END) this.#isFinished = true
    }
    this.receivedBytes += count
    if (this.receivedBytes > this.#limits.maxBodyBytes) this.#fail(bodyTooLong('maxBodyBytes'))
    return count
  }

  #step(decoder: ChunkedDecoder, input: Input, to: number): number {
    try {
      return decoder.step(input.bytes, input.at, to)
    } catch (error) {
      return this.#fail(error as HttpError)
    }
  }

  #fail(error: HttpError): never {
    this.#failure = error
    throw error
  }

  #wait(scope: Scope): Promise<Buffer> {
    this.#waiting ??= new Direction('http body')
    const came = this.#waiting.suspend(scope, () => this.#gaveUp())
    // It may be in the kernel already: then this has ended before it began.
    this.#source.bodyWanted()
    return came
  }

  #gaveUp(): void {
    const { target } = this
    this.target = null
    this.#takesAny = false
    if (target !== null && target.at > 0) this.#putBack(target)
    this.#source.bodyCame()
  }

  #putBack(target: Target): void {
    this.#left += target.at
    this.receivedBytes -= target.at
    this.#source.input.putBack(target.bytes.subarray(0, target.at))
  }

  /** The connection has more input. */
  moreCame(): void {
    const waiting = this.#waiting
    if (waiting === null || !waiting.isWaiting) return
    try {
      const bytes = this.#take(this.#waitMax)
      if (bytes === undefined) return
      this.#source.bodyCame()
      waiting.wake(bytes)
    } catch (error) {
      this.#source.bodyCame()
      waiting.fail(error)
    }
  }

  /** So many bytes came into the target. */
  gathered(count: number): void {
    const target = this.target as Target
    target.at += count
    this.#left -= count
    this.receivedBytes += count
    if (this.#left === 0) this.#isFinished = true
    if (this.#takesAny) {
      this.#takesAny = false
      this.target = null
      this.#source.bodyCame()
      this.#waiting?.wake(target.bytes.subarray(0, target.at))
      return
    }
    if (this.#left > 0 && target.at < target.end) return
    if (this.#left > 0) {
      const bytes = Buffer.allocUnsafeSlow(Math.min(2 * target.bytes.length, target.at + this.#left))
      target.bytes.copy(bytes, 0, 0, target.at)
      target.bytes = bytes
      target.end = bytes.length
      return
    }
    this.target = null
    this.#source.bodyCame()
    this.#waiting?.wake(target.bytes)
  }

  /** The client sends no more. What is here can still be received; behind it is why there is not more. */
  endInput(error: HttpError): void {
    if (this.isWaiting) this.cut(error)
    else this.#noMore = error
  }

  /** No more comes: whoever waits, or comes later, is told why. */
  cut(error: HttpError): void {
    if (this.#isFinished || this.#failure !== null) return
    this.#failure = error
    this.target = null
    this.#waiting?.fail(error)
  }

  /** The request was answered: what is left is dropped, and nobody may take that for the end, or wait for it. */
  leave(): void {
    if (this.#isFinished) return
    const { target } = this
    this.target = null
    if (target !== null && target.at > 0) this.#putBack(target)
    this.#failure ??= new HttpError('HTTP_CUT', 'the request was answered before its body was read')
    this.#waiting?.fail(this.#failure)
  }

  /** Drops what is here of it. Throws what the chunks are refused with. */
  discard(): void {
    const { input } = this.#source
    while (!this.#isFinished && input.at < input.end) this.#next(input, input.end - input.at)
  }

  bytes(options: { readonly maxBytes?: number } = {}): Promise<Buffer> {
    try {
      return Promise.resolve(this.#all(this.#limitOf(options)))
    } catch (error) {
      return Promise.reject(error)
    }
  }

  #limitOf({ maxBytes }: { readonly maxBytes?: number }): number {
    return maxBytes === undefined
      ? this.#limits.maxBodyBytes
      : checkInteger('maxBytes', maxBytes, 0, Number.MAX_SAFE_INTEGER)
  }

  #all(maxBytes: number): Awaitable<Buffer> {
    const scope = currentScope()
    const refused = scope.refuse()
    if (refused !== null) return refused
    this.#waiting?.claim(scope)
    if (this.#decoder !== null) return this.#gatherChunks(maxBytes)
    if (this.#left > maxBytes) throw bodyTooLong('maxBytes')
    if (this.#failure !== null) throw this.#failure
    const { input } = this.#source
    if (input.size >= this.#left) return this.#take(this.#left) as Buffer
    if (this.#noMore !== null) this.#fail(this.#noMore)
    const bytes = bodyMemory(Math.min(this.#left, TRUSTED_BYTES))
    const at = this.#next(input, bytes.length)
    input.bytes.copy(bytes, 0, input.at - at, input.at)
    this.target = { bytes, at, end: bytes.length }
    return this.#wait(scope)
  }

  async #gatherChunks(maxBytes: number): Promise<Buffer> {
    const pieces: Buffer[] = []
    let count = 0
    /** Small pieces at the end of `pieces`. */
    let loose = 0
    try {
      for (;;) {
        const received = this.recv()
        const bytes = received instanceof Promise ? await received : received
        if (bytes.length === 0)
          return pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces, count)
        count += bytes.length
        if (count > maxBytes) throw bodyTooLong('maxBytes')
        pieces.push(bytes)
        loose = bytes.length < SMALL_CHUNK_BYTES ? loose + 1 : 0
        if (loose < MOST_LOOSE) continue
        pieces.push(Buffer.concat(pieces.splice(-loose)))
        loose = 0
      }
    } catch (error) {
      // What was taken out of its chunks cannot be put back into them.
      if (error instanceof Interrupted && count > 0)
        this.#failure ??= new HttpError('HTTP_CUT', 'reading the body was cancelled')
      throw error
    }
  }

  parts(options?: FormLimits): FormParts {
    return partsOf(this, this.contentType, options)
  }

  formData(options?: FormLimits): Promise<FormData> {
    return formOf(this, this.contentType, options)
  }

  /** Nobody reads it any more. */
  close(): void {
    this.cut(new HttpError('HTTP_CUT', 'the body was closed'))
  }
}

function lengthOf({ length }: Buffer): number {
  return length
}

function bodyTooLong(limit: string): HttpError {
  return new HttpError('HTTP_LIMIT', `the body is longer than ${limit} allows`, { status: 413, limit })
}
