/** A worker as its supervisor sees it: a process, what it said of itself, and how to end it. */
import { TimeoutError } from '../errors.js'
import { socketPair } from '../net/pair.js'
import type { ExitStatus } from '../process/exit-status.js'
import { describeStatus } from '../process/exit-status.js'
import { now } from '../runtime/clock.js'
import type { Coroutine } from '../runtime/coroutine.js'
import { reportFailure } from '../runtime/notifier.js'
import { shield, withTimeout } from '../scope/with-timeout.js'
import { current, spawn } from '../spawn.js'
import { ConditionVariable } from '../sync/condition-variable.js'
import { Event } from '../sync/event.js'
import { ControlChannel, type FromSupervisor, type FromWorker, noMessage } from './control-channel.js'
import { startProgram } from './program.js'
import type { Role } from './role.js'

/** After its time to drain a worker has so long for its `finally` blocks, then SIGTERM, and as long again, then SIGKILL. */
const LAST_GRACE_MS = 1000
const REPORT_TIMEOUT_MS = 1000
/** So long others wait for one that does not say that it takes no more. */
const MOST_RETIRE_MS = 5000

export type WorkerState = 'starting' | 'serving' | 'draining' | 'ended'

export class WorkerProcess {
  readonly index: number
  readonly startedAt = now()
  /** Connections taken since its start, and open now, as it last said. */
  accepted = 0
  open = 0
  /** Called for every message, and at its end. */
  onMessage: (() => void) | null = null
  /** Called when it takes no more though it was not asked to: somebody has sent it SIGTERM. */
  onLeave: (() => void) | null = null
  /** It did not take what it was sent: it is about to be found ended. */
  isUnreachable = false
  readonly #process: ReturnType<typeof startProgram>
  readonly #control: ControlChannel<FromWorker, FromSupervisor>
  /** Set when it is ready, and when it has ended. */
  readonly #settled = new Event()
  /** Set when it takes no more connections, and when it has ended. */
  readonly #retired = new Event()
  #phase: Exclude<WorkerState, 'ended'> = 'starting'
  readonly #counted = new ConditionVariable<void>()
  /** It owes us a count. */
  #isAsked = false
  /** It has a connection before it is ready. */
  readonly #hasConnection: boolean
  /** Set when it has ended, and all it said is known. */
  readonly #ended = new Event()

