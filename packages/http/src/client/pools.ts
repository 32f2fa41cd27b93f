/** The pools of a client, one for each origin, and how many idle connections they keep together. */
import { OriginPool, type PoolOwner, type PoolStats } from './pool.js'
import type { ProxyChooser } from './proxy.js'
import { routeTo } from './route.js'
import type { PoolSettings } from './settings.js'
import type { Target } from './target.js'

/** Pools without a connection are forgotten when there are so many. */
const MOST_POOLS = 1_000

export class Pools implements PoolOwner {
  readonly settings: PoolSettings
  readonly #pools = new Map<string, OriginPool>()
  readonly #chooseProxy: ProxyChooser
  #idle = 0

  constructor(settings: PoolSettings, chooseProxy: ProxyChooser) {
    this.settings = settings
    this.#chooseProxy = chooseProxy
  }

  find(target: Target, socketPath: string | undefined): OriginPool {
    const kept = target.pool
    if (kept !== null && !kept.isRetired && kept.route.socketPath === socketPath) return kept
    const key = socketPath === undefined ? target.origin : `${target.origin} ${socketPath}`
    let pool = this.#pools.get(key)
    if (pool === undefined) {
      if (this.#pools.size >= MOST_POOLS) this.#forgetEmpty()
      pool = new OriginPool(routeTo(target, socketPath, this.#chooseProxy(target)), this)
      this.#pools.set(key, pool)
    }
    if (target.pool !== null) target.getHead = null
    target.pool = pool
    return pool
  }

  #forgetEmpty(): void {
    for (const [key, pool] of this.#pools) {
      if (!pool.isEmpty) continue
      pool.isRetired = true
      this.#pools.delete(key)
    }
  }

  idleChanged(pool: OriginPool, by: number): void {
    this.#idle += by
    if (this.#idle <= this.settings.maxIdleConnections) return
    // The pool that has most can spare one best.
    let largest = pool
    for (const other of this.#pools.values()) if (other.idleCount > largest.idleCount) largest = other
    largest.closeOldestIdle()
  }

  get stats(): PoolStats[] {
    return [...this.#pools.values()].map((pool) => pool.stats)
  }

  closeIdle(): void {
    for (const pool of this.#pools.values()) pool.closeIdle()
  }

  close(): void {
    for (const pool of this.#pools.values()) pool.close()
  }
}
