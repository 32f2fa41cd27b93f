/**
 * Cancelling what the server runs. A CancelRequest names a backend and no query: it hits whatever that backend runs when the signal arrives.
 * So one is sent only when what nobody waits for any more is what the server runs, as far as its answers say; and until the server has
 * closed the connection on which it was asked, nothing new is sent, because by then the signal has arrived: PostgreSQL forgets a signal that
 * finds it idle, before it reads the next command.
 *
 * For the same reason one can come too early: the last answer is here, and the server has not yet read the next command, though it lies in its
 * socket. So it is asked again while nothing is answered.
 *
 * What lay in the server's socket already, behind the cancelled one, can still be hit. Those are marked (`isExposed`), and look after themselves.
 */
import { now, spawn, withTimeout } from '@shrapnel/core'
import { addTimer, removeTimer, type Timed } from '@shrapnel/core/parts'
import { PostgresError } from '../errors.js'
import type { Pipeline, PipelineOwner } from './pipeline.js'

/** How long the first request has to take effect before there is another, then twice as long. */
const FIRST_RETRY_MS = 50

export class Cancellation implements Timed {
  at = Infinity
  sequence = 0
  place = -1
  /** An answer that is there beats the deadline. */
  readonly yieldsToData = true
  readonly #pipeline: Pipeline
  readonly #owner: PipelineOwner
  /** Exchanges under way that nobody waits for. */
  #abandoned = 0
  /** The server was asked to cancel the first one in flight, which has not been answered. */
  #isCancelling = false
  /** The connection for the request is open. */
  #isAsking = false
  #deadline = Infinity
  #retryMs = FIRST_RETRY_MS
  /** Nobody knows whether a signal is still to come: the connection cannot be used again. */
  #isUnsure = false

  constructor(pipeline: Pipeline, owner: PipelineOwner) {
    this.#pipeline = pipeline
    this.#owner = owner
  }

  get isDraining(): boolean {
    return this.#abandoned > 0 || this.#isAsking || this.#isUnsure
  }

  /** One more that is under way. */
  abandoned(): void {
    this.#abandoned++
    this.look()
  }

  /** One of them was answered. */
  answered(): void {
    this.#abandoned--
    this.#isCancelling = false
    this.#deadline = Infinity
    removeTimer(this)
  }

  /** All that had come is dealt with: if the server still runs what nobody waits for, it is asked to stop. */
  look(): void {
    if (this.#pipeline.inFlight.first?.isAbandoned) {
      if (this.#deadline === Infinity) {
        this.#deadline = now() + this.#owner.drainTimeoutMs
        this.#retryMs = FIRST_RETRY_MS
        this.#setTime(this.#deadline)
      }
      if (!this.#isCancelling && !this.#isAsking && !this.#isUnsure) this.#ask()
    }
    this.#settle()
  }

  #ask(): void {
    this.#isCancelling = this.#isAsking = true
    this.#pipeline.exposeInFlight()
    // Not a daemon: a program that ends now would leave the query running.
    spawn({ name: `cancel on ${this.#owner.target}` }, () => this.#request())
  }

  async #request(): Promise<void> {
    try {
      // Again: it may have been answered since, and then there is nothing to hit but others.
      if (this.#isCancelling) await withTimeout(this.#owner.drainTimeoutMs, () => this.#owner.requestCancel())
    } catch {
      // Whether the server has taken it is not known. What is in flight may end by itself; then the connection is given up.
      this.#isUnsure = true
    }
    this.#isAsking = false
    if (this.#pipeline.isOver) return
    if (this.#isCancelling && !this.#isUnsure) {
      this.#setTime(Math.min(this.#deadline, now() + this.#retryMs))
      this.#retryMs *= 2
    }
    this.look()
  }

  #setTime(at: number): void {
    removeTimer(this)
    this.at = at
    addTimer(this)
  }

  #settle(): void {
    if (this.#abandoned > 0 || this.#isAsking) return
    if (!this.#isUnsure) this.#pipeline.drained()
    else if (this.#pipeline.inFlight.first === null)
      this.#pipeline.lose(
        new PostgresError(
          'PG_BROKEN',
          `${this.#owner.target}: a query could not be cancelled in an orderly way`,
        ),
      )
  }

  /** The server has not ended the query: it is asked once more, or there was enough time for it. */
  expire(): void {
    // It is told a turn after its time: the answer may have come meanwhile, and another query been cancelled.
    if (this.#pipeline.isOver || this.#deadline === Infinity || this.at > now()) return
    if (now() < this.#deadline) {
      this.#setTime(this.#deadline)
      if (!this.#isAsking) this.#ask()
      return
    }
    const { drainTimeoutMs, target } = this.#owner
    this.#pipeline.lose(
      new PostgresError('PG_TIMEOUT', `${target} did not end a cancelled query within ${drainTimeoutMs} ms`, {
        limit: 'drainTimeoutMs',
      }),
    )
  }

  close(): void {
    removeTimer(this)
  }
}
