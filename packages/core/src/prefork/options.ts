/** What `prefork` is asked for, checked before anything is opened or started. */
import { availableParallelism } from 'node:os'
import {
  CoroError,
  checkDuration,
  checkFunction,
  checkInteger,
  checkOptions,
  outOfRange,
  wrongType,
} from '../errors.js'
import type { Socket } from '../net/socket.js'
import type { ListenOptions } from '../net/tcp.js'
import type { UnixListenOptions } from '../net/unix.js'
import { isThenable } from '../runtime/coroutine.js'
import { reportFailure } from '../runtime/notifier.js'
import { current } from '../spawn.js'
import type { PreforkEvent } from './event.js'
import type { Worker } from './worker.js'

export const STRATEGIES = ['shared-accept', 'reuse-port', 'pass-descriptor', 'child-per-connection'] as const

/**
 * How connections come to the workers.
 * - `shared-accept`: all wait on one listening socket; the kernel wakes one (EPOLLEXCLUSIVE on Linux), an idle one.
 * - `reuse-port`: each has a listening socket of its own; the kernel shares connections out by their addresses. TCP only, and on
 *   Linux: elsewhere SO_REUSEPORT does not share out.
 * - `pass-descriptor`: the supervisor accepts and sends each connection to the worker with the fewest open.
 * - `child-per-connection`: a process for each connection, which ends with it.
 */
export type Strategy = (typeof STRATEGIES)[number]

/** `{ port, host, … }` as for `tcp.listen`, or `{ path, … }` as for `unix.listen`. */
export type PreforkListenOptions = ListenOptions | UnixListenOptions

export interface PreforkOptions {
  /** Where to listen. */
  readonly listen: PreforkListenOptions
  /** Called in a worker, in a coroutine of its own, for every connection, which is closed when it has ended. */
  readonly serve: (connection: Socket, worker: Worker) => unknown
  /** Called once in each worker before it takes connections. It may wait; a worker in which it fails ends. */
  readonly prepare?: (worker: Worker) => unknown
  /** How many workers; for `child-per-connection`, how many at most at a time (64 unless given). As many as there are processors unless given. */
  readonly workers?: number
  /** `shared-accept` unless given. */
  readonly strategy?: Strategy
  /** How long, in milliseconds, open connections may go on after a reload or a stop. 10,000 unless given. */
  readonly drainMs?: number
  /** How long, in milliseconds, a worker may take from its start until it takes connections. 30,000 unless given. */
  readonly readyTimeoutMs?: number
  /** A worker that lived at least so long, in milliseconds, is restarted at once; one that did not, after a pause that doubles. 10,000 unless given. */
  readonly stableMs?: number
  /** The first and the longest such pause, in milliseconds. 100 and 30,000 unless given. */
  readonly firstPauseMs?: number
  readonly longestPauseMs?: number
  /** SIGHUP reloads, SIGTERM and SIGINT drain and end the program. True unless given. */
  readonly handleSignals?: boolean
  /** Told of what happens to the workers; where it fails, the exception notifier is told, and nothing else happens. A line on stderr for what went wrong unless given. */
  readonly onEvent?: (event: PreforkEvent) => unknown
}

export type Settings = Required<Omit<PreforkOptions, 'prepare' | 'onEvent'>> &
  Pick<PreforkOptions, 'prepare'> & { readonly onEvent: (event: PreforkEvent) => void }

const MOST_WORKERS = 1024
const DEFAULT_CHILDREN = 64

export function checkPreforkOptions(options: PreforkOptions): Settings {
  checkOptions(options)
  const {
    strategy = 'shared-accept',
    listen,
    serve,
    prepare,
    onEvent = report,
    handleSignals = true,
  } = options
  if (!STRATEGIES.includes(strategy))
    throw outOfRange('strategy', `one of ${STRATEGIES.join(', ')}`, strategy)
  if (typeof listen !== 'object' || listen === null) throw wrongType('listen', 'an object', listen)
  checkFunction('serve', serve)
  checkFunction('onEvent', onEvent)
  if (prepare !== undefined) checkFunction('prepare', prepare)
  if (strategy === 'reuse-port' && 'path' in listen) {
    throw new CoroError(
      'PREFORK_STRATEGY',
      'reuse-port needs a TCP port: only one UNIX socket can have a path',
    )
  }
  const usual = strategy === 'child-per-connection' ? DEFAULT_CHILDREN : availableParallelism()
  return {
    listen,
    serve,
    ...(prepare !== undefined && { prepare }),
    onEvent: guarded(onEvent),
    strategy,
    handleSignals,
    workers: checkInteger('workers', options.workers ?? usual, 1, MOST_WORKERS),
    drainMs: checkDuration('drainMs', options.drainMs ?? 10_000),
    readyTimeoutMs: checkDuration('readyTimeoutMs', options.readyTimeoutMs ?? 30_000),
    stableMs: checkDuration('stableMs', options.stableMs ?? 10_000),
    firstPauseMs: checkDuration('firstPauseMs', options.firstPauseMs ?? 100),
    longestPauseMs: checkDuration('longestPauseMs', options.longestPauseMs ?? 30_000),
  }
}

/** Whoever is told must not fail those who tell. */
function guarded(onEvent: (event: PreforkEvent) => unknown): (event: PreforkEvent) => void {
  const failed = (error: unknown): void => reportFailure(error, current(), 'failed in onEvent')
  return (event) => {
    try {
      const result = onEvent(event)
      if (isThenable(result)) result.then(undefined, failed)
    } catch (error) {
      failed(error)
    }
  }
}

function report(event: PreforkEvent): void {
  if (event.isProblem) process.stderr.write(`${new Date().toISOString()} prefork: ${event.message}\n`)
}
