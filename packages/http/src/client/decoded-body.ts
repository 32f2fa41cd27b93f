/**
 * A compressed body, decoded as it comes (RFC 9110, 8.4). What it grows to has a limit: some kilobytes can be made to stand for any number
 * of gigabytes. Node's zlib does the work, on its own threads but for short bodies that are all here.
 */
import { type Coroutine, fromDuplex, type Stream, spawn } from '@shrapnel/core'
import type { Collecting } from '../body/received-body.js'
import { HttpError } from '../errors.js'
import { type Decoding, decoderFor, isZlibError } from './codings.js'
import { type BodyOrigin, IncomingBody } from './incoming-body.js'
import type { ExchangeSettings } from './settings.js'

const NOTHING: Buffer = Buffer.alloc(0)

export class DecodedBody extends IncomingBody {
  readonly length: undefined
  readonly #source: IncomingBody
  readonly #coding: Decoding
  #decoder: Stream | null = null
  #feeding: Coroutine<void> | null = null
  #failure: unknown = null
  #isFinished = false
  #decodedBytes = 0

  constructor(
    source: IncomingBody,
    codings: readonly Decoding[],
    settings: ExchangeSettings,
    origin: BodyOrigin,
  ) {
    super(settings, origin)
    const [last, ...others] = codings as [Decoding, ...Decoding[]]
    this.#source = others.length === 0 ? source : new DecodedBody(source, [last], settings, origin)
    this.#coding = others[0] ?? last
  }

  get isFinished(): boolean {
    return this.#isFinished
  }

  get isClosed(): boolean {
    return this.#failure !== null
  }

  get isUsed(): boolean {
    return this.#source.isUsed || (this.#isFinished && this.#decodedBytes > 0)
  }

  /** Cancelled, it takes nothing. Fails with `HTTP_SYNTAX` for what is not compressed as it says, `HTTP_LIMIT`, and as the body itself. */
  async recv(max?: number): Promise<Buffer> {
    if (this.#failure !== null) throw this.#failure
    if (this.#isFinished) return NOTHING
    const decoder = this.#decoder ?? (await this.#begin())
    if (decoder === null) return NOTHING
    let bytes: Buffer
    try {
      bytes = await decoder.recv(max)
    } catch (error) {
      throw this.#failed(error)
    }
    this.#decodedBytes += bytes.length
    if (this.#decodedBytes > this.settings.maxResponseBytes) {
      this.#failure = this.tooLong()
      this.close()
      throw this.#failure
    }
    if (bytes.length === 0) this.#isFinished = true
    return bytes
  }

  /** Null: it is empty, which no coding makes of anything, and servers send all the same. */
  async #begin(): Promise<Stream | null> {
    const first = await this.#source.recv()
    if (first.length === 0) {
      this.#isFinished = true
      return null
    }
    const decoder = fromDuplex(decoderFor(this.#coding, first))
    this.#decoder = decoder
    this.#feeding = spawn({ name: 'http decoding' }, () => this.#feed(decoder, first))
    return decoder
  }

  async #feed(decoder: Stream, first: Buffer): Promise<void> {
    try {
      for (let bytes = first; bytes.length > 0; bytes = await this.#source.recv()) await decoder.send(bytes)
      await decoder.shutdown()
    } catch (error) {
      // The decoder's own failures come out of its recv.
      if (this.#failure === null && !decoder.isClosed) {
        this.#failure = error
        decoder.close()
      }
    }
  }

  #failed(error: unknown): unknown {
    const { code } = error as { code?: unknown }
    if (typeof code !== 'string' || !isZlibError(code)) return this.#failure ?? error
    this.#failure ??= new HttpError('HTTP_SYNTAX', 'the body is not compressed as it says', {
      cause: error,
      phase: 'body',
      url: this.origin.url,
    })
    this.discard()
    return this.#failure
  }

  protected async collect({ maxBytes }: Collecting): Promise<Buffer> {
    const most = this.mostOf(maxBytes)
    const pieces: Buffer[] = []
    let count = 0
    try {
      for (let bytes = await this.recv(); bytes.length > 0; bytes = await this.recv()) {
        count += bytes.length
        if (count > most) throw this.tooLong(maxBytes)
        pieces.push(bytes)
      }
    } catch (error) {
      // What is damaged was dropped already, and the connection may be in order.
      if (this.#failure !== error) this.close()
      throw error
    }
    return Buffer.concat(pieces, count)
  }

  /** Nobody reads it any more: unless all of it has come the connection is closed. */
  close(): void {
    this.#stop()
    this.#source.close()
  }

  /** As the body itself does. */
  discard(): void {
    this.#stop()
    this.#source.discard()
  }

  #stop(): void {
    this.#failure ??= this.#isFinished ? null : this.dropped()
    this.#feeding?.shutdown('nobody reads the body')
    this.#decoder?.close()
  }
}
