/** Pieces of a body that came and were not taken yet, the first first. It copies nothing but where several become one. */

const NOTHING: Buffer = Buffer.alloc(0)

export class PieceQueue {
  #pieces: Buffer[] = []
  /** Bytes in all. */
  size = 0

  push(piece: Buffer): void {
    if (piece.length === 0) return
    this.#pieces.push(piece)
    this.size += piece.length
  }

  /** The first piece, or its first `max` bytes; empty if there is none. */
  take(max: number): Buffer {
    const first = this.#pieces[0]
    if (first === undefined) return NOTHING
    let piece = first
    if (first.length > max) {
      piece = first.subarray(0, max)
      this.#pieces[0] = first.subarray(max)
    } else this.#pieces.shift()
    this.size -= piece.length
    return piece
  }

  takeAll(): Buffer {
    const pieces = this.#pieces
    const all = pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces, this.size)
    this.clear()
    return all
  }

  clear(): void {
    this.#pieces = []
    this.size = 0
  }
}
