/** Bodies that go out in pieces, on either side: what gives them, and what they are held to where a length was announced. */
import type { Stream } from '@shrapnel/core'
import { wrongType } from '@shrapnel/core/parts'
import { HttpError } from '../errors.js'

export type Piece = Uint8Array | string

export function piecesOf(source: AsyncIterable<Piece> | Stream): AsyncIterable<Piece> {
  return Symbol.asyncIterator in source ? source : receiveAll(source)
}

async function* receiveAll(stream: Stream): AsyncGenerator<Buffer, void> {
  try {
    for (let bytes = await stream.recv(); bytes.length > 0; bytes = await stream.recv()) yield bytes
  } finally {
    stream.close()
  }
}

/** Counts what goes out. Throws `HTTP_HEADER` where it is not what Content-Length says. */
export class AnnouncedBody {
  readonly #length: number
  #count = 0

  /** -1: nothing was announced. */
  constructor(length: number) {
    this.#length = length
  }

  /** The bytes of the next piece. */
  take(piece: Piece): Uint8Array {
    const bytes: unknown = typeof piece === 'string' ? Buffer.from(piece) : piece
    if (!(bytes instanceof Uint8Array)) throw wrongType('a piece of a body', 'text or a Uint8Array', bytes)
    this.#count += bytes.length
    if (this.#length >= 0 && this.#count > this.#length)
      throw new HttpError('HTTP_HEADER', `Content-Length says ${this.#length} and the body has more bytes`)
    return bytes
  }

  end(): void {
    if (this.#count < this.#length) throw bodyTooShort(this.#length, this.#count)
  }
}

export function bodyTooShort(length: number, count: number): HttpError {
  return new HttpError('HTTP_HEADER', `Content-Length says ${length} and the body ended after ${count} bytes`)
}
