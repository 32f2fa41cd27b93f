/** A pool of scripted connections, on a clock that stands still. */
import { yieldSlice } from '@shrapnel/core'
import { useClock } from '@shrapnel/core/testing'
import { VirtualClock } from '@shrapnel/test-support'
import { afterEach, beforeEach } from 'vitest'
import { Pool } from '../../src/pool/pool.js'
import type { PoolOptions } from '../../src/pool/pool-options.js'
import { FakeServer } from './fake-connection.js'

export interface FakePool {
  readonly clock: VirtualClock
  readonly server: FakeServer
  /** A pool, closed after the test. */
  pool(options?: PoolOptions): Pool
}

/** For all tests of a file. */
export function fakePools(): FakePool {
  let clock = new VirtualClock(1000)
  let server = new FakeServer()
  let restore = (): void => {}
  const pools: Pool[] = []
  beforeEach(() => {
    clock = new VirtualClock(1000)
    server = new FakeServer()
    restore = useClock(clock)
  })
  afterEach(async () => {
    for (const pool of pools.splice(0)) {
      const closed = pool.close({ timeoutMs: 0 })
      await clock.advance(1)
      await closed
    }
    restore()
  })
  return {
    get clock() {
      return clock
    },
    get server() {
      return server
    },
    pool(options) {
      const made = new Pool(server.open, options)
      pools.push(made)
      return made
    },
  }
}

/** Lets everything go on that can. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 8; turn++) await yieldSlice()
}
