/** How a connection meets its stream. A socket is read and written in place, when the kernel says so; any other Stream by its own methods. */
import type { SocketAddress, Stream } from '@shrapnel/core'
import type { TlsFacts } from '../tls-types.js'

/** Who gets what a link receives. */
export interface Receiver {
  /** Whether what comes can be taken now. */
  readonly wantsInput: boolean
  /** It has ended, in whichever way: the link gives the stream back. */
  readonly isOver: boolean
  /** Where bytes of a body are gathered, if nothing else can come before them; null: they go anywhere. */
  readonly target: { readonly bytes: Buffer; readonly at: number; readonly end: number } | null
  /** So many bytes came into `target`. */
  gathered(count: number): void
  /** Bytes came; borrowed ones are good until this returns. */
  received(bytes: Buffer, from: number, to: number, isBorrowed: boolean): void
  /** The peer sends no more. */
  ended(): void
  /** What a send that had to wait came to. */
  flushed(): void
  failed(error: unknown): void
}

export interface Link {
  readonly stream: Stream
  readonly peer: SocketAddress | undefined
  readonly tls: TlsFacts | undefined
  /** A number that changes while the peer takes something of what is sent; undefined: nobody knows before all of it is. */
  readonly taken: number | undefined
  /** Receives until the receiver is over. Rejects with what receiving failed with. */
  run(): Promise<void> | undefined
  /** The receiver wants input again, or is over. */
  wake(): void
  /** Tries to receive now, if that needs no waiting. */
  pull(): void
  /** Sends. False: not all of it could go at once, and `flushed` or `failed` follows. The bytes may be changed afterwards. */
  write(bytes: Buffer, end: number): boolean
  /** Sends what can go at once, and says how much that was. */
  writeNow(bytes: Buffer, end: number): number
}
