/**
 * A coroutine: an async function with a name, an end that can be waited for, and a scope of its own, so that it can be
 * interrupted wherever it waits. It *is* its outermost scope: one object less for each of a million.
 */
import { checkInteger, Interrupted, LockError, Shutdown } from '../errors.js'
import { charge, sliceNumber } from './accounting.js'
import { currentScope, runIn, setMainScope } from './current.js'
import { textOf } from './plain-text.js'
import { find, register, unregister } from './registry.js'
import { Scope } from './scope.js'
import { nextTurn } from './turn.js'
import { Wait } from './wait.js'

export type CoroutineState = 'ready' | 'running' | 'waiting' | 'foreign' | 'done' | 'failed'

/** How many operations a coroutine may finish without suspending before the next one goes through the poller. */
const DEFAULT_SELFISHNESS = 64
const MOST_SELFISHNESS = 1_000_000

let reportUnjoined: (coroutine: Coroutine, error: unknown) => void = () => {}
let defaultSelfishness = DEFAULT_SELFISHNESS

export function onUnjoinedFailure(report: (coroutine: Coroutine, error: unknown) => void): void {
  reportUnjoined = report
}

/** For coroutines spawned from now on. Gives the value before. */
export function replaceSelfishness(operations: number): number {
  const previous = defaultSelfishness
  defaultSelfishness = checkInteger('operations', operations, 1, MOST_SELFISHNESS)
  return previous
}

/** Whoever answers for a coroutine's end in place of the exception notifier: a group, say. */
export interface Supervisor {
  childEnded(child: Coroutine, outcome: PromiseSettledResult<unknown>): void
}

export interface CoroutineSettings {
  readonly name?: string | undefined
  readonly daemon?: boolean | undefined
  /** The scope whose cancellation reaches it; without, nobody's. */
  readonly owner?: Scope
  readonly supervisor?: Supervisor
  readonly isMain?: boolean
}

const READY = 0
const STARTED = 1
const DONE = 2
const FAILED = 3

export class Coroutine<T = unknown> extends Scope {
  readonly id: number
  readonly isDaemon: boolean
  /** The coroutine that spawned this one, by id: a reference would keep a whole line of dead ancestors. */
  readonly parentId: number
  // Whole milliseconds of the process: a small integer to V8, where a date would be an object for each coroutine.
  readonly #spawnedAt = Math.trunc(performance.now())
  /** Processor time used so far, in milliseconds. */
  cpuMs = 0
  /** Operations left before the next one must go through the poller. @internal */
  budget = defaultSelfishness
  /** Makes the error of an interrupt that found no wait to end; the next wait takes it. @internal */
  pendingInterrupt: (() => Interrupted) | null = null
  /** Values of CoroutineLocals. @internal */
  locals: Map<object, unknown> | null = null
  #name: string | null
  #selfishness = defaultSelfishness
  #refilledIn = sliceNumber
  #phase = READY
  #fn: ((...args: unknown[]) => unknown) | null
  #args: unknown[] | null
  #outcome: unknown
  #joiners: Set<JoinWait<T>> | null = null
  #isJoined = false
  #supervisor: Supervisor | null

  /** @internal */
  constructor(fn: (...args: never[]) => unknown, args: unknown[], settings: CoroutineSettings) {
    super(settings.owner ?? null, null)
    this.#fn = fn as (...args: unknown[]) => unknown
    this.#args = args
    this.#name = settings.name ?? (fn.name || null)
    this.isDaemon = settings.daemon ?? false
    this.#supervisor = settings.supervisor ?? null
    if (settings.isMain) {
      this.id = this.parentId = 0
      this.#phase = STARTED
    } else {
      this.id = register(this as Coroutine)
      this.parentId = currentScope().coroutine.id
      nextTurn(this)
    }
  }

  /** Milliseconds since the epoch. */
  get spawnedAt(): number {
    return Math.trunc(performance.timeOrigin) + this.#spawnedAt
  }

  get name(): string {
    return this.#name ?? 'anonymous'
  }

  set name(name: string) {
    this.#name = name
  }

