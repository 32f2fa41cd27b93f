/**
 * Bodies made of parts of a file where sendfile(2) does not fit: several ranges, or a file on a disk that is too slow to be read in the
 * thread. A file that has become shorter ends the body early, and the server then cuts the connection: Content-Length is a promise.
 */
import { readAt } from '../body/file-read.js'
import type { ByteRange } from '../wire/byte-ranges.js'

/** Read at a time; so much of it is in memory. */
const PIECE_BYTES = 262_144

/** Whatever can be read and closed. */
export interface ReadableFile {
  readonly fd: number
  close(): void
}

/** Text as it is, and parts of the file, in order. The server closes it, also when it sends nothing of it. */
export class FilePieces implements AsyncIterable<Uint8Array> {
  readonly #file: ReadableFile
  readonly #parts: readonly (Buffer | ByteRange)[]
  readonly length: number

  constructor(file: ReadableFile, parts: readonly (Buffer | ByteRange)[]) {
    this.#file = file
    this.#parts = parts
    this.length = parts.reduce((sum, part) => sum + part.length, 0)
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void> {
    try {
      for (const part of this.#parts) {
        if (part instanceof Uint8Array) yield part
        else if (!(yield* this.#read(part))) return
      }
    } finally {
      this.close()
    }
  }

  /** False: the file has ended before the part has. */
  async *#read({ from, length }: ByteRange): AsyncGenerator<Uint8Array, boolean> {
    for (let done = 0; done < length; ) {
      const bytes = await readAt(this.#file.fd, from + done, Math.min(length - done, PIECE_BYTES))
      if (bytes.length === 0) return false
      yield bytes
      done += bytes.length
    }
    return true
  }

  close(): void {
    this.#file.close()
  }
}
