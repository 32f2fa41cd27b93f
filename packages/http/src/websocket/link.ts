/** How a WebSocket meets its stream. A socket is read and written in place, when the kernel says so; any other Stream by its own methods. */
import type { Stream } from '@shrapnel/core'

/** Who gets what a link receives, and hears what became of what it sends. Called outside of any coroutine. */
export interface LinkOwner {
  /** Whether what comes can be taken now. */
  readonly wantsInput: boolean
  /** Where bytes are read to, if it matters. */
  readonly target: { readonly bytes: Buffer; readonly at: number; readonly end: number } | null
  /** So many bytes came into `target`. */
  gathered(count: number): void
  /** Bytes came; they may be changed, and are good until this returns. */
  received(bytes: Buffer, from: number, to: number): void
  /** The peer sends no more. */
  ended(): void
  /** So many bytes are on their way. `hadToWait`: the peer has made room for them, so it lives. */
  progressed(bytes: number, hadToWait: boolean): void
  /** All parts of a `send` are on their way. */
  sent(): void
  /** The connection is no more. */
  failed(error: unknown): void
}

export interface Link {
  readonly stream: Stream
  /** Begins to receive, until the stream is closed. */
  start(): void
  /** Input is wanted again. */
  pull(): void
  /** Sends what needs no waiting, while no `send` is under way: how many bytes. They may be changed afterwards. Throws what sending fails with. */
  write(bytes: Buffer, from: number, to: number): number
  /** Sends all parts, and says `sent` or `failed`. They must not be changed before. */
  send(parts: readonly Uint8Array[]): void
}
