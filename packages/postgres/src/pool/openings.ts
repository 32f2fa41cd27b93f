/**
 * Opens the connections of a pool, each in a coroutine of the pool: whoever waits for one may give up, and it is there for the next. After a
 * failure there is one attempt at a time, and a pause before each: a server that is down is not stormed.
 */
import { type Coroutine, now, spawn } from '@shrapnel/core'
import { addTimer, removeTimer, type Timed } from '@shrapnel/core/parts'
import { PostgresError } from '../errors.js'
import { BackOff } from './back-off.js'
import type { OpenConnection, PoolConnection } from './pool-connection.js'

/** Whose connections they are. */
export interface OpeningsOwner {
  opened(connection: PoolConnection): void
  /** An attempt has failed. Others may be under way. */
  openFailed(error: PostgresError): void
  /** The pause after a failure is over. */
  mayOpen(): void
}

export class Openings implements Timed {
  at = Infinity
  sequence = 0
  place = -1
  readonly yieldsToData = false
  readonly #owner: OpeningsOwner
  readonly #open: OpenConnection
  readonly #running = new Set<Coroutine<void>>()
  readonly #backOff = new BackOff()
  #pauseEnds = 0
  #isOver = false
  /** Since the last success. */
  lastFailure: PostgresError | undefined

  constructor(owner: OpeningsOwner, open: OpenConnection) {
    this.#owner = owner
    this.#open = open
  }

  /** Under way. */
  get size(): number {
    return this.#running.size
  }

  /** The last attempt has failed. */
  get isFailing(): boolean {
    return this.#backOff.failures > 0
  }

  /** So many more are wanted, or fewer, as the last failure allows. */
  start(wanted: number): void {
    if (wanted <= 0 || this.#isOver) return
    if (!this.isFailing) {
      for (let i = 0; i < wanted; i++) this.#begin()
    } else if (this.size === 0) {
      if (now() >= this.#pauseEnds) this.#begin()
      else this.#wakeAt(this.#pauseEnds)
    }
  }

  #begin(): void {
    const coroutine: Coroutine<void> = spawn({ name: 'postgres pool connects', daemon: true }, () =>
      this.#connect(coroutine),
    )
    this.#running.add(coroutine)
  }

  async #connect(me: Coroutine<void>): Promise<void> {
    let connection: PoolConnection
    try {
      connection = await this.#open()
    } catch (error) {
      if (this.#running.delete(me) && !this.#isOver) this.#failed(error)
      return
    }
    if (!this.#running.delete(me) || this.#isOver) {
      connection.close()
      return
    }
    this.#backOff.succeeded()
    this.lastFailure = undefined
    this.#owner.opened(connection)
  }

  #failed(error: unknown): void {
    this.#pauseEnds = now() + this.#backOff.failed()
    this.lastFailure =
      error instanceof PostgresError
        ? error
        : new PostgresError('PG_CONNECT', error instanceof Error ? error.message : String(error), {
            safeToRetry: true,
            cause: error,
          })
    this.#owner.openFailed(this.lastFailure)
  }

  #wakeAt(at: number): void {
    removeTimer(this)
    this.at = at
    addTimer(this)
  }

  /** Called by the clock. */
  expire(): void {
    if (!this.#isOver) this.#owner.mayOpen()
  }

  /** No more of them: those under way are given up. */
  close(): void {
    this.#isOver = true
    removeTimer(this)
    // One that has not started yet never does, and says nothing.
    for (const coroutine of this.#running) coroutine.shutdown('the pool is closed')
    this.#running.clear()
  }
}
