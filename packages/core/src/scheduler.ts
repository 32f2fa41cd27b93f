/**
 * Scheduler: functions to be called at a time of their own, by the coroutine that calls `run`. Events of the same time go by
 * priority, the lower number first, then in the order in which they were entered. Times are those of `now()`. It calls one
 * function at a time; one that takes long makes those behind it late, but never drops them.
 */
import { checkDuration, checkFunction, SimultaneousError, wrongType } from './errors.js'
import { now } from './runtime/clock.js'
import type { Coroutine } from './runtime/coroutine.js'
import { currentScope } from './runtime/current.js'
import { spend } from './runtime/fairness.js'
import type { Scope } from './runtime/scope.js'
import { addTimer, removeTimer, type Timed } from './runtime/timers.js'
import { Wait } from './runtime/wait.js'
import { yieldSlice } from './scope/sleep.js'

/** An event that was entered; `cancel` takes it. */
export interface ScheduledEvent {
  /** When, as `now()` has it. */
  readonly at: number
  readonly priority: number
}

export class Scheduler {
  /** The next one is the last: taking it moves nothing. */
  readonly #events: Entry[] = []
  #sequence = 0
  #runner: Coroutine | null = null
  #wait: EventWait | null = null

  get isEmpty(): boolean {
    return this.#events.length === 0
  }

  /** The events that are still to come, in their order. A copy. */
  get queue(): ScheduledEvent[] {
    return this.#events.toReversed()
  }

  /** Enters an event: `fn(...args)` at the time `at`. One that is past is due at once. */
  enterAt<Arguments extends unknown[]>(
    at: number,
    priority: number,
    fn: (...args: Arguments) => unknown,
    ...args: Arguments
  ): ScheduledEvent {
    if (typeof at !== 'number' || Number.isNaN(at)) throw wrongType('at', 'a time in milliseconds', at)
    if (typeof priority !== 'number' || Number.isNaN(priority))
      throw wrongType('priority', 'a number', priority)
    checkFunction('fn', fn)
    const entry = new Entry(at, priority, this.#sequence++, () => fn(...args))
    const place = this.#placeOf(entry)
    this.#events.splice(place, 0, entry)
    if (place === this.#events.length - 1) this.#wait?.wake()
    return entry
  }

  /** Enters an event: `fn(...args)` in `delayMs` milliseconds. */
  enter<Arguments extends unknown[]>(
    delayMs: number,
    priority: number,
    fn: (...args: Arguments) => unknown,
    ...args: Arguments
  ): ScheduledEvent {
    return this.enterAt(now() + checkDuration('delayMs', delayMs), priority, fn, ...args)
  }

  /** Takes an event out. False: it is not in the queue; it was called, or begun, or cancelled. */
  cancel(event: ScheduledEvent): boolean {
    if (!(event instanceof Entry)) throw wrongType('event', 'what enter() gave', event)
    const place = this.#placeOf(event)
    if (this.#events[place] !== event) return false
    this.#events.splice(place, 1)
    if (place === this.#events.length) this.#wait?.wake()
    return true
  }

  /**
   * Calls every event when its time has come, waiting in between, until none is left. A function that returns a promise is
   * waited for. If one fails, `run` rejects with its error and what is left stays; so it does when `run` is cancelled.
   * Fails with `SIMULTANEOUS` while another coroutine runs the same scheduler.
   */
  run(): Promise<void> {
    return this.#alone(async (scope) => {
      for (let next = this.#events.at(-1); next !== undefined; next = this.#events.at(-1)) {
        if (next.at > now()) await this.#until(next.at)
        else await this.#call(next, scope)
      }
    })
  }

  /**
   * Calls the events that are due now, not those that they enter, and waits for none of the others. Gives the milliseconds
   * until the next one, or undefined if none is left. Fails as `run`.
   */
  runDue(): Promise<number | undefined> {
    return this.#alone(async (scope) => {
      const time = now()
      const due = this.#events.filter((event) => event.at <= time).reverse()
      for (const event of due)
        if (this.#events[this.#placeOf(event)] === event) await this.#call(event, scope)
      const next = this.#events.at(-1)
      return next === undefined ? undefined : Math.max(0, next.at - now())
    })
  }

  async #alone<T>(work: (scope: Scope) => Promise<T>): Promise<T> {
    const scope = currentScope()
    const refused = scope.refuse()
    if (refused !== null) return refused
    if (this.#runner !== null) {
      const { id, name } = this.#runner
      throw new SimultaneousError('SIMULTANEOUS', `coroutine ${id} (${name}) runs this scheduler already`)
    }
    this.#runner = scope.coroutine
    try {
      return await work(scope)
    } finally {
      this.#runner = null
    }
  }

  async #call(event: Entry, scope: Scope): Promise<void> {
    // An event that enters itself again for now must not keep everybody else waiting.
    if (!spend(scope)) await yieldSlice()
    if (!this.cancel(event)) return
    await event.call()
  }

  async #until(at: number): Promise<void> {
    const scope = currentScope()
    const refused = scope.refuse()
    if (refused !== null) return refused
    this.#wait = new EventWait(scope, at)
    addTimer(this.#wait)
    try {
      await this.#wait.suspend()
    } finally {
      removeTimer(this.#wait)
      this.#wait = null
    }
  }

  /** Where it is, or belongs: before every event that comes earlier. */
  #placeOf(entry: Entry): number {
    let low = 0
    let high = this.#events.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (entry.precedes(this.#events[middle] as Entry)) low = middle + 1
      else high = middle
    }
    return low
  }
}

class Entry implements ScheduledEvent {
  readonly at: number
  readonly priority: number
  readonly #sequence: number
  readonly #call: () => unknown
  constructor(at: number, priority: number, sequence: number, call: () => unknown) {
    this.at = at
    this.priority = priority
    this.#sequence = sequence
    this.#call = call
  }
  call(): unknown {
    return this.#call()
  }
  precedes(other: Entry): boolean {
    if (this.at !== other.at) return this.at < other.at
    if (this.priority !== other.priority) return this.priority < other.priority
    return this.#sequence < other.#sequence
  }
}

/** Ends when the first event is due, or is another one. */
class EventWait extends Wait<void> implements Timed {
  readonly at: number
  sequence = 0
  place = -1
  readonly yieldsToData = false
  constructor(scope: Scope, at: number) {
    super(scope)
    this.at = at
  }
  protected override get isExternal(): boolean {
    return true
  }
  expire(): void {
    this.wake()
  }
  protected unlink(): void {
    removeTimer(this)
  }
  describe(): string {
    return `scheduler: next event in ${Math.max(0, Math.round(this.at - now()))} ms`
  }
}
