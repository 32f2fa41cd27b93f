/** A connection over any Stream, TLS for one: its reader receives, and hands over what came. */
import { Event, type Stream } from '@shrapnel/core'
import type { Link, Receiver } from './link.js'
import { sendLater } from './send-later.js'

const CHUNK_BYTES = 65_536

export class StreamLink implements Link {
  readonly #stream: Stream
  readonly #receiver: Receiver
  #resumed: Event | null = null

  constructor(stream: Stream, receiver: Receiver) {
    this.#stream = stream
    this.#receiver = receiver
  }

  async run(): Promise<void> {
    const receiver = this.#receiver
    while (!receiver.isOver) {
      if (receiver.isPaused) {
        this.#resumed = new Event()
        await this.#resumed.wait()
        continue
      }
      const received = this.#stream.recv(CHUNK_BYTES)
      const bytes = received instanceof Promise ? await received : received
      if (receiver.isOver) return
      if (bytes.length === 0) {
        receiver.ended()
        return
      }
      receiver.received(bytes)
    }
  }

  look(): boolean {
    return false
  }

  resume(): void {
    this.#resumed?.set()
    this.#resumed = null
  }

  send(bytes: Buffer): boolean {
    // The stream may still hold them when this returns.
    return sendLater(this.#stream, Buffer.from(bytes), this.#receiver)
  }

  close(): void {
    this.resume()
    this.#stream.close()
  }
}
