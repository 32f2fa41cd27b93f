/** A WebSocket, as a program has it. One coroutine may receive, any number may send. */
import type { Awaitable, Stream } from '@shrapnel/core'
import { outOfRange, wrongType } from '@shrapnel/core/parts'
import { isCloseCode, MAX_REASON_BYTES } from '../wire/websocket-close.js'
import { NORMAL_CLOSURE } from '../wire/websocket-frame.js'
import { Endpoint, type EndpointFacts } from './endpoint.js'
import type { Inbox } from './inbox.js'

export interface ConnectionFacts extends EndpointFacts {
  readonly protocol: string
  readonly extensions: string
}

export class WebSocketConnection implements AsyncIterable<string | Buffer> {
  readonly #endpoint: Endpoint
  /** The subprotocol that was agreed on; empty: none. */
  readonly protocol: string
  /** The extensions that were agreed on, as the server named them; empty: none. */
  readonly extensions: string

  /** @internal */
  constructor(stream: Stream, early: Buffer, facts: ConnectionFacts) {
    this.protocol = facts.protocol
    this.extensions = facts.extensions
    this.#endpoint = new Endpoint(stream, facts)
    this.#endpoint.start(early)
  }

  /** @internal */
  static endpointOf(socket: WebSocketConnection): Endpoint {
    return socket.#endpoint
  }

  /** Whether messages can be sent: no side has closed. */
  get isOpen(): boolean {
    return this.#endpoint.ending.isOpen
  }

  /** Bytes that were sent and that the kernel has not taken yet. */
  get queuedBytes(): number {
    return this.#endpoint.outbox.queuedBytes
  }

  /** What the peer closed with (RFC 6455, 7.4), 1005 if it gave no code; undefined until it has. */
  get closeCode(): number | undefined {
    return this.#endpoint.ending.closeCode
  }

  get closeReason(): string | undefined {
    return this.#endpoint.ending.closeReason
  }

  /**
   * Sends a message: text from a string, binary from bytes, which must not be changed before this is done. Messages go out whole and in the
   * order of their sends. Waits while the peer does not read and `highWaterBytes` are queued; a message longer than 64 KiB or that, until all
   * of it is on its way. Cancelled before its first byte it was not sent; cancelled after, the connection is broken. Fails with `WS_CLOSED`,
   * `WS_LOST`, `WS_DEAD`, and what the peer did wrong.
   */
  send(message: string | Uint8Array): Promise<void> {
    return this.#endpoint.sender.send(message)
  }

  /**
   * The next message, text as a string. Waits for it; cancelled, it takes nothing. At the end fails with `WS_CLOSED`, which has the peer's
   * `closeCode` and `reason`; or `WS_LOST`, `WS_DEAD`, `WS_PROTOCOL`, `WS_TEXT`, `WS_LIMIT`. `SIMULTANEOUS` if another coroutine receives.
   */
  receive(): Awaitable<string | Buffer> {
    return this.#endpoint.inbox.receive()
  }

  /** Message after message until one side closes; fails as `receive` otherwise. Leaving the loop closes nothing. */
  [Symbol.asyncIterator](): AsyncIterator<string | Buffer, undefined> {
    return new Messages(this.#endpoint.inbox)
  }

  /** Pings the peer and waits for its pong: the time that took, in milliseconds. Cancelled, the pong is ignored. Fails as `send`. */
  ping(): Promise<number> {
    return this.#endpoint.ping()
  }

  /**
   * Closes: after what is being sent, and waits for the peer to do the same, `closeTimeoutMs` at most. Messages that come meanwhile are
   * dropped. Never fails for what the peer does; again, it only waits. Cancelled, the closing goes on by itself. `code` is 1000 unless
   * given, or one of RFC 6455, 7.4, or 3000 to 4999; `reason` at most 123 bytes.
   */
  async close(code: number = NORMAL_CLOSURE, reason = ''): Promise<void> {
    if (typeof code !== 'number') throw wrongType('code', 'a number', code)
    if (!isCloseCode(code)) throw outOfRange('code', 'a code of RFC 6455, 7.4, or 3000 to 4999', code)
    if (typeof reason !== 'string') throw wrongType('reason', 'a string', reason)
    if (Buffer.byteLength(reason) > MAX_REASON_BYTES)
      throw outOfRange('reason', `at most ${MAX_REASON_BYTES} bytes`, `${Buffer.byteLength(reason)} bytes`)
    await this.#endpoint.ending.close(code, reason)
  }

  /** Waits until the connection has ended, in whichever way. */
  untilClosed(): Promise<void> {
    return this.#endpoint.ending.untilOver()
  }

  /** Cuts the connection off, at once. Again without effect. */
  terminate(): void {
    this.#endpoint.terminate()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

class Messages implements AsyncIterator<string | Buffer, undefined> {
  readonly #inbox: Inbox

  constructor(inbox: Inbox) {
    this.#inbox = inbox
  }

  next(): Promise<IteratorResult<string | Buffer, undefined>> {
    // Not always a promise, which `for await` takes as well and faster.
    return this.#inbox.next() as Promise<IteratorResult<string | Buffer, undefined>>
  }
}
