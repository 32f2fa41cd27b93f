/** A WebSocket over any Stream, TLS for one: received and sent in the background, by the stream's own methods. */
import type { Stream } from '@shrapnel/core'
import { inBackground, refillBackground } from '@shrapnel/core/parts'
import type { Link, LinkOwner } from './link.js'

const CHUNK_BYTES = 65_536

export class StreamLink implements Link {
  readonly stream: Stream
  readonly #owner: LinkOwner
  #isReceiving = false

  constructor(stream: Stream, owner: LinkOwner) {
    this.stream = stream
    this.#owner = owner
  }

  start(): void {
    this.pull()
  }

  pull(): void {
    if (!this.#isReceiving) this.#receive()
  }

  /** Ends when nothing is wanted, at the end, and with the stream. */
  #receive(): void {
    const owner = this.#owner
    this.#isReceiving = true
    let isLater = false
    let wasAtOnce = true
    const came = (bytes: Buffer): void => {
      wasAtOnce = true
      if (bytes.length === 0) {
        this.#isReceiving = false
        owner.ended()
        return
      }
      owner.received(bytes, 0, bytes.length)
      if (isLater) this.#receive()
    }
    while (wasAtOnce) {
      if (this.stream.isClosed || !owner.wantsInput || !this.#isReceiving) {
        this.#isReceiving = false
        return
      }
      wasAtOnce = isLater = false
      inBackground(
        () => this.stream.recv(CHUNK_BYTES),
        came,
        (error) => {
          this.#isReceiving = false
          owner.failed(error)
        },
      )
      isLater = true
    }
  }

  /** Whether a send would have to wait is not known before. */
  write(): number {
    return 0
  }

  send(parts: readonly Uint8Array[]): void {
    let hadToWait = false
    refillBackground()
    inBackground(
      () => (parts.length === 1 ? this.stream.send(parts[0] as Uint8Array) : this.stream.sendv(parts)),
      () => {
        for (const part of parts) this.#owner.progressed(part.length, hadToWait)
        this.#owner.sent()
      },
      (error) => this.#owner.failed(error),
    )
    hadToWait = true
  }
}
