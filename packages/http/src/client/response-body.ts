/**
 * The body of a response as it comes in. The connection puts its bytes here, out of their chunks, until enough are here that nobody
 * took: so a short body frees its connection although nobody reads it. Cancelling `recv` takes nothing; cancelling what wants all of it closes it.
 */
import type { Awaitable } from '@shrapnel/core'
import { afterTurn, checkInteger, currentScope, type Scope, spend } from '@shrapnel/core/parts'
import { Gathering, TRUSTED_BYTES } from '../body/gathering.js'
import type { Collecting } from '../body/received-body.js'
import type { Input } from '../connection/input.js'
import { HttpHeaders } from '../headers.js'
import { ChunkedDecoder, DATA, END } from '../wire/chunked-decoder.js'
import { CHUNKED_BODY } from '../wire/response-head.js'
import { BodyWait } from './body-wait.js'
import { type BodyOrigin, IncomingBody } from './incoming-body.js'
import { PieceQueue } from './piece-queue.js'
import type { ExchangeSettings } from './settings.js'

const NO_TRAILERS = new HttpHeaders()
const RECV_BYTES = 65_536
/** So much is received ahead of whoever reads. */
const AHEAD_BYTES = 65_536

/** What a body needs of its connection. */
export interface BodySource {
  /** Somebody waits for bytes, or has made room for more. */
  bodyWanted(isWaiting: boolean): void
  /** Nobody waits any more. */
  bodyCame(): void
  /** Nobody will read the rest. */
  bodyDropped(): void
}

export class ResponseBody extends IncomingBody {
  readonly length: number | undefined
  #source: BodySource | null
  #decoder: ChunkedDecoder | null = null
  /** Bytes to come, where the length is known; -1: it is not. */
  #left: number
  /** All of it came. */
  isComplete: boolean
  /** What came, and nobody took. */
  readonly #queue = new PieceQueue()
  /** Bytes that came so far. */
  #receivedBytes = 0
  #failure: unknown = null
  #waiting: BodyWait | null = null
  #waitMax = 0
  /** Somebody wants all of it, so many bytes at most. */
  #collectMax = -1
  /** What whoever wants it has said, if anything. */
  #collectLimit: number | undefined
  /** So many bytes may still come to be dropped; below 0: they are wanted. */
  #dropLeft = -1
  target: Gathering | null = null
  isUsed = false

  /** `framing`: as `ResponseHead.bodyLength` has it. */
  constructor(source: BodySource | null, framing: number, settings: ExchangeSettings, origin: BodyOrigin) {
    super(settings, origin)
    this.#source = source
    this.length = framing >= 0 ? framing : undefined
    this.#left = framing >= 0 ? framing : -1
    this.isComplete = framing === 0
    if (framing === CHUNKED_BODY) this.#decoder = new ChunkedDecoder(settings)
  }

  /** One that is all here; null: somebody has it. */
  static whole(bytes: Buffer | null, settings: ExchangeSettings, origin: BodyOrigin): ResponseBody {
    const body = new ResponseBody(null, bytes?.length ?? 0, settings, origin)
    body.isUsed = bytes === null
    if (bytes !== null && bytes.length > 0) {
      body.#queue.push(bytes)
      body.#left = 0
      body.isComplete = true
    }
    return body
  }

  /** Whether it ends with the connection. */
  get isUntilEnd(): boolean {
    return this.length === undefined && this.#decoder === null
  }

  get isFinished(): boolean {
    return this.isComplete && this.#queue.size === 0 && this.#failure === null
  }

  get isClosed(): boolean {
    return this.#failure !== null
  }

  get trailers(): HttpHeaders {
    return this.#decoder?.isEnded === true ? this.#decoder.trailers : NO_TRAILERS
  }

  get isWaiting(): boolean {
    return this.#waiting?.isPending === true
  }

  /** Whether the connection should go on receiving. */
  get wantsMore(): boolean {
    return this.#queue.size < AHEAD_BYTES || this.#collectMax >= 0 || this.#dropLeft >= 0
  }

  // What the connection brings

