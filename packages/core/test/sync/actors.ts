/**
 * Actors: coroutines that do what a property test tells them, at the moment it tells them, so that a model can say for each
 * operation how it must end. They wait for nothing of their own: an interrupt meets the operation under way, or the next.
 */
import fc from 'fast-check'
import { expect } from 'vitest'
import { Interrupted } from '../../src/errors.js'
import type { Coroutine } from '../../src/runtime/coroutine.js'
import { runIn } from '../../src/runtime/current.js'
import { yieldSlice } from '../../src/scope/sleep.js'
import { spawn } from '../../src/spawn.js'

const ACTORS = 5
export const actor = fc.nat(ACTORS - 1)

/** Steps that every program has. */
export const interrupt = fc.record({ do: fc.constant('interrupt' as const), actor })
export const settle = fc.record({ do: fc.constant('settle' as const), actor })

type State = 'pending' | 'done' | 'interrupted' | 'failed'

/** One operation: what it must come to, as the model has it, and what it has come to. */
export class Attempt {
  readonly text: string
  readonly actor: number
  must: State = 'pending'
  mustGive: unknown
  state: State = 'pending'
  value: unknown

  constructor(actor: number, text: string) {
    this.actor = actor
    this.text = `${actor}: ${text}`
  }

  /** The model: it ends like this. */
  ends(must: State, mustGive?: unknown): void {
    this.must = must
    this.mustGive = mustGive
  }

  observe(state: State, value: unknown): void {
    this.state = state
    this.value = value
  }
}

export class Actors {
  readonly #coroutines: readonly Coroutine[]
  readonly #attempts: Attempt[] = []
  /** What each actor waits for, as the model has it. */
  readonly #waiting = new Map<number, Attempt>()
  /** Interrupted while it did not wait: its next operation is refused. */
  readonly #doomed = new Set<number>()
  /** Refused, and not told yet. */
  readonly #refused = new Set<number>()
  #letGo: () => void = () => {}

  constructor() {
    const idle = new Promise<void>((resolve) => {
      this.#letGo = resolve
    })
    this.#coroutines = Array.from({ length: ACTORS }, () => spawn(() => idle))
  }

  isWaiting(who: number): boolean {
    return this.#waiting.has(who)
  }

  /** Begins `operation` as this coroutine, now. Undefined: it is refused, and the model has no more to do. */
  begin(who: number, text: string, operation: () => unknown): Attempt | undefined {
    const attempt = new Attempt(who, text)
    this.#attempts.push(attempt)
    const result = runIn(this.#coroutines[who] as Coroutine, operation)
    if (result instanceof Promise) {
      result.then(
        (value) => attempt.observe('done', value),
        (error) => attempt.observe(error instanceof Interrupted ? 'interrupted' : 'failed', error),
      )
    } else {
      attempt.observe('done', result)
    }
    if (!this.#doomed.delete(who)) {
      this.#waiting.set(who, attempt)
      return attempt
    }
    this.#refused.add(who)
    attempt.ends('interrupted')
    return undefined
  }

  /** The model: this attempt ends, and its actor does not wait any more. */
  end(attempt: Attempt, must: State, mustGive?: unknown): void {
    attempt.ends(must, mustGive)
    this.#waiting.delete(attempt.actor)
  }

  /**
   * Interrupts an actor, but not one that is about to hear of an interrupt. Gives what it waited for, which the model must
   * take out of its queue.
   */
  interrupt(who: number): Attempt | undefined {
    if (this.#refused.has(who)) return undefined
    this.#coroutines[who]?.interrupt()
    const attempt = this.#waiting.get(who)
    if (attempt === undefined) this.#doomed.add(who)
    else this.end(attempt, 'interrupted')
    return attempt
  }

  /** Lets everything that was woken run. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 3; turn++) await yieldSlice()
    this.#refused.clear()
  }

  /** Every operation has come to what it must. */
  async check(): Promise<void> {
    await this.settle()
    for (const { text, state, value, must, mustGive } of this.#attempts) {
      expect(state, text).toBe(must)
      // Undefined: the model does not care, as of the object that stands for a lock.
      expect(mustGive === undefined ? undefined : value, text).toEqual(mustGive)
    }
    this.#letGo()
    for (const coroutine of this.#coroutines) await coroutine.join()
  }
}

/** Takes an element out of an array, if it is there. */
export function without<T>(array: T[], element: T | undefined): void {
  const place = array.indexOf(element as T)
  if (place >= 0) array.splice(place, 1)
}

/** Takes the entry of an attempt out of an array, if it is there. */
export function withoutAttempt<Entry extends { attempt: Attempt }>(
  array: Entry[],
  gone: Attempt | undefined,
): void {
  without(
    array,
    array.find(({ attempt }) => attempt === gone),
  )
}
