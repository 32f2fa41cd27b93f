/**
 * Stream: what a connection is to a protocol. Sockets and pipes implement it, TLS does, test doubles do. One coroutine
 * may receive while another sends; two in the same direction is an error (`SIMULTANEOUS`).
 */
import type { Awaitable } from '../awaitable.js'

export interface Stream {
  /**
   * Up to `max` bytes (65,536 unless given), as soon as there are any; empty at the end. A Buffer of its own, the caller's to
   * keep. Cancelling takes no byte. Fails with `CLOSED`, `SIMULTANEOUS`, or the system's `ECONNRESET` and the like.
   */
  recv(max?: number): Awaitable<Buffer>
  /** As `recv`, into `target`; the count, 0 at the end. */
  recvInto(target: Uint8Array): Awaitable<number>
  /**
   * Sends all of `data`; text as UTF-8. The bytes must not be changed until it is done. Cancelled before the first byte it leaves
   * the stream as it was; cancelled after, it closes the stream, so that the peer never takes half a frame for a whole.
   */
  send(data: Uint8Array | string): Awaitable<void>
  /** As `send`, of all parts in order, without joining them. */
  sendv(parts: readonly (Uint8Array | string)[]): Awaitable<void>
  /** Sends no more, after all that was sent: the peer reads an end. Receiving goes on. Waits where the end is a message, as in TLS. */
  shutdown(): Awaitable<void>
  /** Closes it; again without effect. Whoever waits on it gets `ClosedError`. */
  close(): void
  readonly isClosed: boolean
}
