/** A worker as its supervisor sees it: a process, what it said of itself, and how to end it. */
import { CoroError, TimeoutError } from '../errors.js'
import { socketPair } from '../net/pair.js'
import type { Socket } from '../net/socket.js'
import type { ExitStatus } from '../process/exit-status.js'
import { describeStatus } from '../process/exit-status.js'
import { start } from '../process/start.js'
import { now } from '../runtime/clock.js'
import { withTimeout } from '../scope/with-timeout.js'
import { spawn } from '../spawn.js'
import { ConditionVariable } from '../sync/condition-variable.js'
import { Event } from '../sync/event.js'
import { ControlChannel, type FromSupervisor, type FromWorker } from './control-channel.js'
import { environmentFor, type Role } from './role.js'

/** After its time to drain a worker has so long for its `finally` blocks, then SIGTERM, and as long again, then SIGKILL. */
const LAST_GRACE_MS = 1000
const REPORT_TIMEOUT_MS = 1000

export type WorkerState = 'starting' | 'serving' | 'draining' | 'ended'

export class WorkerProcess {
  readonly index: number
  readonly startedAt = now()
  /** Connections taken since its start, and open now, as it last said. */
  accepted = 0
  open = 0
  /** Called for every message, and at its end. */
  onMessage: (() => void) | null = null
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

  /** Starts this very program as a worker. `given` becomes its descriptor 4. Throws what starting a process throws. */
  constructor(role: Role, given: number) {
    this.index = role.index
    const [ours, theirs] = socketPair()
    using closing = theirs
    try {
      this.#process = startProgram(role, closing, given)
    } catch (error) {
      ours.close()
      throw error
    }
    this.#control = new ControlChannel(ours)
    spawn({ name: `worker ${role.index} control` }, () => this.#listen())
    spawn({ name: `worker ${role.index} process` }, () => this.#watch())
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

  /** Waits for the end of the process. */
  async ends(): Promise<void> {
    await this.#process.wait()
  }

  /** Asks it for its counts, and waits for the answer; one that does not answer in time keeps the last ones. */
  async refresh(): Promise<void> {
    if (this.state !== 'serving' && this.state !== 'draining') return
    try {
      await withTimeout(REPORT_TIMEOUT_MS, async () => {
        const counted = this.#counted.wait()
        await this.#control.send({ type: 'report' })
        await counted
      })
    } catch (error) {
      if (!(error instanceof TimeoutError)) throw error
    }
  }

  /**
   * Has it take no more, and end with its open connections, or when `drainMs` are over. Waits until it takes no more; one that is
   * stuck has `drainMs` too.
   */
  async retire(drainMs: number, takeQueued: boolean): Promise<void> {
    if (this.state !== 'serving') return
    this.#phase = 'draining'
    await this.#control.send({ type: 'drain', drainMs, takeQueued })
    try {
      await withTimeout(drainMs, () => this.#retired.wait())
    } catch (error) {
      if (!(error instanceof TimeoutError)) throw error
    }
  }

  /** Retires it, waits for its end, and sees to it that there is one. */
  async drain(drainMs: number, takeQueued: boolean): Promise<void> {
    if (this.state === 'starting') return this.stop()
    await this.retire(drainMs, takeQueued)
    try {
      await withTimeout(drainMs + LAST_GRACE_MS, () => this.#process.wait())
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
    for await (const message of this.#control.messages()) {
      if (message.type === 'ready') {
        if (this.#phase === 'starting') this.#phase = 'serving'
        this.#settled.set()
      } else if (message.type === 'draining') {
        this.#retired.set()
      } else if (message.type === 'count') {
        this.accepted = message.accepted
        this.open = message.open
        this.counted()
        this.#counted.wakeAll()
      }
      this.onMessage?.()
    }
  }

  async #watch(): Promise<void> {
    await this.#process.wait()
    this.open = 0
    this.#control.close()
    this.#counted.wakeAll()
    this.#settled.set()
    this.#retired.set()
    this.onMessage?.()
  }
}

function startProgram(role: Role, control: Socket, given: number) {
  const script = process.argv[1]
  if (script === undefined && !process.execArgv.some((argument) => EVALUATES.has(argument))) {
    throw new CoroError(
      'PREFORK_PROGRAM',
      'there is no program for the workers to run: Node was started without a file',
    )
  }
  return start(
    process.execPath,
    [...execArguments(), ...(script === undefined ? [] : [script]), ...process.argv.slice(2)],
    {
      env: environmentFor(role),
      stdin: 'ignore',
      stdout: 'inherit',
      stderr: 'inherit',
      descriptors: [control.fd, given],
    },
  )
}

const EVALUATES = new Set(['-e', '--eval', '-p', '--print'])

/** Node's own arguments, without those of the debugger: its port is taken by the supervisor. */
function execArguments(): string[] {
  return process.execArgv.filter((argument) => !argument.startsWith('--inspect'))
}