  /** Takes what is its own of the input. Throws what chunks and lengths are refused with. */
  feed(input: Input): void {
    if (this.#decoder === null) {
      const size = input.end - input.at
      const count = this.#left < 0 ? size : Math.min(size, this.#left)
      const from = input.at
      input.at += count
      if (this.#left > 0) this.#left -= count
      if (this.#left === 0) this.isComplete = true
      this.#count(count)
      if (this.#dropLeft < 0) this.#queue.push(Buffer.from(input.bytes.subarray(from, from + count)))
    } else this.#feedChunks(this.#decoder, input)
    this.#wakeReader()
  }

  /** What is here of several chunks becomes one piece. */
  #feedChunks(decoder: ChunkedDecoder, input: Input): void {
    let piece: Buffer | null = null
    let size = 0
    while (input.at < input.end) {
      const step = decoder.step(input.bytes, input.at, input.end)
      if (step === DATA) {
        const { dataFrom, dataTo } = decoder
        this.#count(dataTo - dataFrom)
        if (this.#dropLeft < 0) {
          piece ??= Buffer.allocUnsafe(input.end - dataFrom)
          size += input.bytes.copy(piece, size, dataFrom, dataTo)
        }
      }
      input.at = decoder.at
      if (step === END) {
        this.isComplete = true
        break
      }
    }
    if (piece !== null && size > 0) this.#queue.push(piece.subarray(0, size))
  }

  #count(bytes: number): void {
    this.#receivedBytes += bytes
    if (this.#receivedBytes > this.settings.maxResponseBytes) throw this.tooLong()
    if (this.#dropLeft >= 0) {
      this.#dropLeft -= bytes
      if (this.#dropLeft < 0) throw this.dropped()
    } else if (this.#collectMax >= 0 && this.#receivedBytes > this.#collectMax)
      throw this.tooLong(this.#collectLimit)
  }

  /** So many bytes came into the target. */
  gathered(count: number): void {
    const target = this.target as Gathering
    target.at += count
    this.#left -= count
    this.#receivedBytes += count
    if (this.#left === 0) {
      this.target = null
      this.isComplete = true
      this.#queue.push(target.bytes)
      this.#wakeReader()
    } else if (target.at === target.end) target.grow(this.#left)
  }

  /** The connection ended: false if that is in the middle of it. */
  connectionEnded(): boolean {
    if (this.#left >= 0 || this.#decoder !== null) return false
    this.isComplete = true
    this.#wakeReader()
    return true
  }

  #wakeReader(): void {
    if (this.#waiting?.isPending !== true) return
    if (this.#collectMax >= 0 ? !this.isComplete : this.#queue.size === 0 && !this.isComplete) return
    this.#source?.bodyCame()
    this.#waiting.wake(this.#collectMax >= 0 ? this.#takeAll() : this.#shift(this.#waitMax))
  }

  /** No more comes: whoever waits, or comes later, is told why. What came before can still be received. */
  cut(error: unknown): void {
    if (this.isComplete || this.#failure !== null) return
    this.#failure = error
    this.target = null
    this.#source = null
    if (this.isWaiting) this.#waiting?.fail(error)
  }

  // What the reader takes

  recv(max = RECV_BYTES): Awaitable<Buffer> {
    if (max !== RECV_BYTES) checkInteger('max', max, 1, Number.MAX_SAFE_INTEGER)
    const scope = currentScope()
    const refused = scope.refuse()
    if (refused !== null) return refused
    BodyWait.claim(this.#waiting, scope)
    if (this.#queue.size > 0) {
      if (!spend(scope)) return afterTurn(() => this.recv(max))
      const piece = this.#shift(max)
      if (!this.isComplete) this.#source?.bodyWanted(false)
      return piece
    }
    if (this.#failure !== null) throw this.#failure
    if (this.isComplete) return this.#shift(max)
    this.#waitMax = max
    return this.#wait(scope, () => this.#source?.bodyCame())
  }

  #wait(scope: Scope, onCancel: () => void): Promise<Buffer> {
    this.#waiting = new BodyWait(scope, () => {
      this.#waiting = null
      onCancel()
    })
    const came = this.#waiting.suspend()
    // It may be in the kernel already: then this has ended before it began.
    this.#source?.bodyWanted(true)
    return came
  }

  /** The next piece, empty at the end. */
  #shift(max: number): Buffer {
    if (this.#queue.size === 0) this.isUsed = this.#hadBytes
    return this.#queue.take(max)
  }

  #takeAll(): Buffer {
    this.isUsed = this.#hadBytes
    return this.#queue.takeAll()
  }

  protected collect({ maxBytes }: Collecting): Awaitable<Buffer> {
    const most = this.mostOf(maxBytes)
    const scope = currentScope()
    const refused = scope.refuse()
    if (refused !== null) return refused
    BodyWait.claim(this.#waiting, scope)
    if (this.#failure !== null) throw this.#failure
    const expected = this.#queue.size + Math.max(0, this.#left)
    if (expected > most) {
      this.close()
      throw this.tooLong(maxBytes)
    }
    if (this.isComplete) return this.#takeAll()
    this.#collectLimit = maxBytes
    this.#collectMax = Math.min(Number.MAX_SAFE_INTEGER, most + this.#receivedBytes - this.#queue.size)
    if (this.#left > 0) this.#aim(expected)
    return this.#wait(scope, () => this.close())
  }

  /** Has the rest received to where it stays. */
  #aim(expected: number): void {
    const bytes = Buffer.allocUnsafeSlow(Math.min(expected, Math.max(TRUSTED_BYTES, 2 * this.#queue.size)))
    let at = 0
    while (this.#queue.size > 0) at += this.#queue.take(Number.POSITIVE_INFINITY).copy(bytes, at)
    this.target = new Gathering(bytes, at)
  }

  /** Drops the rest: what little is left is received without anybody waiting, more than `maxDrainBytes` closes the connection. */
  discard(): void {
    if (this.isWaiting) return
    this.#forget()
    if (this.isComplete || this.#failure !== null || this.#dropLeft >= 0) return
    if (this.#left > this.settings.maxDrainBytes || this.target !== null) {
      this.close()
      return
    }
    this.#dropLeft = this.settings.maxDrainBytes
    this.#source?.bodyWanted(true)
  }

  /** Nobody reads it any more: unless all of it has come the connection is closed. */
  close(): void {
    const source = this.#source
    this.#forget()
    if (this.isComplete || this.#failure !== null) return
    this.cut(this.dropped())
    source?.bodyDropped()
  }

  #forget(): void {
    this.#queue.clear()
    if (this.isComplete) this.isUsed = this.#hadBytes
  }

  get #hadBytes(): boolean {
    return this.length === undefined ? this.#receivedBytes > 0 : this.length > 0
  }
}
