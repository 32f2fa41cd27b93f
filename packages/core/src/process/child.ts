/**
 * Child: a process that was started, until its status has been taken. It owns the descriptor that tells of
 * the end, and promises that no signal is ever sent to a number that may be a stranger's: the number, and the
 * group of that number, are the child's own until its status is taken (wait(2)), which happens when it ends,
 * whether or not anybody waits; or, for one that is held, at `release`.
 */

import { EPERM, ESRCH, native } from '../native.js'
import { Descriptor } from '../net/descriptor.js'
import { currentScope } from '../runtime/current.js'
import type { Scope } from '../runtime/scope.js'
import { QueuedWait, WaitQueue } from '../sync/wait-queue.js'
import { type SystemError, systemError } from '../system-error.js'
import { type ExitStatus, exitStatus, signalNumber } from './exit-status.js'

const SIGCONT = signalNumber('SIGCONT')
const SIGKILL = signalNumber('SIGKILL')
const SIGTERM = signalNumber('SIGTERM')

/** Readable when the child has ended. */
class EndDescriptor extends Descriptor {
  readonly #child: Child
  constructor(fd: number, child: Child) {
    super(fd)
    this.#child = child
  }
  override onEvent(): void {
    this.#child.mayHaveEnded()
  }
}

export class Child {
  readonly pid: number
  /** For people: the command. */
  readonly name: string
  readonly hasOwnGroup: boolean
  /** It has ended; its status may still be held. */
  hasEnded = false
  #isHeld: boolean
  #killsRest = false
  #outcome: ExitStatus | SystemError | null = null
  readonly #end: EndDescriptor
  readonly #waits = new WaitQueue<EndWait>()

  /** `isHeld`: it stays a zombie after its end, and its group can be signalled, until `release`. */
  constructor(pid: number, watch: number, name: string, hasOwnGroup: boolean, isHeld: boolean) {
    this.pid = pid
    this.name = name
    this.hasOwnGroup = hasOwnGroup
    this.#isHeld = isHeld
    this.#end = new EndDescriptor(watch, this)
  }

  /**
   * Null while it runs, and while its status is held. Throws `ECHILD` if something else in this process took
   * the status.
   */
  get status(): ExitStatus | null {
    if (this.#outcome instanceof Error) throw this.#outcome
    return this.#outcome
  }

  get isReaped(): boolean {
    return this.#outcome !== null
  }

  /** Waits for the end. Cancelling leaves the child alone. */
  ended(): Promise<void> {
    const scope = currentScope()
    const refused = scope.refuse()
    if (refused !== null) return refused
    if (this.hasEnded) return Promise.resolve()
    const wait = new EndWait(scope, this)
    this.#waits.push(wait)
    return wait.suspend()
  }

  /** Asks it to end: SIGTERM, and SIGCONT, without which one that is stopped would never know (signal(7)). */
  terminate(): void {
    this.signal(SIGTERM)
    this.signal(SIGCONT)
  }

  /**
   * Signals the group if the child leads one, else the child. False: its status has been taken, and nothing
   * was sent.
   */
  signal(signal: number): boolean {
    if (this.isReaped) return false
    let result = native.kill(this.hasOwnGroup ? -this.pid : this.pid, signal)
    // It has made itself the member of another group.
    if (result === ESRCH && this.hasOwnGroup) result = native.kill(this.pid, signal)
    // macOS says EPERM of a group that is only zombies.
    if (result < 0 && result !== ESRCH && !(result === EPERM && this.hasEnded))
      throw systemError('kill', result, {}, `may not signal process ${this.pid} (${this.name})`)
    return result !== ESRCH
  }

  /** When it ends, or if it has, whatever is left of its group is killed, before its status is taken. */
  killRestAtEnd(): void {
    this.#killsRest = true
  }

  /** Holds the status no longer. */
  release(): void {
    this.#isHeld = false
    if (this.hasEnded) this.#reap()
  }

  /** @internal */
  mayHaveEnded(): void {
    if (this.hasEnded || native.hasEnded(this.#end.fd, this.pid) === 0) return
    this.hasEnded = true
    this.#end.close('the process has ended')
    if (!this.#isHeld) this.#reap()
    this.#waits.drain((wait) => wait.wake())
  }

  #reap(): void {
    if (this.isReaped) return
    if (this.#killsRest && this.hasOwnGroup) native.kill(-this.pid, SIGKILL)
    const result = native.reap(this.pid)
    this.#outcome = result < 0 ? systemError('waitpid', result) : exitStatus(result)
  }
}

class EndWait extends QueuedWait<void> {
  readonly #child: Child
  constructor(scope: Scope, child: Child) {
    super(scope)
    this.#child = child
  }
  protected override get isExternal(): boolean {
    return true
  }
  describe(): string {
    return `process ${this.#child.pid} (${this.#child.name})`
  }
}
