/**
 * The parts of a form as they come, over any body. It receives when somebody asks for a part or for its data, and not before; whoever is
 * cancelled meanwhile has taken nothing, and may ask again. To stop early leaves the rest of the body unread.
 */
import type { Awaitable } from '@shrapnel/core'
import type { ReceivedBody } from '../body/received-body.js'
import { boundaryOf } from '../wire/multipart-boundary.js'
import { MultipartDecoder, type MultipartPiece, PART_END } from '../wire/multipart-decoder.js'
import type { PartHead } from '../wire/multipart-head.js'
import type { FormSettings } from './limits.js'
import { type FormPart, PartBody, type PartSource } from './part.js'

export class FormParts implements AsyncIterableIterator<FormPart>, PartSource {
  readonly #body: ReceivedBody
  readonly #decoder: MultipartDecoder
  readonly #settings: FormSettings
  #pieces: MultipartPiece[] = []
  #at = 0
  #current: PartBody | null = null
  #isEnded = false

  /** @internal */
  constructor(body: ReceivedBody, settings: FormSettings) {
    this.#body = body
    this.#settings = settings
    try {
      this.#decoder = new MultipartDecoder(boundaryOf(body.contentType), settings)
    } catch (error) {
      throw body.blame(error)
    }
  }

  /** @internal */
  blame(error: unknown): unknown {
    return this.#body.blame(error)
  }

  /** The next part. What is left of the present one is received and dropped. */
  async next(): Promise<IteratorResult<FormPart, undefined>> {
    this.#current?.passOver()
    this.#current = null
    while (!this.#isEnded) {
      const taken = this.#take()
      const piece = taken instanceof Promise ? await taken : taken
      if (piece !== undefined && piece !== PART_END && !Buffer.isBuffer(piece))
        return { done: false, value: this.#begin(piece) }
    }
    return { done: true, value: undefined }
  }

  /** The rest is not wanted. */
  async return(): Promise<IteratorResult<FormPart, undefined>> {
    this.#isEnded = true
    this.#current?.passOver()
    return { done: true, value: undefined }
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  #begin(head: PartHead): FormPart {
    const { maxFieldBytes, maxFileBytes } = this.#settings
    const body =
      head.filename === undefined
        ? new PartBody(this, head, maxFieldBytes, 'maxFieldBytes')
        : new PartBody(this, head, maxFileBytes, 'maxFileBytes')
    this.#current = body
    const { name, filename, type, headers } = head
    return { name, filename, type, headers, body }
  }

  /** @internal */
  nextData(): Awaitable<Buffer | null> {
    const taken = this.#take()
    return taken instanceof Promise ? taken.then((piece) => this.#data(piece)) : this.#data(taken)
  }

  #data(piece: MultipartPiece | undefined): Buffer | null {
    // Between a head and its end there is nothing but data: the decoder throws before anything else can come.
    return Buffer.isBuffer(piece) ? piece : null
  }

  /** Undefined: there is no more. */
  #take(): Awaitable<MultipartPiece | undefined> {
    if (this.#at < this.#pieces.length) return this.#pieces[this.#at++]
    return this.#receive()
  }

  async #receive(): Promise<MultipartPiece | undefined> {
    for (;;) {
      const received = this.#body.recv()
      const bytes = received instanceof Promise ? await received : received
      this.#decode(bytes)
      if (this.#isEnded) return undefined
      if (this.#pieces.length > 0) return this.#pieces[this.#at++]
    }
  }

  #decode(bytes: Buffer): void {
    this.#isEnded = bytes.length === 0
    try {
      if (this.#isEnded) this.#decoder.end()
      else this.#pieces = this.#decoder.push(bytes)
      this.#at = 0
    } catch (error) {
      throw this.blame(error)
    }
  }
}
