/** What moves the bytes of a TLS stream: one for sockets, one for any other Stream. TlsStream is the face of both. */
import type { Awaitable } from '@shrapnel/core'
import type { ConnectionSessions } from './connection-sessions.js'
import type { NativeEngine } from './native.js'

/** Gives the engine of a server its context. What it throws fails the handshake. */
export type Choose = (engine: NativeEngine) => Promise<void>

export interface Pump {
  readonly engine: NativeEngine
  readonly isClosed: boolean
  /** For `waitingOn` and errors: `fd 12`. */
  readonly name: string
  /** Of a client, after the handshake: told when the peer has given sessions, and of a failure. */
  sessions: ConnectionSessions | undefined
  /** Takes lines for a key log during the handshake. */
  keyLog: ((lines: string) => void) | undefined
  /** Waits for the peer, and for `choose` on a server that has several contexts. Cancelled or failed, it closes the transport. */
  handshake(choose?: Choose): Promise<void>
  /** As the same of Stream. `recv` past what the stream has pushed back. */
  recv(max: number): Awaitable<Buffer>
  recvInto(target: Uint8Array): Awaitable<number>
  send(data: Uint8Array): Awaitable<void>
  /** Says close_notify. Cancelled, it may be called again. */
  shutdown(): Awaitable<void>
  /** Says close_notify if that can be done without waiting and nobody is in the middle of a send, and closes. */
  close(): void
}
