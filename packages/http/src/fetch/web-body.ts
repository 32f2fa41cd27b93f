/** Bodies between our world and that of web streams. Back-pressure goes both ways: nothing is read that nobody asked for. */
import { type Awaitable, interruptible, type Stream, toWeb } from '@shrapnel/core'
import type { Body, HttpRequest } from '../message.js'
import { answerable } from './body-error.js'

/** How many microtasks a stream that was made of a value takes to say that it has ended. */
const SOON = 6

export type WebStream = ReadableStream<Uint8Array>
type Reader = ReadableStreamDefaultReader<Uint8Array>
type Piece = Uint8Array | string

/** Null where there is none, as for GET and HEAD of the fetch standard. */
export function streamOf({ method, body }: HttpRequest): WebStream | null {
  if (method === 'GET' || method === 'HEAD' || body.length === 0) return null
  return toWeb(new FetchBody(body)).readable as WebStream
}

/** What went wrong with a body is said so that an application can answer it. */
class FetchBody implements Stream {
  readonly #body: Body

  constructor(body: Body) {
    this.#body = body
  }

  get isClosed(): boolean {
    return this.#body.isClosed
  }

  async recv(max?: number): Promise<Buffer> {
    try {
      return await this.#body.recv(max)
    } catch (error) {
      throw answerable(error)
    }
  }

  recvInto(target: Uint8Array): Awaitable<number> {
    return this.#body.recvInto(target)
  }

  send(data: Uint8Array | string): Awaitable<void> {
    return this.#body.send(data)
  }

  sendv(parts: readonly (Uint8Array | string)[]): Awaitable<void> {
    return this.#body.sendv(parts)
  }

  shutdown(): Awaitable<void> {
    return this.#body.shutdown()
  }

  close(): void {
    this.#body.close()
  }
}

/** A web stream, piece by piece. Cancelling whoever waits, and ending early, cancels the stream. */
export class StreamPieces implements AsyncIterableIterator<Piece> {
  readonly #reader: Reader
  #early: Piece | undefined
  /** A read that is under way. */
  #reading: ReturnType<Reader['read']> | null

  constructor(reader: Reader, early?: Piece, reading: ReturnType<Reader['read']> | null = null) {
    this.#reader = reader
    this.#early = early
    this.#reading = reading
  }

  async next(): Promise<IteratorResult<Piece, undefined>> {
    const early = this.#early
    if (early !== undefined) {
      this.#early = undefined
      return { done: false, value: early }
    }
    const reading = this.#reading ?? this.#reader.read()
    this.#reading = null
    try {
      const result = await interruptible(reading)
      if (result.done) return { done: true, value: undefined }
      return { done: false, value: bytesOf(result.value) }
    } catch (error) {
      this.#cancel(error)
      throw error
    }
  }

  async return(): Promise<IteratorResult<Piece, undefined>> {
    this.#cancel(new Error('nobody reads it any more'))
    return { done: true, value: undefined }
  }

  /** As of a Stream: nobody will read it. */
  close(): void {
    this.#cancel(new Error('nobody reads it any more'))
  }

  #cancel(reason: unknown): void {
    this.#reader.cancel(reason).catch(() => {})
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}

/** What is a stream for form's sake, one piece that is there at once, becomes that piece; null if it is empty. */
export async function unwrapped(stream: WebStream): Promise<StreamPieces | Uint8Array | null> {
  const reader = stream.getReader()
  try {
    const first = await interruptible(reader.read())
    if (first.done) return null
    const bytes = bytesOf(first.value)
    const reading = reader.read()
    let isDone = false
    let isPending = true
    const settled = (result: { readonly done: boolean } | undefined): void => {
      isPending = false
      isDone = result?.done === true
    }
    // A failure is whoever's reads on.
    reading.then(settled, () => settled(undefined))
    for (let i = 0; i < SOON && isPending; i++) await undefined
    return isDone ? bytes : new StreamPieces(reader, bytes, reading)
  } catch (error) {
    reader.cancel(error).catch(() => {})
    throw error
  }
}

function bytesOf(chunk: unknown): Uint8Array {
  if (chunk instanceof Uint8Array) return chunk
  if (typeof chunk === 'string') return Buffer.from(chunk)
  throw new TypeError('a stream of a Response gives something that is no Uint8Array')
}
