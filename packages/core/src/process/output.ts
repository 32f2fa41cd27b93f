/**
 * What a process writes, collected up to a limit in one buffer: a chunk for each read would cost a hundred
 * times the limit where a child writes byte by byte.
 */
import { LimitError } from '../errors.js'
import type { Pipe } from '../net/pair.js'

const FIRST_BYTES = 4096
/** What comes behind the limit is read into this, and looked at by nobody. */
const discarded = Buffer.allocUnsafeSlow(65_536)

export class Output {
  readonly #pipe: Pipe
  readonly #name: string
  readonly #limit: number
  #buffer = Buffer.allocUnsafe(FIRST_BYTES)
  #used = 0

  /** `name`: what the error calls it. `limit` in bytes. */
  constructor(pipe: Pipe, name: string, limit: number) {
    this.#pipe = pipe
    this.#name = name
    this.#limit = limit
  }

  /**
   * Reads to the end. `LIMIT` when there is more than the limit. Cancelled or failed, it may be called again
   * and goes on.
   */
  async collect(): Promise<void> {
    while (this.#used <= this.#limit) {
      const count = await this.#pipe.recvInto(this.#room())
      if (count === 0) return
      this.#used += count
    }
    throw new LimitError('maxOutputBytes', `${this.#name} is longer than maxOutputBytes (${this.#limit})`)
  }

  /**
   * As `collect`, without limit: what is too much is read and dropped, so that the child can go on writing.
   */
  async drain(): Promise<void> {
    for (;;) {
      const isWanted = this.#used <= this.#limit
      const count = await this.#pipe.recvInto(isWanted ? this.#room() : discarded)
      if (count === 0) return
      if (isWanted) this.#used += count
    }
  }

  /** What came, up to the limit. */
  bytes(): Buffer {
    const bytes = this.#buffer.subarray(0, Math.min(this.#used, this.#limit))
    // Few bytes are not to keep many alive.
    return bytes.length < this.#buffer.length / 2 ? Buffer.from(bytes) : bytes
  }

  close(): void {
    this.#pipe.close()
  }

  /** Where the next bytes go: one byte more than the limit, which shows that there is more. */
  #room(): Buffer {
    if (this.#used === this.#buffer.length) {
      const grown = Buffer.allocUnsafe(Math.min(2 * this.#used, this.#limit + 1))
      this.#buffer.copy(grown)
      this.#buffer = grown
    }
    return this.#buffer.subarray(this.#used)
  }
}
