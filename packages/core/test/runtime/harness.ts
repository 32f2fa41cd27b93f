/**
 * The ground on which the tests of runtime and scopes stand: time that stands still, reports that are collected instead
 * of printed, and after each test the check that nothing is left: no coroutine, timer or hold on the process, no report
 * that the test did not take, no unhandled rejection.
 */
import { VirtualClock } from '@shrapnel/test-support'
import { afterEach, beforeEach, expect, vi } from 'vitest'
import { all, type Coroutine, setExceptionNotifier } from '../../src/index.js'
import { held } from '../../src/runtime/liveness.js'
import { timersPending, useClock } from '../../src/runtime/timers.js'

export interface Report {
  readonly error: unknown
  readonly coroutine: Coroutine
}

export interface Ground {
  /** The clock of this test. */
  readonly clock: VirtualClock
  /** What the exception notifier was told since the last time; whoever takes a report expects it. */
  takeReports(): Report[]
}

/** For the top of a test file. `isRealTime`: the system's clock stays. */
export function cleanGround({ isRealTime = false } = {}): Ground {
  let clock = new VirtualClock()
  let reports: Report[] = []
  let unhandled: unknown[] = []
  let putBack: () => void
  const collect = (error: unknown): void => void unhandled.push(error)

  beforeEach(() => {
    clock = new VirtualClock(1000)
    reports = []
    unhandled = []
    process.on('unhandledRejection', collect)
    const restoreClock = isRealTime ? () => {} : useClock(clock)
    const notifier = setExceptionNotifier((error, coroutine) => reports.push({ error, coroutine }))
    putBack = () => {
      setExceptionNotifier(notifier)
      restoreClock()
      process.off('unhandledRejection', collect)
    }
  })

  afterEach(async () => {
    await clock.settle()
    const left = {
      unhandled,
      reports,
      coroutines: all().map((coroutine) => coroutine.name),
      held: held(),
      timers: timersPending(),
    }
    for (const coroutine of all()) coroutine.shutdown()
    await clock.settle()
    putBack()
    expect(left).toEqual({ unhandled: [], reports: [], coroutines: [], held: 0, timers: 0 })
  })

  return {
    get clock() {
      return clock
    },
    takeReports() {
      return reports.splice(0)
    },
  }
}

/** Everything written to stderr while `fn` runs. */
export async function stderrOf(fn: () => unknown): Promise<string> {
  let written = ''
  const spy = vi.spyOn(process.stderr, 'write').mockImplementation((chunk) => {
    written += String(chunk)
    return true
  })
  try {
    await fn()
  } finally {
    spy.mockRestore()
  }
  return written
}

/** Keeps the processor for so long, as a computation would. */
export function compute(ms: number): void {
  const end = performance.now() + ms
  while (performance.now() < end);
}

/** A promise that is not ours, and what settles it. */
export function foreign<T = void>(): {
  promise: Promise<T>
  resolve: (value: T) => void
  reject: (error: unknown) => void
} {
  let resolve!: (value: T) => void
  let reject!: (error: unknown) => void
  const promise = new Promise<T>((yes, no) => {
    resolve = yes
    reject = no
  })
  return { promise, resolve, reject }
}

/** The error that `promise` rejects with; a promise that resolves fails the test. */
export async function errorOf(
  promise: Promise<unknown>,
): Promise<Error & { code?: string; reason?: unknown }> {
  let value: unknown
  try {
    value = await promise
  } catch (error) {
    return error as Error
  }
  throw new Error(`it did not reject, but gave ${String(value)}`)
}
