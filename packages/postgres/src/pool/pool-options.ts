/** What a pool is told, and the defaults. How its connections are opened, and what their queries may do, is told with the URL. */

import type { Awaitable } from '@shrapnel/core'
import {
  checkDuration,
  checkFunction,
  checkInteger,
  checkOptionNames,
  outOfRange,
} from '@shrapnel/core/parts'
import type { Lease } from './lease.js'

/**
 * What becomes of a connection that somebody had for himself. A transaction that was left open is rolled back in any case.
 * - `rollback`: nothing more. What was SET, LISTENed to or locked for the session stays.
 * - `session`: the session is made as new, but for prepared statements. One round trip more for each lease.
 * - `close`: it is closed.
 */
export type PoolReset = 'rollback' | 'session' | 'close'

export interface PoolOptions {
  /** Connections at most, those that open, are held or drain among them. The one that listens is not. 10. */
  readonly maxConnections?: number | undefined
  /** Connections that are kept open, from the beginning. 0. */
  readonly minConnections?: number | undefined
  /** Plain queries that may share a connection, once there are as many connections as may be. 1: each has its own. 100. */
  readonly pipelining?: number | undefined
  /** Milliseconds to wait for a connection; then PG_TIMEOUT. 30,000. */
  readonly queueTimeoutMs?: number | undefined
  /** How many may wait for a connection; one more fails with PG_LIMIT. No limit. */
  readonly maxQueued?: number | undefined
  /** Milliseconds without work after which a connection is closed, if there are more than `minConnections`. 60,000. */
  readonly idleTimeoutMs?: number | undefined
  /** Milliseconds after which a connection is closed as soon as it has no work. 1,800,000. */
  readonly lifetimeMs?: number | undefined
  /** The part of `lifetimeMs` by which a connection may live shorter, so that they do not end together. 0.1. */
  readonly lifetimeJitter?: number | undefined
  /** Milliseconds without a word after which the connection that listens asks the server for an answer, and how long that may take. 30,000. */
  readonly keepAliveMs?: number | undefined
  /** `rollback`. */
  readonly reset?: PoolReset | undefined
  /** Called with each new connection before it is used, and waited for. If it fails, the connection is closed. */
  readonly onConnect?: ((connection: Lease) => Awaitable<unknown>) | undefined
}

export interface PoolSettings {
  readonly maxConnections: number
  readonly minConnections: number
  readonly pipelining: number
  readonly queueTimeoutMs: number
  readonly maxQueued: number
  readonly idleTimeoutMs: number
  readonly lifetimeMs: number
  readonly lifetimeJitter: number
  readonly keepAliveMs: number
  readonly reset: PoolReset
  readonly onConnect: ((connection: Lease) => Awaitable<unknown>) | undefined
}

/** The names of the options above. */
export const POOL_OPTION_NAMES: ReadonlySet<string> = new Set<keyof PoolOptions>([
  'maxConnections',
  'minConnections',
  'pipelining',
  'queueTimeoutMs',
  'maxQueued',
  'idleTimeoutMs',
  'lifetimeMs',
  'lifetimeJitter',
  'keepAliveMs',
  'reset',
  'onConnect',
])
const MOST_CONNECTIONS = 10_000
const MOST_PIPELINED = 65_536
const MOST = Number.MAX_SAFE_INTEGER

export function checkPoolOptions(options: PoolOptions): PoolSettings {
  checkOptionNames(options, POOL_OPTION_NAMES)
  const { lifetimeJitter = 0.1, reset = 'rollback', onConnect, maxQueued = Infinity } = options
  const maxConnections = checkInteger('maxConnections', options.maxConnections ?? 10, 1, MOST_CONNECTIONS)
  if (reset !== 'rollback' && reset !== 'session' && reset !== 'close')
    throw outOfRange('reset', 'rollback, session or close', reset)
  if (typeof lifetimeJitter !== 'number' || !(lifetimeJitter >= 0 && lifetimeJitter <= 1))
    throw outOfRange('lifetimeJitter', 'a part, from 0 to 1', lifetimeJitter)
  if (onConnect !== undefined) checkFunction('onConnect', onConnect)
  return {
    maxConnections,
    minConnections: checkInteger('minConnections', options.minConnections ?? 0, 0, maxConnections),
    pipelining: checkInteger('pipelining', options.pipelining ?? 100, 1, MOST_PIPELINED),
    queueTimeoutMs: checkDuration('queueTimeoutMs', options.queueTimeoutMs ?? 30_000),
    maxQueued: maxQueued === Infinity ? maxQueued : checkInteger('maxQueued', maxQueued, 0, MOST),
    idleTimeoutMs: checkDuration('idleTimeoutMs', options.idleTimeoutMs ?? 60_000),
    lifetimeMs: checkDuration('lifetimeMs', options.lifetimeMs ?? 1_800_000),
    lifetimeJitter,
    keepAliveMs: checkDuration('keepAliveMs', options.keepAliveMs ?? 30_000),
    reset,
    onConnect,
  }
}
