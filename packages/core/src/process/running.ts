/**
 * A program that `run` runs: the conversation with it, and its end by force. Its status is held until all is
 * over, so that its group keeps its number and can be killed even when the program itself has ended.
 */
import { TimeoutError } from '../errors.js'
import type { Pipe } from '../net/pair.js'
import { currentScope } from '../runtime/current.js'
import { type Group, group } from '../scope/group.js'
import { shield, withTimeout } from '../scope/with-timeout.js'
import type { Child } from './child.js'
import { type ExitStatus, signalNumber } from './exit-status.js'
import { feed, type ProcessInput } from './input.js'
import { killAtExit } from './kill-at-exit.js'
import type { Launched } from './launch.js'
import { Output } from './output.js'

export class Running {
  readonly pid: number
  readonly #child: Child
  readonly #stdin: Pipe | null
  readonly #stdout: Output
  readonly #stderr: Output
  readonly #spare: () => void

  constructor({ child, pipes }: Launched, maxOutputBytes: number) {
    this.#child = child
    this.pid = child.pid
    this.#stdin = pipes[0]
    this.#stdout = new Output(pipes[1] as Pipe, `the standard output of ${child.name}`, maxOutputBytes)
    this.#stderr = new Output(pipes[2] as Pipe, `the standard error of ${child.name}`, maxOutputBytes)
    this.#spare = killAtExit(child)
  }

  /** Only after `close`. */
  get status(): ExitStatus {
    return this.#child.status as ExitStatus
  }

  output(): { stdout: Buffer; stderr: Buffer } {
    return { stdout: this.#stdout.bytes(), stderr: this.#stderr.bytes() }
  }

  /** Waits until the program and its output have ended. */
  async converse(all: Group, input: ProcessInput | undefined): Promise<void> {
    const { name } = this.#child
    const daemon = currentScope().coroutine.isDaemon
    const stdin = this.#stdin
    const feeding =
      stdin === null || input === undefined
        ? undefined
        : all.spawn({ name: `${name} stdin`, daemon }, () => feed(stdin, input))
    const reading = [
      all.spawn({ name: `${name} stdout`, daemon }, () => this.#stdout.collect()),
      all.spawn({ name: `${name} stderr`, daemon }, () => this.#stderr.collect()),
    ]
    await this.#child.ended()
    for (const output of reading) await output.join()
    // Nobody is left who would read.
    feeding?.shutdown()
  }

  /**
   * SIGTERM, the grace, SIGKILL, each to the group. Waits for the end of the program; nothing interrupts
   * that.
   */
  async terminate(graceMs: number): Promise<void> {
    await shield(Number.POSITIVE_INFINITY, async () => {
      this.#stdin?.close()
      this.#child.terminate()
      try {
        // Last words are taken down, and whatever holds the output has its grace, not the program alone.
        await withTimeout(graceMs, () => group((all) => this.#lastWords(all)))
      } catch (error) {
        if (!(error instanceof TimeoutError)) throw error
      }
      this.#child.signal(signalNumber('SIGKILL'))
      await this.#child.ended()
    })
  }

  async #lastWords(all: Group): Promise<void> {
    all.spawn(() => this.#stdout.drain())
    all.spawn(() => this.#stderr.drain())
    await this.#child.ended()
  }

  /** Closes the pipes and takes the status. */
  close(): void {
    this.#spare()
    this.#stdin?.close()
    this.#stdout.close()
    this.#stderr.close()
    this.#child.release()
  }
}
