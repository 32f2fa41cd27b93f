/** What came on a connection and was not taken yet. Bytes of the thread's slab are borrowed: what is left of them is copied before anybody else's turn. */

const NOTHING: Buffer = Buffer.alloc(0)

export class Input {
  bytes: Buffer = NOTHING
  at = 0
  end = 0
  #isBorrowed = false

  get size(): number {
    return this.end - this.at
  }

  /** Puts what lies in `bytes` behind what is here. */
  add(bytes: Buffer, from: number, to: number, isBorrowed: boolean): void {
    if (this.at === this.end) {
      this.bytes = bytes
      this.at = from
      this.end = to
      this.#isBorrowed = isBorrowed
      return
    }
    const more = to - from
    const isRoom = !this.#isBorrowed && this.end + more <= this.bytes.length
    if (!isRoom) this.#move(Math.max(2 * this.size, this.size + more))
    bytes.copy(this.bytes, this.end, from, to)
    this.end += more
  }

  /** Puts `bytes`, which belong to it from now on, before everything. */
  putBack(bytes: Buffer): void {
    const { size } = this
    const all = size === 0 ? bytes : Buffer.concat([bytes, this.bytes.subarray(this.at, this.end)])
    this.bytes = all
    this.at = 0
    this.end = all.length
    this.#isBorrowed = false
  }

  /** Others have their turn now: nothing may be borrowed any more, and nothing empty holds a buffer. */
  keep(): void {
    if (this.at === this.end) this.clear()
    else if (this.#isBorrowed) this.#move(this.size)
  }

  #move(room: number): void {
    const bytes = Buffer.allocUnsafe(room)
    this.end = this.bytes.copy(bytes, 0, this.at, this.end)
    this.at = 0
    this.bytes = bytes
    this.#isBorrowed = false
  }

  clear(): void {
    this.bytes = NOTHING
    this.at = this.end = 0
    this.#isBorrowed = false
  }

  /** All that is here, as a Buffer of its own. */
  takeAll(): Buffer {
    if (this.at === this.end) return NOTHING
    const taken = Buffer.from(this.bytes.subarray(this.at, this.end))
    this.clear()
    return taken
  }
}
