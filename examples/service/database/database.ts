/**
 * The way to the database, which may be away: not started yet, restarted, out of reach. One coroutine looks after it;
 * while it is away a query fails at once, and nobody is kept waiting.
 */
import { Event, Interrupted, now, sleep, TimeoutError, withTimeout } from '@shrapnel/core'
import { type Pool, PostgresError, pool, sql } from '@shrapnel/postgres'
import { databaseAway, diskFull } from '../failure.js'

export type DatabaseState = 'starting' | 'up' | 'away'

const QUERY_TIMEOUT_MS = 10_000
const HEARTBEAT_MS = 5000
const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 2000

export interface DatabaseEvents {
  /** It is there, perhaps again: brings about what all else takes for granted. */
  readonly onUp: (pool: Pool) => Promise<void>
  /** `problem` says why it is away. */
  readonly onChange: (state: DatabaseState, problem: string) => Promise<void>
}

export class Database implements AsyncDisposable {
  readonly #pool: Pool
  readonly #patientUntil: number
  #state: DatabaseState = 'starting'
  readonly #trouble = new Event<unknown>()

  /**
   * @param connections The most at a time. The embedded database has one session only.
   * @param patienceMs How long it may take to start before it counts as away.
   */
  constructor(url: string, { connections, patienceMs }: { connections: number; patienceMs: number }) {
    this.#pool = pool(url, { maxConnections: connections })
    this.#patientUntil = now() + patienceMs
  }

  get state(): DatabaseState {
    return this.#state
  }

  /** Runs `fn` with the pool. Fails with DATABASE_AWAY and DISK_FULL, and with whatever else is wrong. */
  async use<T>(fn: (pool: Pool) => Promise<T>): Promise<T> {
    if (this.#state !== 'up') throw databaseAway()
    try {
      return await withTimeout(QUERY_TIMEOUT_MS, () => fn(this.#pool))
    } catch (error) {
      if (isAway(error)) {
        this.#trouble.set(error)
        throw databaseAway(error)
      }
      throw isFull(error) ? diskFull(error) : error
    }
  }

  /** Looks after it until it is shut down. */
  async watch({ onUp, onChange }: DatabaseEvents): Promise<never> {
    let pauseMs = FIRST_PAUSE_MS
    for (;;) {
      try {
        this.#trouble.reset()
        await withTimeout(QUERY_TIMEOUT_MS, () => onUp(this.#pool))
        pauseMs = FIRST_PAUSE_MS
        this.#state = 'up'
        await onChange('up', '')
        throw await this.#firstTrouble()
      } catch (error) {
        if (error instanceof Interrupted) throw error
        if (this.#state === 'up' || now() >= this.#patientUntil) this.#state = 'away'
        await onChange(this.#state, messageOf(error))
      }
      await sleep(pauseMs)
      pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)
    }
  }

  /** Waits for a query that fails; while there is none, asks now and then. */
  async #firstTrouble(): Promise<unknown> {
    for (;;) {
      try {
        return await withTimeout(HEARTBEAT_MS, () => this.#trouble.wait())
      } catch (error) {
        if (!(error instanceof TimeoutError)) throw error
      }
      await withTimeout(QUERY_TIMEOUT_MS, () => this.#pool.query(sql`select 1`))
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool.close()
  }
}

/** Class 53 is insufficient resources, 58 trouble of the system that PostgreSQL runs on. */
function isFull(error: unknown): boolean {
  return error instanceof PostgresError && /^(?:53100|58030)$/.test(error.sqlState ?? '')
}

/** No answer, its last words, or what it says while it starts or stops (57P01 to 57P05). */
function isAway(error: unknown): boolean {
  if (error instanceof TimeoutError) return true
  if (!(error instanceof PostgresError)) return false
  const isEnding = /^(?:FATAL|PANIC)$/.test(error.report?.severity ?? '')
  return error.code !== 'PG_SERVER' || isEnding || (error.sqlState ?? '').startsWith('57P')
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
