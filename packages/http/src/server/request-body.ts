/**
 * The body of a request as it comes in. It takes what of it is in the connection's input, which has what came early; waits for
 * more; and where it knows how much there is, has it received to where it stays. Whoever is cancelled takes nothing.
 */
import { type Awaitable, Interrupted } from '@shrapnel/core'
import { afterTurn, checkInteger, currentScope, Direction, type Scope, spend } from '@shrapnel/core/parts'
import { bodyMemory } from '../body/body-memory.js'
import { Gathering, TRUSTED_BYTES } from '../body/gathering.js'
import { MessageBody } from '../body/message-body.js'
import type { Collecting } from '../body/received-body.js'
import type { Input } from '../connection/input.js'
import { HttpError } from '../errors.js'
import type { HttpHeaders } from '../headers.js'
import { BodyInput, type BodyLimits, bodyTooLong } from './body-input.js'

const RECV_BYTES = 65_536
/** Shorter pieces are loose, and so many of them one after another are made one: each takes more room than it has bytes. */
const SMALL_BYTES = 4_096
const MOST_LOOSE = 256

/** What a body needs of its connection. */
export interface BodySource {
  readonly input: Input
  /** Somebody waits for bytes: ask for them, and see what is there. */
  bodyWanted(): void
  /** Nobody does any more. */
  bodyCame(): void
}

