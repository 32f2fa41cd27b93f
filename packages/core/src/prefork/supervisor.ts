/** The process that starts the workers, keeps them running, and ends them. */
import { checkDuration, checkOptions, Interrupted } from '../errors.js'
import { setExit } from '../exit.js'
import type { SocketAddress } from '../net/address.js'
import type { Coroutine } from '../runtime/coroutine.js'
import { inParallel } from '../scope/in-parallel.js'
import { shield } from '../scope/with-timeout.js'
import type { SignalHandler } from '../signals/signal-handler.js'
import { signals } from '../signals/signals.js'
import { spawn } from '../spawn.js'
import { Event } from '../sync/event.js'
import { Mutex } from '../sync/mutex.js'
import type { PreforkEvent } from './event.js'
import type { Settings, Strategy } from './options.js'
import type { Staff } from './staff.js'
import type { WorkerProcess, WorkerState } from './worker-process.js'

export interface WorkerReport {
  /** Its number, from 0. */
  readonly index: number
  readonly pid: number
  readonly state: WorkerState
  readonly livedMs: number
  /** Connections it took since its start, and those it has open. */
  readonly accepted: number
  readonly open: number
}

export interface PreforkReport {
  readonly strategy: Strategy
  /** Connections that all workers took, those that have ended too; of one that was killed, as it last said. */
  readonly accepted: number
  readonly open: number
  /** Workers that were started because another one ended by itself. */
  readonly restarts: number
  readonly workers: readonly WorkerReport[]
}

/** Exit statuses: SIGTERM asked for the end and got it; SIGINT is 128 and its number, so that a script that runs us ends too. */
const STATUS = { SIGTERM: 0, SIGINT: 130 } as const

export class Supervisor implements AsyncDisposable {
  readonly #settings: Settings
  readonly #staff: Staff
  readonly #stopped = new Event()
  readonly #reloading = new Mutex()
  readonly #handlers: SignalHandler[] = []
  readonly #runner: Coroutine<void>
  #isStopping = false
  #isEnding = false
  #failure: { readonly error: unknown } | null = null

  /** @internal */
  constructor(settings: Settings, staff: Staff) {
    this.#settings = settings
    this.#staff = staff
    this.#runner = spawn({ name: 'prefork supervisor' }, () => this.#run())
    if (settings.handleSignals) this.#handleSignals()
  }

  /** Where the workers listen; undefined for a UNIX socket. */
  get address(): SocketAddress | undefined {
    return this.#staff.address
  }

  /** The port, also the one that the kernel chose; 0 for a UNIX socket. */
  get port(): number {
    return this.address?.port ?? 0
  }

  /** Whoever ends it, by ending the program, ends the workers too; so does a fault. */
  async #run(): Promise<void> {
    try {
      await this.#staff.run()
    } catch (error) {
      if (!(error instanceof Interrupted)) this.#failure = { error }
      throw error
    } finally {
      if (!this.#isStopping) await this.stop()
    }
  }

  /** Waits until every worker takes connections. */
  ready(): Promise<void> {
    return this.#staff.ready()
  }

  /** What each worker has done, asked now; one that does not answer within a second is told of as it last was. */
  async report(): Promise<PreforkReport> {
    await inParallel([...this.#staff.workers].map((worker) => () => worker.refresh()))
    // As they are now: one that has ended meanwhile is in `acceptedBefore`.
    const reports = [...this.#staff.workers].map(describe)
    const sum = (key: 'accepted' | 'open'): number =>
      reports.reduce((total, report) => total + report[key], 0)
    return {
      strategy: this.#settings.strategy,
      accepted: this.#staff.acceptedBefore + sum('accepted'),
      open: sum('open'),
      restarts: this.#staff.restarts,
      workers: reports,
    }
  }

  /**
   * Replaces the workers, one after the other, by ones that run the program as it is now. The old one takes no more once the new one
   * does, and has `drainMs` for its open connections; no connection is refused or dropped. Waits until the last new one takes
   * connections. Fails with `PREFORK_RELOAD`, and keeps the old worker, if a new one ends or does not come up in time.
   */
  async reload(): Promise<void> {
    using _held = await this.#reloading.lock()
    if (this.#isStopping) return
    this.#tell('reloading', 'the workers are being replaced')
    await this.#staff.reload()
    this.#tell('reloaded', 'the workers were replaced')
  }

  /** Lets the port go, has the workers drain, and waits for their end: `drainMs`, as configured unless given, and a grace. Again: without effect. */
  async stop(options: { readonly drainMs?: number } = {}): Promise<void> {
    checkOptions(options)
    const drainMs = checkDuration('drainMs', options.drainMs ?? this.#settings.drainMs)
    if (this.#isStopping) {
      await this.#stopped.wait()
      return
    }
    this.#isStopping = true
    for (const handler of this.#handlers) if (handler.signal === 'SIGHUP') handler.remove()
    this.#runner.shutdown('the supervisor stops')
    await shield(Number.POSITIVE_INFINITY, async () => {
      try {
        await this.#staff.close()
        await this.#each((worker) => worker.retire(drainMs, true))
        this.#tell('draining', 'no more connections are taken')
        await this.#each((worker) => worker.drain(drainMs, true))
      } finally {
        for (const handler of this.#handlers) handler.remove()
        this.#tell('stopped', 'all workers have ended')
        this.#stopped.set()
      }
    })
  }

  async #each(fn: (worker: WorkerProcess) => Promise<void>): Promise<void> {
    const living = [...this.#staff.workers].filter(({ state }) => state !== 'ended')
    await inParallel(living.map((worker) => () => fn(worker)))
  }

  /** Waits until it was stopped. Fails if that was because of a fault. */
  async join(): Promise<void> {
    await this.#stopped.wait()
    if (this.#failure !== null) throw this.#failure.error
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  #handleSignals(): void {
    this.#handlers.push(signals.handle('SIGHUP', () => this.#reloadOnce()))
    for (const name of ['SIGTERM', 'SIGINT'] as const) {
      this.#handlers.push(signals.handle(name, () => this.#end(STATUS[name])))
    }
  }

  /** Returns at once: a handler that waits hears of no second signal. */
  #end(status: number): void {
    if (this.#isEnding) {
      // Asked twice: whoever asks does not want to wait.
      for (const worker of this.#staff.workers) worker.kill()
      return
    }
    this.#isEnding = true
    spawn({ name: 'prefork end' }, async () => {
      await this.stop()
      setExit(status)
    })
  }

  async #reloadOnce(): Promise<void> {
    try {
      await this.reload()
    } catch (error) {
      if (this.#isStopping) return
      this.#tell('reload-failed', `the reload failed: ${(error as Error).message}`, true)
    }
  }

  #tell(type: PreforkEvent['type'], message: string, isProblem = false): void {
    this.#settings.onEvent({ type, message, isProblem })
  }
}

function describe({ index, pid, state, livedMs, accepted, open }: WorkerProcess): WorkerReport {
  return { index, pid, state, livedMs, accepted, open }
}
