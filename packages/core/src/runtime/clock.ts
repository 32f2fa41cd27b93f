/** Time as the runtime sees it. One clock a thread; tests put a virtual one in its place. */

export interface Clock {
  /** Monotonic milliseconds. */
  now(): number
  /**
   * Arms the one alarm: `ring` is called once, asynchronously, when `now() >= at`. It replaces the earlier one.
   * `keepsAlive`: whether the alarm keeps the process alive.
   */
  setAlarm(at: number, ring: () => void, keepsAlive: boolean): void
  clearAlarm(): void
}

/** setTimeout counts in a signed 32-bit number; a longer wait rings early and is armed again. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1

let timeout: NodeJS.Timeout | undefined

const systemClock: Clock = {
  now: () => performance.now(),
  setAlarm(at, ring, keepsAlive) {
    clearTimeout(timeout)
    const delayMs = Math.min(Math.max(Math.ceil(at - performance.now()), 1), LONGEST_TIMEOUT_MS)
    timeout = setTimeout(ring, delayMs)
    if (!keepsAlive) timeout.unref()
  },
  clearAlarm() {
    clearTimeout(timeout)
    timeout = undefined
  },
}

let clock = systemClock

export function currentClock(): Clock {
  return clock
}

/** False while a test has put its own in place. */
export function isSystemClock(): boolean {
  return clock === systemClock
}

/** Puts `next` in the place of the clock and gives back the one before. Only while nothing is timed. */
export function replaceClock(next: Clock): Clock {
  const previous = clock
  clock = next
  return previous
}

/** Monotonic milliseconds; only differences mean anything. */
export function now(): number {
  return clock.now()
}