export class RequestBody extends MessageBody {
  readonly length: number | undefined
  readonly #source: BodySource
  readonly #limits: BodyLimits
  readonly #here: BodyInput
  readonly #contentType: () => string | undefined
  #waiting: Direction<Buffer> | null = null
  #waitMax = 0
  target: Gathering | null = null
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
    this.#here = new BodyInput(source.input, length, limits)
  }

  get contentType(): string | undefined {
    return this.#contentType()
  }

  get isFinished(): boolean {
    return this.#here.isFinished
  }

  get isClosed(): boolean {
    return this.#here.failure !== null
  }

  get isUsed(): boolean {
    const { isFinished, isEndTold, receivedBytes } = this.#here
    return isFinished && isEndTold && receivedBytes > 0
  }

  get isWaiting(): boolean {
    return this.#waiting?.isWaiting === true
  }

  get trailers(): HttpHeaders {
    return this.#here.trailers
  }

  /** Bytes of the body that came so far. */
  get receivedBytes(): number {
    return this.#here.receivedBytes
  }

  /** What is still to come, as far as anybody knows. */
  get leftBytes(): number {
    const { isFinished, left } = this.#here
    return isFinished ? 0 : this.length === undefined ? Number.POSITIVE_INFINITY : left
  }

  // Who reads it

  recv(max = RECV_BYTES): Awaitable<Buffer> {
    if (max !== RECV_BYTES) max = Math.min(checkInteger('max', max, 1, Number.MAX_SAFE_INTEGER), RECV_BYTES)
    const scope = currentScope()
    const refused = scope.refuse()
    if (refused !== null) return refused
    this.#waiting?.claim(scope)
    if (!spend(scope)) return afterTurn(() => this.recv(max))
    const bytes = this.#here.take(max)
    if (bytes !== undefined) return bytes
    this.#waitMax = max
    return this.#wait(scope)
  }

  /** What is here, or else what comes next, goes to where the caller has it: no memory is taken, no piece made. */
  override recvInto(place: Uint8Array): Awaitable<number> {
    const here = this.#here
    if (here.isChunked || place.length === 0) return super.recvInto(place)
    const scope = currentScope()
    const refused = scope.refuse()
    if (refused !== null) return refused
    this.#waiting?.claim(scope)
    if (!spend(scope)) return afterTurn(() => this.recvInto(place))
    if (here.failure !== null) throw here.failure
    if (here.isFinished) {
      here.isEndTold = true
      return 0
    }
    const { input } = this.#source
    if (input.at < input.end) {
      const count = here.next(place.length)
      place.set(input.bytes.subarray(input.at - count, input.at))
      return count
    }
    if (here.noMore !== null) here.fail(here.noMore)
    const bytes = Buffer.from(place.buffer, place.byteOffset, Math.min(place.length, here.left))
    this.target = new Gathering(bytes, 0)
    this.#takesAny = true
    return this.#wait(scope).then(lengthOf)
  }

  #wait(scope: Scope): Promise<Buffer> {
    this.#waiting ??= new Direction('http body')
    const came = this.#waiting.suspend(scope, () => this.#gaveUp())
    // It may be in the kernel already: then this has ended before it began.
    this.#source.bodyWanted()
    return came
  }

  #gaveUp(): void {
    this.#takesAny = false
    this.#here.isEndTold = false
    this.#dropTarget()
    this.#source.bodyCame()
  }

  /** What came into it is to be received once more. */
  #dropTarget(): void {
    const { target } = this
    this.target = null
    if (target !== null && target.at > 0) this.#here.putBack(target.bytes.subarray(0, target.at))
  }

  protected collect({ maxBytes }: Collecting): Awaitable<Buffer> {
    const most =
      maxBytes === undefined
        ? this.#limits.maxBodyBytes
        : checkInteger('maxBytes', maxBytes, 0, Number.MAX_SAFE_INTEGER)
    const scope = currentScope()
    const refused = scope.refuse()
    if (refused !== null) return refused
    this.#waiting?.claim(scope)
    const here = this.#here
    if (here.isChunked) return this.#gatherChunks(most)
    if (here.left > most) throw bodyTooLong('maxBytes')
    if (here.failure !== null) throw here.failure
    const { input } = this.#source
    here.isEndTold = true
    if (input.size >= here.left) return here.take(here.left) as Buffer
    if (here.noMore !== null) here.fail(here.noMore)
    const bytes = bodyMemory(Math.min(here.left, TRUSTED_BYTES))
    const at = here.next(bytes.length)
    input.bytes.copy(bytes, 0, input.at - at, input.at)
    this.target = new Gathering(bytes, at)
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
        loose = bytes.length < SMALL_BYTES ? loose + 1 : 0
        if (loose < MOST_LOOSE) continue
        pieces.push(Buffer.concat(pieces.splice(-loose)))
        loose = 0
      }
    } catch (error) {
      // What was taken out of its chunks cannot be put back into them.
      if (error instanceof Interrupted && count > 0)
        this.#here.failure ??= new HttpError('HTTP_CUT', 'reading the body was cancelled')
      throw error
    }
  }

  /** Nobody reads it any more. */
  close(): void {
    this.cut(new HttpError('HTTP_CUT', 'the body was closed'))
  }

  // What the connection brings

  /** The connection has more input. */
  moreCame(): void {
    const waiting = this.#waiting
    if (waiting === null || !waiting.isWaiting) return
    try {
      const bytes = this.#here.take(this.#waitMax)
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
    const target = this.target as Gathering
    const here = this.#here
    target.at += count
    here.took(count)
    if (!this.#takesAny && here.left > 0) {
      if (target.at === target.end) target.grow(here.left)
      return
    }
    this.#takesAny = false
    this.target = null
    this.#source.bodyCame()
    this.#waiting?.wake(target.at < target.end ? target.bytes.subarray(0, target.at) : target.bytes)
  }

  /** The client sends no more. What is here can still be received; behind it is why there is not more. */
  endInput(error: HttpError): void {
    if (this.isWaiting) this.cut(error)
    else this.#here.noMore = error
  }

  /** No more comes: whoever waits, or comes later, is told why. */
  cut(error: HttpError): void {
    const here = this.#here
    if (here.isFinished || here.failure !== null) return
    here.failure = error
    this.target = null
    this.#waiting?.fail(error)
  }

  /** The request was answered: what is left is dropped, and nobody may take that for the end, or wait for it. */
  leave(): void {
    const here = this.#here
    if (here.isFinished) return
    this.#dropTarget()
    here.failure ??= new HttpError('HTTP_CUT', 'the request was answered before its body was read')
    this.#waiting?.fail(here.failure)
  }

  /** Drops what is here of it. Throws what the chunks are refused with. */
  discard(): void {
    this.#here.discard()
  }
}

function lengthOf({ length }: Buffer): number {
  return length
}
