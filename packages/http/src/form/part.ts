/** One part of a form: what its head says, and its data as a body of its own. */
import { type Awaitable, Interrupted } from '@shrapnel/core'
import { checkInteger } from '@shrapnel/core/parts'
import { type Collecting, ReceivedBody } from '../body/received-body.js'
import { HttpError } from '../errors.js'
import type { HttpHeaders } from '../headers.js'
import type { Body } from '../message.js'
import type { PartHead } from '../wire/multipart-head.js'
import { badSyntax, pastLimit } from '../wire/refusals.js'

const NOTHING: Buffer = Buffer.alloc(0)
const RECV_BYTES = 65_536

export interface FormPart {
  readonly name: string
  /** As the client gave it: it may be a path, `..` among it, or empty. Never a place to write to. Undefined: it is no file. */
  readonly filename: string | undefined
  /** Its Content-Type as the client gave it, `text/plain` unless it did. */
  readonly type: string
  readonly headers: HttpHeaders
  /** Its data, until the next part is asked for. */
  readonly body: Body
}

/** Where the data of a part comes from. */
export interface PartSource {
  /** The next piece of the part that came last; null: it has ended. @internal */
  nextData(): Awaitable<Buffer | null>
  /** As of the body that it is part of. @internal */
  blame(error: unknown): unknown
}

export class PartBody extends ReceivedBody {
  readonly length = undefined
  readonly #head: PartHead
  readonly #source: PartSource
  /** Bytes that may still come. */
  #allowance: number
  readonly #limit: string
  readonly #maxBytes: number
  #rest: Buffer = NOTHING
  #isEnded = false
  #hasData = false
  #isUsed = false
  #failure: unknown = null

  constructor(source: PartSource, head: PartHead, maxBytes: number, limit: string) {
    super()
    this.#source = source
    this.#head = head
    this.#maxBytes = this.#allowance = maxBytes
    this.#limit = limit
  }

  get contentType(): string {
    return this.#head.type
  }

  get isFinished(): boolean {
    return this.#isEnded && this.#rest.length === 0
  }

  get isClosed(): boolean {
    return this.#failure !== null
  }

  get isUsed(): boolean {
    return this.#isUsed && this.isFinished
  }

  override blame(error: unknown): unknown {
    return this.#source.blame(error)
  }

  recv(max = RECV_BYTES): Awaitable<Buffer> {
    if (max !== RECV_BYTES) checkInteger('max', max, 1, Number.MAX_SAFE_INTEGER)
    if (this.#failure !== null) throw this.#failure
    if (this.#rest.length > 0) return this.#shift(max)
    if (this.#isEnded) return this.#came(null, max)
    const data = this.#source.nextData()
    return data instanceof Promise ? data.then((late) => this.#came(late, max)) : this.#came(data, max)
  }

  #came(data: Buffer | null, max: number): Buffer {
    if (data === null) {
      this.#isEnded = true
      this.#isUsed = this.#hasData
      return NOTHING
    }
    this.#hasData = true
    this.#allowance -= data.length
    if (this.#allowance < 0) {
      const text = `the part ${JSON.stringify(this.#head.name)} is longer`
      this.#failure = this.blame(pastLimit(this.#limit, 413, text))
      throw this.#failure
    }
    this.#rest = data
    // It was passed over, or closed, while this waited.
    if (this.#failure !== null) throw this.#failure
    return this.#shift(max)
  }

  #shift(max: number): Buffer {
    const rest = this.#rest
    this.#rest = max < rest.length ? rest.subarray(max) : NOTHING
    return max < rest.length ? rest.subarray(0, max) : rest
  }

  protected async collect({ maxBytes = this.#maxBytes }: Collecting): Promise<Buffer> {
    checkInteger('maxBytes', maxBytes, 0, Number.MAX_SAFE_INTEGER)
    const pieces: Buffer[] = []
    let count = 0
    try {
      for (;;) {
        const received = this.recv()
        const piece = received instanceof Promise ? await received : received
        if (piece.length === 0) break
        pieces.push(piece)
        count += piece.length
        if (count > maxBytes) throw this.blame(pastLimit('maxBytes', 413, 'the part is longer'))
      }
    } catch (error) {
      // Who was cancelled has taken nothing.
      if (error instanceof Interrupted) this.#rest = Buffer.concat(pieces, count)
      throw error
    }
    return pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces, count)
  }

  parts(): never {
    throw this.blame(noForm())
  }

  formData(): Promise<never> {
    return Promise.reject(this.blame(noForm()))
  }

  /** Nobody reads it any more: the next part comes. */
  close(): void {
    this.#drop('the body of the part was closed')
  }

  /** @internal */
  passOver(): void {
    this.#drop('the part was passed over: the next one was asked for')
  }

  #drop(why: string): void {
    if (this.isFinished) return
    this.#failure ??= new HttpError('HTTP_CUT', why)
    this.#rest = NOTHING
  }
}

/** RFC 7578, 4.3, has given up forms in forms. */
function noForm(): HttpError {
  return badSyntax('the body of a part is no form', 415)
}
