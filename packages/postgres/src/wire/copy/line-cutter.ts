/** Cuts what arrives into lines, for COPY in text and CSV. What a line is not whole of is kept, up to a limit. */
import { asBuffer } from '../body-reader.js'
import { failLimit } from '../errors.js'
import { MAX_COPY_ROW_BYTES } from '../limits.js'

const NEWLINE = 0x0a
const EMPTY = Buffer.alloc(0)

export class LineCutter {
  readonly #maxRowBytes: number
  #chunk: Buffer = EMPTY
  #at = 0
  #kept: Buffer[] = []
  #keptBytes = 0
  /** Of the line: valid until the next `next`. */
  bytes: Buffer = EMPTY
  from = 0
  /** Without its newline. */
  to = 0

  constructor(maxRowBytes = MAX_COPY_ROW_BYTES) {
    this.#maxRowBytes = maxRowBytes
  }

  get isInside(): boolean {
    return this.#keptBytes > 0
  }

  push(chunk: Uint8Array): void {
    this.#chunk = asBuffer(chunk)
    this.#at = 0
  }

  /** False if there is no whole line; then the chunk is the caller's again. */
  next(): boolean {
    const chunk = this.#chunk
    const from = this.#at
    const end = from < chunk.length ? chunk.indexOf(NEWLINE, from) : -1
    if (end < 0) {
      this.#keep(chunk, from, chunk.length)
      this.#chunk = EMPTY
      this.#at = 0
      return false
    }
    this.#at = end + 1
    if (this.#keptBytes > 0) {
      this.#keep(chunk, from, end)
      this.#use(Buffer.concat(this.#kept, this.#keptBytes))
      this.#kept = []
      this.#keptBytes = 0
      return true
    }
    if (end - from > this.#maxRowBytes) this.#tooLong(end - from)
    this.bytes = chunk
    this.from = from
    this.to = end
    return true
  }

  /** What was after the last newline. False if nothing was. */
  last(): boolean {
    if (this.#keptBytes === 0) return false
    this.#use(Buffer.concat(this.#kept, this.#keptBytes))
    this.#kept = []
    this.#keptBytes = 0
    return true
  }

  #use(bytes: Buffer): void {
    this.bytes = bytes
    this.from = 0
    this.to = bytes.length
  }

  #keep(chunk: Buffer, from: number, to: number): void {
    if (to === from) return
    this.#keptBytes += to - from
    if (this.#keptBytes > this.#maxRowBytes) this.#tooLong(this.#keptBytes)
    this.#kept.push(Buffer.from(chunk.subarray(from, to)))
  }

  #tooLong(length: number): never {
    return failLimit('maxRowBytes', this.#maxRowBytes, `a row of ${length} bytes or more`, 0)
  }
}
