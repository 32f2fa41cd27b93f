/**
 * What supervisor and worker say to each other: a JSON object a line, over a UNIX socket. Each trusts the other as itself (it is the
 * same program), but not that it is well: a line has a limit, and what is no message fails with `PREFORK_PROTOCOL`.
 */
import { CoroError } from '../errors.js'
import type { Socket } from '../net/socket.js'
import { BufferedReader } from '../stream/buffered-reader.js'
import { BufferedWriter } from '../stream/buffered-writer.js'

export type FromWorker =
  /** It takes connections. */
  | { readonly type: 'ready' }
  /** It takes no more of them. */
  | { readonly type: 'draining' }
  /** So many taken since the start, and so many open now. */
  | { readonly type: 'count'; readonly accepted: number; readonly open: number }

export type FromSupervisor =
  /** Answer with a `count`. */
  | { readonly type: 'report' }
  /** Take no more, and end when the open ones have, after `drainMs` at the latest. `takeQueued`: nobody else takes what is in the kernel's queue. */
  | { readonly type: 'drain'; readonly drainMs: Milliseconds; readonly takeQueued: boolean }

/** JSON knows no Infinity. */
export type Milliseconds = number | null

const MOST_LINE_BYTES = 4096

export class ControlChannel<Incoming extends { type: string }, Outgoing extends { type: string }> {
  readonly #socket: Socket
  readonly #reader: BufferedReader
  readonly #writer: BufferedWriter

  constructor(socket: Socket) {
    this.#socket = socket
    this.#reader = new BufferedReader(socket)
    this.#writer = new BufferedWriter(socket)
  }

  /** Waits until the kernel has it. Never fails: of a peer that is gone `messages` tells. */
  async send(message: Outgoing): Promise<void> {
    await this.#put(message, true)
  }

  /** It goes as soon as the peer takes it. Waits only where that has long not happened. Fails as little as `send`. */
  async post(message: Outgoing): Promise<void> {
    await this.#put(message, false)
  }

  async #put(message: Outgoing, flush: boolean): Promise<void> {
    if (this.#socket.isClosed) return
    try {
      await this.#writer.write(`${JSON.stringify(message)}\n`)
      if (flush) await this.#writer.flush()
    } catch (error) {
      if (!isGone(error)) throw error
    }
  }

  /** Every message, until the peer closes or dies. */
  async *messages(): AsyncGenerator<Incoming, void> {
    try {
      for await (const line of this.#reader.lines({ maxLineBytes: MOST_LINE_BYTES }))
        yield parse<Incoming>(line)
    } catch (error) {
      if (!isGone(error)) throw error
    }
  }

  close(): void {
    this.#socket.close()
  }
}

function isGone(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code
  return code === 'EPIPE' || code === 'ECONNRESET' || code === 'CLOSED'
}

function parse<Incoming>(line: string): Incoming {
  let message: unknown
  try {
    message = JSON.parse(line)
  } catch {
    message = undefined
  }
  if (typeof message !== 'object' || message === null || !('type' in message)) {
    throw noMessage(line)
  }
  return message as Incoming
}

export function noMessage(what: unknown): CoroError {
  return new CoroError(
    'PREFORK_PROTOCOL',
    `not a message between supervisor and worker: ${JSON.stringify(what)}`,
  )
}
