/**
 * A clock that stands still until a test moves it. It has the shape that core's timers ask of a clock: monotonic
 * milliseconds and one alarm. It does not replace `setTimeout` or `Date`, and it does not make real I/O finish:
 * `settle()` only lets the event loop turn. Promise: time never goes back, and no alarm rings before its time.
 */
import { setImmediate } from 'node:timers'

/** How many turns of the event loop `settle()` waits; a wake-up that needs more asks for them by number. */
const SETTLE_TURNS = 8

/** So many rings without time moving on are an alarm that rearms itself for now, for ever. */
const MAX_RINGS_AT_ONE_INSTANT = 10_000

interface Alarm {
  readonly at: number
  readonly ring: () => void
  readonly keepsAlive: boolean
}

/** The alarm that is armed, without the function it will call. */
export interface PendingAlarm {
  readonly at: number
  readonly keepsAlive: boolean
}

export class VirtualClock {
  #now: number
  #alarm: Alarm | undefined
  #isAdvancing = false

  constructor(startMs = 0) {
    if (!Number.isFinite(startMs)) throw new RangeError(`a clock cannot start at ${startMs} ms`)
    this.#now = startMs
  }

  now(): number {
    return this.#now
  }

  /** What is armed, if anything is. */
  get pendingAlarm(): PendingAlarm | undefined {
    if (this.#alarm === undefined) return undefined
    return { at: this.#alarm.at, keepsAlive: this.#alarm.keepsAlive }
  }

  /**
   * Arms the one alarm in place of the earlier one. If `at` is already reached, it rings in a later turn of the loop
   * without `advance`, as a real clock's would, never inside this call. `Infinity` never rings.
   */
  setAlarm(at: number, ring: () => void, keepsAlive: boolean): void {
    if (Number.isNaN(at)) throw new RangeError('an alarm cannot be set for NaN')
    const alarm: Alarm = { at, ring, keepsAlive }
    this.#alarm = alarm
    if (at > this.#now) return
    const turn = setImmediate(() => this.#ring(alarm))
    if (!keepsAlive) turn.unref()
  }

  clearAlarm(): void {
    this.#alarm = undefined
  }

  /**
   * Moves time forward by `ms`, alarm by alarm: time jumps to the next alarm, it rings, the loop settles, and so on;
   * at the end time is exactly `ms` later. The loop settles before the first step too, so that what was started just
   * before can arm its alarm. What an alarm throws, `advance` throws.
   */
  async advance(ms: number): Promise<void> {
    if (!(ms >= 0 && ms < Infinity)) throw new RangeError(`time cannot advance by ${ms} ms`)
    if (this.#isAdvancing) throw new Error('advance() is already under way: await the first one')
    this.#isAdvancing = true
    try {
      await this.#advanceTo(this.#now + ms)
    } finally {
      this.#isAdvancing = false
    }
  }

  /** Lets the event loop turn `turns` times, which is enough for chains of promises and for loopback I/O that is ready. */
  async settle(turns = SETTLE_TURNS): Promise<void> {
    for (let turn = 0; turn < turns; turn++) await new Promise<void>((resolve) => setImmediate(resolve))
  }

  async #advanceTo(target: number): Promise<void> {
    await this.settle()
    let ringsHere = 0
    for (let alarm = this.#alarm; alarm !== undefined && alarm.at <= target; alarm = this.#alarm) {
      ringsHere = alarm.at > this.#now ? 1 : ringsHere + 1
      if (ringsHere > MAX_RINGS_AT_ONE_INSTANT) {
        throw new Error(
          `the alarm rang ${MAX_RINGS_AT_ONE_INSTANT} times at ${this.#now} ms and is armed again`,
        )
      }
      this.#now = Math.max(this.#now, alarm.at)
      this.#ring(alarm)
      await this.settle()
    }
    this.#now = target
  }

  #ring(alarm: Alarm): void {
    if (this.#alarm !== alarm) return
    this.#alarm = undefined
    alarm.ring()
  }
}
