/**
 * One request and its response: a wait, from the call to the head of the response, whoever it is handed to meanwhile (the queue of its origin,
 * a connection, another one if it is sent again). So there is one promise for all of it.
 */
import { now } from '@shrapnel/core'
import { addTimer, removeTimer, type Scope, type Timed, Wait } from '@shrapnel/core/parts'
import type { HttpErrorFacts, RequestPhase } from '../errors.js'
import type { Call } from './call.js'
import type { ClientConnection } from './connection.js'
import type { Queue } from './exchange-queue.js'
import { cut, timedOut } from './failures.js'
import type { ClientResponse } from './response.js'
import type { Target } from './target.js'

/** How much of a request the kernel has taken. */
export const SENT_NOTHING = 0
export const SENT_PART = 1
export const SENT_ALL = 2

export class Exchange extends Wait<ClientResponse> {
  readonly call: Call
  readonly target: Target
  /** The head of the request, as it goes out. */
  readonly head: string
  /** Redirects that led here. */
  readonly redirects: number
  sent = SENT_NOTHING
  /** It was sent again. */
  isReplay = false
  /** Somebody sends its body, and closes that. */
  isUploading = false
  /** Its queue, while it waits for a connection. */
  queue: Queue | null = null
  next: Exchange | null = null
  previous: Exchange | null = null
  /** The connection it is on. */
  connection: ClientConnection | null = null
  readonly #total: TotalLimit | null
  readonly #onAbort: (() => void) | null

  constructor(scope: Scope, call: Call, target: Target, head: string, redirects: number, dueAt: number) {
    super(scope)
    this.call = call
    this.target = target
    this.head = head
    this.redirects = redirects
    this.#total = dueAt === Number.POSITIVE_INFINITY ? null : new TotalLimit(this, dueAt)
    const { signal } = call
    this.#onAbort = signal === undefined ? null : () => this.abort(signal.reason)
    if (this.#onAbort !== null) signal?.addEventListener('abort', this.#onAbort)
  }

  get dueAt(): number {
    return this.#total?.dueAt ?? Number.POSITIVE_INFINITY
  }

  /** Sending it once more does nothing twice. A part is enough for a server that begins before it has it all. */
  get isSafeToRetry(): boolean {
    return this.sent === SENT_NOTHING || this.call.isIdempotent
  }

  get mayBeReplayed(): boolean {
    return !this.isReplay && this.isSafeToRetry && this.call.body.isRepeatable && this.isPending
  }

  facts(phase: RequestPhase, cause?: unknown): HttpErrorFacts {
    return { phase, url: this.target.url, safeToRetry: this.isSafeToRetry, cause }
  }

  protected override get isExternal(): boolean {
    return true
  }

  /** Cancelled. */
  protected unlink(): void {
    this.leave()
  }

  /** Ends it from outside, by a limit or a signal. */
  abort(error: unknown): void {
    const { connection } = this
    this.fail(error)
    this.queue?.withdraw(this)
    connection?.abandon(this, error)
    this.end()
  }

  /** Leaves the queue, or has its connection closed: HTTP/1 knows no other way to call a request back. */
  leave(): void {
    this.queue?.withdraw(this)
    this.connection?.abandon(this, cut('the request was cancelled', this.facts('head')))
    this.end()
  }

  /** The response is complete, or never will be. */
  end(): void {
    this.connection = null
    if (!this.isUploading) this.call.body.close()
    this.#total?.end()
    if (this.#onAbort !== null) this.call.signal?.removeEventListener('abort', this.#onAbort)
  }

  describe(): string {
    const { call, target, queue } = this
    const what = `${call.method} ${target.origin}${target.path.replace(/\?.*/s, '')}`
    return queue === null ? `http ${what}` : `http ${what}, for a connection`
  }
}

/** `timeoutMs`: for everything, the body too. */
class TotalLimit implements Timed {
  at: number
  sequence = 0
  place = -1
  readonly yieldsToData = true
  readonly dueAt: number
  readonly #exchange: Exchange

  constructor(exchange: Exchange, dueAt: number) {
    this.#exchange = exchange
    this.at = this.dueAt = Math.max(dueAt, now())
    addTimer(this)
  }

  expire(): void {
    const exchange = this.#exchange
    const phase: RequestPhase = exchange.queue !== null ? 'queue' : exchange.isPending ? 'head' : 'body'
    exchange.abort(timedOut('timeoutMs', exchange.facts(phase)))
  }

  end(): void {
    removeTimer(this)
  }
}
