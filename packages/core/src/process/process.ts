/**
 * Process: a program that was started, its streams, its end. Starting is start.ts; running one to its end is
 * run.ts.
 */
import { checkDuration, checkOptions, TimeoutError } from '../errors.js'
import type { Pipe } from '../net/pair.js'
import { shield, withTimeout } from '../scope/with-timeout.js'
import type { Child } from './child.js'
import { type ExitStatus, signalNumber } from './exit-status.js'
import type { Launched } from './launch.js'

/** What `stop` gives a process between SIGTERM and SIGKILL unless told, in milliseconds. */
export const DEFAULT_GRACE_MS = 2000

export interface StopOptions {
  /** Milliseconds from SIGTERM to SIGKILL; 2000 unless given. */
  readonly graceMs?: number
}

/** `Stdin` and so on: Pipe where it is a pipe, null where it is something else, either where nobody knows. */
export class Process<
  Stdin extends Pipe | null = Pipe | null,
  Stdout extends Pipe | null = Pipe | null,
  Stderr extends Pipe | null = Pipe | null,
> {
  readonly pid: number
  /**
   * To the child. `close()` is its end of input. A child that reads no more makes `send` fail with `EPIPE`.
   */
  readonly stdin: Stdin
  /**
   * From the child. It ends when every process that holds the other end has closed it, which may be later
   * than the child's end.
   */
  readonly stdout: Stdout
  readonly stderr: Stderr
  readonly #child: Child
  #isStopping = false

  /** @internal */
  constructor({ child, pipes }: Launched) {
    this.#child = child
    this.pid = child.pid
    this.stdin = pipes[0] as Stdin
    this.stdout = pipes[1] as Stdout
    this.stderr = pipes[2] as Stderr
  }

  get isRunning(): boolean {
    return !this.#child.hasEnded
  }

  /**
   * How it ended; null while it runs. Known as soon as the loop has heard of it, whether or not anybody
   * waits.
   */
  get exitStatus(): ExitStatus | null {
    return this.#child.status
  }

  /**
   * Waits for the end of the process and gives its code or signal; at once when it has ended. Any number of
   * coroutines may wait. Cancelling leaves the process alone. Its output may outlast it: that is `stdout`'s
   * end. Fails with `ECHILD` if other code in this program has taken the status (a `waitpid(-1)` in an
   * addon).
   */
  async wait(): Promise<ExitStatus> {
    await this.#child.ended()
    return this.#child.status as ExitStatus
  }

  /**
   * Sends `signal` (kill(2)), 0 for none, to the process and everything in its group if it has a group of its
   * own. Returns at once: false if the process has ended, and then nothing is signalled, not even what it
   * left behind. Throws `EPERM`.
   */
  kill(signal: NodeJS.Signals | number = 'SIGTERM'): boolean {
    const number = signalNumber(signal)
    return !this.#child.hasEnded && this.#child.signal(number)
  }

  /**
   * Ends the process: SIGTERM (with SIGCONT, in case it is stopped), and SIGKILL if it runs `graceMs` later;
   * then waits for the end and gives its status. With a group of its own the signals go to the group, and
   * what is left of the group when the process itself has ended is killed at once. One that has ended already
   * is only reported. No cancellation interrupts this, so that it serves as cleanup. A second `stop`
   * meanwhile sends no second SIGTERM. Fails with `EPERM` for a process of another user.
   */
  async stop(options: StopOptions = {}): Promise<ExitStatus> {
    checkOptions(options)
    const graceMs = checkDuration('graceMs', options.graceMs ?? DEFAULT_GRACE_MS)
    const child = this.#child
    return await shield(Number.POSITIVE_INFINITY, async () => {
      if (!child.hasEnded) {
        if (!this.#isStopping) child.terminate()
        this.#isStopping = true
        child.killRestAtEnd()
        try {
          await withTimeout(graceMs, () => child.ended())
        } catch (error) {
          if (!(error instanceof TimeoutError)) throw error
          child.signal(signalNumber('SIGKILL'))
        }
      }
      return await this.wait()
    })
  }

  /** For `await using`: `stop()`, and closes the pipes. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.stop()
    } finally {
      for (const pipe of [this.stdin, this.stdout, this.stderr] as (Pipe | null)[]) pipe?.close()
    }
  }
}
