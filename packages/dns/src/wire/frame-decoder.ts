/** Messages out of a stream, where each comes after its length in two bytes (RFC 1035, 4.2.2). It does not look into them. */
import { DnsWireError } from './errors.js'
import { HEADER_BYTES } from './layout.js'

const LENGTH_BYTES = 2
const NOTHING: readonly Uint8Array[] = []

export class FrameDecoder {
  /** The message in hand, and how much of it is there. */
  #message: Uint8Array | undefined
  #filled = 0
  /** The first byte of a length, alone; -1 if there is none. */
  #firstByte = -1
  #isDead = false

  /** Whether bytes of an unfinished message are held. */
  get isInside(): boolean {
    return this.#message !== undefined || this.#firstByte >= 0
  }

  /**
   * Returns every message that `chunk` completes. A message that lies in `chunk` as a whole is a view of it: decode it before the
   * chunk's memory is used again. Throws DNS_FRAME_LENGTH for a length that no message has; after that the decoder is dead: drop the
   * connection.
   */
  push(chunk: Uint8Array): readonly Uint8Array[] {
    if (this.#isDead) throw new DnsWireError('DNS_FRAME_LENGTH', 'this stream has failed already')
    let messages: Uint8Array[] | undefined
    let at = 0
    while (at < chunk.length) {
      if (this.#message === undefined) {
        const first = this.#firstByte
        if (first < 0 && chunk.length - at < LENGTH_BYTES) {
          this.#firstByte = chunk[at] as number
          break
        }
        const length =
          first < 0
            ? (chunk[at] as number) * 256 + (chunk[at + 1] as number)
            : first * 256 + (chunk[at] as number)
        if (length < HEADER_BYTES) this.#failLength(length, at)
        at += first < 0 ? LENGTH_BYTES : 1
        this.#firstByte = -1
        if (length <= chunk.length - at) {
          messages ??= []
          messages.push(chunk.subarray(at, at + length))
          at += length
          continue
        }
        this.#message = Buffer.allocUnsafeSlow(length)
        this.#filled = 0
      }
      const count = Math.min(this.#message.length - this.#filled, chunk.length - at)
      this.#message.set(chunk.subarray(at, at + count), this.#filled)
      this.#filled += count
      at += count
      if (this.#filled === this.#message.length) {
        messages ??= []
        messages.push(this.#message)
        this.#message = undefined
      }
    }
    return messages ?? NOTHING
  }

  /** The peer closed. Throws DNS_FRAME_CUT if bytes of an unfinished message are held. */
  end(): void {
    if (this.isInside) throw new DnsWireError('DNS_FRAME_CUT', 'the stream ends inside of a message')
  }

  #failLength(length: number, at: number): never {
    this.#isDead = true
    throw new DnsWireError('DNS_FRAME_LENGTH', `a message of ${length} bytes`, { at })
  }
}