  /** Who spawned it, if that one still lives; the main coroutine where code outside of any did. */
  get parent(): Coroutine | undefined {
    return this.id === 0 ? undefined : this.parentId === 0 ? mainCoroutine : find(this.parentId)
  }

  /** `foreign`: it waits for a promise that is not ours, or has work in the microtask queue. */
  get state(): CoroutineState {
    if (this.#phase === READY) return 'ready'
    if (this.#phase === DONE) return 'done'
    if (this.#phase === FAILED) return 'failed'
    if (currentScope().coroutine === (this as Coroutine)) return 'running'
    return this.waits().next().done ? 'foreign' : 'waiting'
  }

  /** Whether it was told to end, and every wait of it rejects from now on. */
  get isShuttingDown(): boolean {
    return this.cancellation !== null
  }

  /** @internal */
  override get isReady(): boolean {
    return this.#phase === READY
  }

  get isDead(): boolean {
    return this.#phase >= DONE
  }

  /** What it waits for, as text; undefined while it does not. */
  get waitingOn(): string | undefined {
    const waits = [...this.waits()]
    return waits.length === 0 ? undefined : waits.map(describeWait).join(', ')
  }

  /** How many operations it may finish without suspending, 1 to 1,000,000; 64 unless set. */
  get selfishness(): number {
    return this.#selfishness
  }

  set selfishness(operations: number) {
    this.#selfishness = checkInteger('operations', operations, 1, MOST_SELFISHNESS)
    this.budget = operations
  }

  /**
   * It was woken: whether it may go on at once. The budget is for one slice and being woken costs some of it, or two
   * coroutines that only ever wake each other would keep the poller waiting for ever. @internal
   */
  mayResume(): boolean {
    if (this.#refilledIn === sliceNumber) return --this.budget >= 0
    this.#refilledIn = sliceNumber
    this.budget = this.#selfishness
    return true
  }

  /**
   * Waits for the end: the result, or the error it died of. Cancelling the wait leaves the coroutine alone.
   * Fails with `LOCK` for the coroutine that runs: it would wait for itself.
   */
  join(): Promise<T> {
    const scope = currentScope()
    const refused = scope.refuse()
    if (refused !== null) return refused
    if (scope.coroutine === (this as Coroutine))
      return Promise.reject(new LockError('a coroutine cannot join itself'))
    this.#isJoined = true
    if (this.#phase === DONE) return Promise.resolve(this.#outcome as T)
    if (this.#phase === FAILED) return Promise.reject(this.#outcome)
    const wait = new JoinWait<T>(scope, this)
    this.#joiners ??= new Set()
    this.#joiners.add(wait)
    return wait.suspend()
  }

  /** @internal */
  dropJoiner(wait: JoinWait<T>): void {
    this.#joiners?.delete(wait)
    if (this.#joiners?.size === 0) this.#isJoined = false
  }

  /**
   * Ends its present wait, or the next one, with `Interrupted`. Once: if the coroutine catches it, it goes on. Shielded
   * waits are not touched; the interrupt meets the first wait after the shield. On a dead coroutine without effect.
   */
  interrupt(reason?: unknown): void {
    if (this.isDead) return
    const makeError = (): Interrupted =>
      reason instanceof Interrupted ? reason : new Interrupted(describeReason(reason), reason)
    if (!this.interruptWaits(makeError)) this.pendingInterrupt = makeError
  }

  /**
   * Cancels it for good: this wait and every later one rejects with `Shutdown`, but for those in a `shield`. One that
   * has not started never does: what it was to clean up in a `finally` is the spawner's then. Does not wait for the end (`join` does). On a dead coroutine without effect.
   */
  shutdown(reason?: unknown): void {
    if (this.isDead || this.id === 0) return
    this.cancel({
      origin: this,
      kind: 'shutdown',
      text: `coroutine ${this.id} (${this.name}) was shut down${reason === undefined ? '' : `: ${textOf(reason)}`}`,
      reason,
    })
  }

  /** Its turn has come: starts the function. @internal */
  runJob(): void {
    if (this.cancellation !== null) {
      this.#end(
        FAILED,
        new Shutdown(this.cancellation.text, this.cancellation.reason, this.cancellation.origin),
      )
    } else {
      this.#phase = STARTED
      runIn(this, start as (coroutine: Coroutine) => void, this as Coroutine)
    }
  }

  /** The function returned `value`: its result, or a promise of it. @internal */
  static run(coroutine: Coroutine): void {
    const fn = coroutine.#fn as (...args: unknown[]) => unknown
    const args = coroutine.#args as unknown[]
    coroutine.#fn = coroutine.#args = null
    let result: unknown
    try {
      result = fn(...args)
      if (isThenable(result)) {
        // The handlers run in this scope, which is how they know the coroutine: no closure for each.
        promiseOf(result).then(returned, threw)
        return
      }
    } catch (error) {
      coroutine.#end(FAILED, error)
      return
    }
    coroutine.#end(DONE, result)
  }

  /** @internal */
  static settle(coroutine: Coroutine, isFailure: boolean, outcome: unknown): void {
    coroutine.#end(isFailure ? FAILED : DONE, outcome)
  }

  #end(phase: number, outcome: unknown): void {
    charge(this as Coroutine)
    this.#phase = phase
    this.#outcome = outcome
    this.#fn = this.#args = null
    this.locals = null
    this.close()
    unregister(this as Coroutine)
    const joiners = this.#joiners
    this.#joiners = null
    if (joiners !== null) {
      for (const joiner of joiners) phase === DONE ? joiner.wake(outcome as T) : joiner.fail(outcome)
    }
    if (this.#supervisor !== null) {
      this.#supervisor.childEnded(
        this as Coroutine,
        phase === DONE ? { status: 'fulfilled', value: outcome } : { status: 'rejected', reason: outcome },
      )
    } else if (phase === FAILED && !this.#isJoined && !(outcome instanceof Shutdown)) {
      // One turn for whoever is about to join.
      nextTurn({ runJob: () => this.#isJoined || reportUnjoined(this as Coroutine, outcome) })
    }
  }
}

const start = Coroutine.run
const returned = (value: unknown): void => Coroutine.settle(currentScope().coroutine, false, value)
const threw = (error: unknown): void => Coroutine.settle(currentScope().coroutine, true, error)

export function isThenable(value: unknown): value is PromiseLike<unknown> {
  if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return false
  return typeof (value as { then?: unknown }).then === 'function'
}

/** What a wait says it is. One that fails to say does not fail whoever asks: he may be looking for that very fault. */
export function describeWait(wait: Wait<unknown>): string {
  try {
    return wait.describe()
  } catch (error) {
    return `${wait.constructor.name} (describe failed: ${textOf(error)})`
  }
}

export function isPlainPromise<T>(value: PromiseLike<T>): value is Promise<T> {
  return value instanceof Promise && value.constructor === Promise
}

/**
 * A promise of what `thenable` comes to. One with a `then` of its own, a subclass's too, is asked once, here and now and so
 * in the scope of the caller; it may do its work only when asked, each time, and may call back twice or at once.
 */
export function promiseOf<T>(thenable: PromiseLike<T>): Promise<T> {
  if (isPlainPromise(thenable)) return thenable
  return new Promise<T>((resolve, reject) => void thenable.then(resolve, reject))
}

function describeReason(reason: unknown): string {
  return reason === undefined ? 'interrupted' : `interrupted: ${textOf(reason)}`
}

class JoinWait<T> extends Wait<T> {
  readonly #coroutine: Coroutine<T>
  constructor(scope: Scope, coroutine: Coroutine<T>) {
    super(scope)
    this.#coroutine = coroutine
  }
  protected unlink(): void {
    this.#coroutine.dropJoiner(this)
  }
  describe(): string {
    return `join coroutine ${this.#coroutine.id} (${this.#coroutine.name})`
  }
}

/** All code that belongs to no coroutine. It never ends. */
export const mainCoroutine: Coroutine = new Coroutine(() => {}, [], { name: 'main', isMain: true })
setMainScope(mainCoroutine)