  /**
   * Starts this very program as a worker. `given` becomes its descriptor 4. `hasConnection`: that is one, and a worker that has not
   * come up yet is not idle. Throws what starting a process throws.
   */
  constructor(role: Role, given: number, hasConnection = false) {
    this.index = role.index
    this.#hasConnection = hasConnection
    const [ours, theirs] = socketPair()
    using closing = theirs
    try {
      this.#process = startProgram(role, [closing, given])
    } catch (error) {
      ours.close()
      throw error
    }
    this.#control = new ControlChannel(ours)
    // Shielded: also while the program exits its workers are listened to.
    const hearing = spawn({ name: `worker ${role.index} control` }, () =>
      shield(Number.POSITIVE_INFINITY, () => this.#listen()),
    )
    spawn({ name: `worker ${role.index} process` }, () =>
      shield(Number.POSITIVE_INFINITY, () => this.#watch(hearing)),
    )
  }

  get pid(): number {
    return this.#process.pid
  }

  get livedMs(): number {
    return now() - this.startedAt
  }

  get state(): WorkerState {
    return this.#process.isRunning ? this.#phase : 'ended'
  }

  /** How it ended; null while it runs. */
  get status(): ExitStatus | null {
    return this.#process.exitStatus
  }

  /** Waits until it takes connections; false if it ended before, or did not within `timeoutMs`. */
  async becomesReady(timeoutMs: number): Promise<boolean> {
    try {
      await withTimeout(timeoutMs, () => this.#settled.wait())
    } catch (error) {
      if (error instanceof TimeoutError) return false
      throw error
    }
    return this.state !== 'ended'
  }

  /** Waits for the end of the process; what it had said before is known then. */
  async ends(): Promise<void> {
    await this.#ended.wait()
  }

  /** Asks it for its counts, and waits for the answer; one that does not answer in time keeps the last ones. */
  async refresh(): Promise<void> {
    if (this.state !== 'serving' && this.state !== 'draining') return
    try {
      await withTimeout(REPORT_TIMEOUT_MS, async () => {
        // Once: the questions to one that is stuck must not fill its channel.
        if (!this.#isAsked) {
          this.#isAsked = true
          await this.#control.post({ type: 'report' })
        }
        await this.#counted.wait()
      })
    } catch (error) {
      if (!(error instanceof TimeoutError)) throw error
    }
  }

  /**
   * Has it take no more, and end with its open connections, or when `drainMs` are over. Waits until it takes no more, but not
   * long: it may be stuck.
   */
  async retire(drainMs: number, takeQueued: boolean): Promise<void> {
    if (this.state !== 'serving' && !(this.state === 'starting' && this.#hasConnection)) return
    this.#phase = 'draining'
    await this.#control.post({
      type: 'drain',
      drainMs: drainMs === Number.POSITIVE_INFINITY ? null : drainMs,
      takeQueued,
    })
    try {
      await withTimeout(Math.min(drainMs, MOST_RETIRE_MS), () => this.#retired.wait())
    } catch (error) {
      if (!(error instanceof TimeoutError)) throw error
    }
  }

  /** Retires it, waits for its end, and sees to it that there is one. */
  async drain(drainMs: number, takeQueued: boolean): Promise<void> {
    if (this.state === 'starting' && !this.#hasConnection) return this.stop()
    await this.retire(drainMs, takeQueued)
    try {
      await withTimeout(drainMs + LAST_GRACE_MS, () => this.ends())
    } catch (error) {
      if (!(error instanceof TimeoutError)) throw error
      await this.stop()
    }
  }

  /** Ends it: SIGTERM to its process group, SIGKILL after a grace. Waits for its end. */
  async stop(): Promise<void> {
    await this.#process.stop({ graceMs: LAST_GRACE_MS })
  }

  /** At once, without waiting. */
  kill(): void {
    this.#process.kill('SIGKILL')
  }

  /** How it ended, for people. */
  describeEnd(): string {
    return this.status === null ? 'in an unknown way' : `with ${describeStatus(this.status)}`
  }

  /** For whoever keeps books on what it took. */
  protected counted(): void {}

  async #listen(): Promise<void> {
    try {
      for await (const message of this.#control.messages()) this.#hear(message)
      // Its end, which is about to be noticed; or it has closed the channel, and nobody can tell it anything.
      await withTimeout(LAST_GRACE_MS, () => this.#process.wait())
    } catch (error) {
      // What it says means nothing, and nobody knows what it would do of what it is told.
      reportFailure(error, current())
      await this.stop()
    }
  }

  #hear(message: FromWorker): void {
    if (message.type === 'ready') {
      if (this.#phase === 'starting') this.#phase = 'serving'
      this.#settled.set()
    } else if (message.type === 'draining') {
      const isAsked = this.#phase !== 'serving'
      if (!isAsked) this.#phase = 'draining'
      this.#retired.set()
      if (!isAsked) this.onLeave?.()
    } else if (message.type === 'count') {
      if (!Number.isSafeInteger(message.accepted) || !Number.isSafeInteger(message.open))
        throw noMessage(message)
      this.accepted = message.accepted
      this.open = message.open
      this.counted()
      this.#isAsked = false
      this.#counted.wakeAll()
    }
    this.onMessage?.()
  }

  async #watch(hearing: Coroutine<void>): Promise<void> {
    await this.#process.wait()
    // Its last words may tell of what it took. They are in the channel, unless something that it started holds the other end.
    try {
      await withTimeout(REPORT_TIMEOUT_MS, () => hearing.join())
    } catch (error) {
      if (!(error instanceof TimeoutError)) throw error
    }
    this.open = 0
    this.#control.close()
    this.#counted.wakeAll()
    this.#settled.set()
    this.#retired.set()
    this.#ended.set()
    this.onMessage?.()
  }
}
