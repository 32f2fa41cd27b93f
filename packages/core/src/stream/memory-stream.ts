/**
 * Two Streams that are connected to each other in memory: for tests of protocols, and wherever two coroutines talk as if over a
 * connection. They keep the whole contract of Stream, back-pressure, half-close, cancellation and breakage included, and differ
 * from sockets in one thing: what is sent at once arrives at once, and is not joined to what is sent next.
 */

import type { Awaitable } from '../awaitable.js'
import { ClosedError, checkInteger } from '../errors.js'
import { currentScope } from '../runtime/current.js'
import { afterTurn, spend } from '../runtime/fairness.js'
import { MemoryPipe } from './memory-pipe.js'
import { recvInto } from './recv-into.js'
import type { Stream } from './stream.js'
import { joinedBytes, toBytes } from './to-bytes.js'

const DEFAULT_LIMIT_BYTES = 65_536
const DEFAULT_RECV_BYTES = 65_536

let pairs = 0

export interface MemoryStreamOptions {
  /** How much may be on its way in each direction before `send` waits. 65,536 unless given. */
  readonly limitBytes?: number | undefined
}

/** A Stream that can also be broken off: the peer gets `ECONNRESET` where `close` would give it an end. */
export interface MemoryStream extends Stream {
  reset(): void
}

/** Two Streams: what is sent into one is received from the other. */
export function memoryStreamPair(options: MemoryStreamOptions = {}): [MemoryStream, MemoryStream] {
  const limitBytes = checkInteger(
    'limitBytes',
    options.limitBytes ?? DEFAULT_LIMIT_BYTES,
    1,
    Number.MAX_SAFE_INTEGER,
  )
  const number = ++pairs
  const left = `memory stream ${number} left`
  const right = `memory stream ${number} right`
  const toRight = new MemoryPipe(limitBytes, right, left, () => ends[0].break())
  const toLeft = new MemoryPipe(limitBytes, left, right, () => ends[1].break())
  const ends = [new MemoryEnd(left, toLeft, toRight), new MemoryEnd(right, toRight, toLeft)] as const
  return [...ends]
}

class MemoryEnd implements MemoryStream {
  readonly #name: string
  readonly #incoming: MemoryPipe
  readonly #outgoing: MemoryPipe
  #closed: ClosedError | null = null

  constructor(name: string, incoming: MemoryPipe, outgoing: MemoryPipe) {
    this.#name = name
    this.#incoming = incoming
    this.#outgoing = outgoing
  }

  get isClosed(): boolean {
    return this.#closed !== null
  }

  recv(max = DEFAULT_RECV_BYTES): Awaitable<Buffer> {
    checkInteger('max', max, 1, Number.MAX_SAFE_INTEGER)
    const scope = currentScope()
    const refused = scope.refuse()
    if (refused !== null) return refused
    this.#checkOpen()
    if (this.#incoming.isReadable && !spend(scope)) return afterTurn(() => this.recv(max))
    return this.#incoming.recv(scope, max)
  }

  recvInto(target: Uint8Array): Awaitable<number> {
    return recvInto(this, target)
  }

  send(data: Uint8Array | string): Promise<void> {
    const bytes = toBytes('data', data)
    const scope = currentScope()
    const refused = scope.refuse()
    if (refused !== null) return refused
    this.#checkOpen()
    if (!spend(scope)) return afterTurn(() => this.send(bytes))
    return this.#outgoing.send(scope, bytes)
  }

  sendv(parts: readonly (Uint8Array | string)[]): Promise<void> {
    return this.send(joinedBytes(parts))
  }

  shutdown(): void {
    this.#checkOpen()
    this.#outgoing.end(currentScope())
  }

  close(): void {
    this.#close(new ClosedError(`${this.#name} is closed`))
  }

  reset(): void {
    this.#close(new ClosedError(`${this.#name} is closed`), true)
  }

  /** @internal */
  break(): void {
    this.#close(
      new ClosedError(`${this.#name} is closed, because a send was cancelled half-way`, 'BROKEN'),
      true,
    )
  }

  #close(closed: ClosedError, isReset?: true): void {
    if (this.#closed !== null) return
    this.#closed = closed
    this.#outgoing.closeBySender(closed, isReset)
    this.#incoming.closeByReceiver(closed)
  }

  #checkOpen(): void {
    // A new one for each: its stack says who came too late.
    const closed = this.#closed
    if (closed !== null) throw new ClosedError(closed.message, closed.code as 'CLOSED' | 'BROKEN')
  }
}
