/**
 * Sends a body that does not fit into one write, in a coroutine of its own: the response may come before its end, and then nobody wants the
 * rest. The connection is told how it goes.
 */
import { type Coroutine, Event, type Stream, spawn, TimeoutError, withTimeout } from '@shrapnel/core'
import { AnnouncedBody, type Piece } from '../body/pieces.js'
import { HttpHeaders } from '../headers.js'
import { CHUNK_END, chunkSize, LAST_CHUNK, lastChunk } from '../wire/chunked-encoder.js'
import type { Exchange } from './exchange.js'
import { announcedLength } from './request-head.js'

/** Sent at a time, so that a server that takes something is told from one that takes nothing. */
const PIECE_BYTES = 262_144

export interface UploadOutlet {
  readonly stream: Stream
  sending(exchange: Exchange): void
  /** Nothing is on its way: the program is to give more. */
  pausing(): void
  uploaded(exchange: Exchange): void
  /** `isSource`: what gives the body failed, and not the connection. */
  uploadFailed(exchange: Exchange, error: unknown, isSource: boolean): void
}

export class Upload {
  readonly #outlet: UploadOutlet
  readonly #exchange: Exchange
  readonly #coroutine: Coroutine<void>
  #isSending = false
  #head: Buffer | null
  /** Somebody waits for the server to want the body. */
  #untilWanted: Event | null = null

  constructor(outlet: UploadOutlet, exchange: Exchange) {
    this.#outlet = outlet
    this.#exchange = exchange
    this.#head = Buffer.from(exchange.head, 'latin1')
    const name = `http upload to ${exchange.target.origin}`
    this.#coroutine = spawn({ name, daemon: true }, () => this.#run())
  }

  /** The server wants the body. */
  wanted(): void {
    this.#untilWanted?.set()
  }

  /** Nobody wants the rest of it. */
  stop(): void {
    this.#coroutine.shutdown('nobody waits for it')
  }

  async #run(): Promise<void> {
    const exchange = this.#exchange
    exchange.isUploading = true
    try {
      await this.#sendAll()
    } catch (error) {
      this.#outlet.uploadFailed(exchange, error, !this.#isSending)
      return
    } finally {
      exchange.call.body.close()
    }
    this.#outlet.uploaded(exchange)
  }

  async #sendAll(): Promise<void> {
    const { body, settings } = this.#exchange.call
    if (settings.expectContinue) {
      await this.#send([])
      await this.#awaitWanted(settings.continueTimeoutMs)
    }
    if (body.bytes !== null) await this.#sendBytes(body.bytes)
    else await this.#sendPieces((body.open as NonNullable<typeof body.open>)())
  }

  /** Until the server says that it wants the body, or nothing for a while. */
  async #awaitWanted(timeoutMs: number): Promise<void> {
    const untilWanted = new Event()
    this.#untilWanted = untilWanted
    try {
      await withTimeout(timeoutMs, () => untilWanted.wait())
    } catch (error) {
      if (!(error instanceof TimeoutError)) throw error
    } finally {
      this.#untilWanted = null
    }
  }

  async #send(parts: Piece[]): Promise<void> {
    if (this.#head !== null) parts.unshift(this.#head)
    this.#head = null
    this.#isSending = true
    this.#outlet.sending(this.#exchange)
    await this.#outlet.stream.sendv(parts)
    this.#outlet.pausing()
    this.#isSending = false
  }

  async #sendBytes(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; at += PIECE_BYTES)
      await this.#send([bytes.subarray(at, at + PIECE_BYTES)])
  }

  async #sendPieces(pieces: AsyncIterable<Piece>): Promise<void> {
    const { call } = this.#exchange
    const length = announcedLength(call)
    const body = new AnnouncedBody(length)
    for await (const piece of pieces) {
      const bytes = body.take(piece)
      if (bytes.length === 0) continue
      await this.#send(length < 0 ? [chunkSize(bytes.length), bytes, CHUNK_END] : [bytes])
    }
    body.end()
    const { trailers } = call
    if (length < 0)
      await this.#send([trailers === undefined ? LAST_CHUNK : lastChunk(new HttpHeaders(trailers()))])
    else if (this.#head !== null) await this.#send([])
  }
}
