/** How a connection meets its stream: a socket is read in place, when the kernel says so; any other Stream by its own methods. */
import { Socket, type Stream } from '@shrapnel/core'
import { SocketLink } from './socket-link.js'
import { StreamLink } from './stream-link.js'

/** Who gets what a link receives, and hears how a send that had to wait ended. */
export interface Receiver {
  /** It is over: the link stops. */
  readonly isOver: boolean
  /** What has come is not wanted yet: the link reads nothing until `resume`. */
  readonly isPaused: boolean
  /** The bytes are good until it returns. */
  received(bytes: Buffer): void
  /** The server sends no more. */
  ended(): void
  sent(): void
  sendFailed(error: unknown): void
}

export interface Link {
  /** Receives until the receiver is over or the server has ended it. Rejects with what receiving failed with. */
  run(): Promise<void>
  /** Looks whether something has come that the loop has not seen yet. False if only a turn of the loop can tell. */
  look(): boolean
  /** The receiver is not paused any more. May receive at once. */
  resume(): void
  /** Sends. False: not all of it could go at once, and `sent` or `sendFailed` follows; the bytes may be changed all the same. Throws what sending fails with. */
  send(bytes: Buffer): boolean
  close(): void
}

export function linkOf(stream: Stream, receiver: Receiver): Link {
  return stream instanceof Socket ? new SocketLink(stream, receiver) : new StreamLink(stream, receiver)
}
