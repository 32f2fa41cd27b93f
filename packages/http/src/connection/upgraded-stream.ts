/** A connection that was taken over, when the client had sent something already: that comes first. */
import type { Awaitable, Stream } from '@shrapnel/core'
import { checkInteger, recvInto } from '@shrapnel/core/parts'

const RECV_BYTES = 65_536

export class UpgradedStream implements Stream {
  readonly #stream: Stream
  #early: Buffer

  constructor(stream: Stream, early: Buffer) {
    this.#stream = stream
    this.#early = early
  }

  /** The connection itself, for who has taken what came early. */
  get inner(): Stream {
    return this.#stream
  }

  /** What has come already, which is then received no more. */
  takeEarly(): Buffer {
    const early = this.#early
    this.#early = early.subarray(early.length)
    return early
  }

  get isClosed(): boolean {
    return this.#stream.isClosed
  }

  recv(max = RECV_BYTES): Awaitable<Buffer> {
    const early = this.#early
    if (early.length === 0 || this.#stream.isClosed) return this.#stream.recv(max)
    const count = Math.min(checkInteger('max', max, 1, Number.MAX_SAFE_INTEGER), early.length)
    this.#early = early.subarray(count)
    return early.subarray(0, count)
  }

  recvInto(target: Uint8Array): Awaitable<number> {
    return this.#early.length === 0 ? this.#stream.recvInto(target) : recvInto(this, target)
  }

  send(data: Uint8Array | string): Awaitable<void> {
    return this.#stream.send(data)
  }

  sendv(parts: readonly (Uint8Array | string)[]): Awaitable<void> {
    return this.#stream.sendv(parts)
  }

  shutdown(): Awaitable<void> {
    return this.#stream.shutdown()
  }

  close(): void {
    this.#stream.close()
  }
}
