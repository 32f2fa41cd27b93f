/**
 * Who used the processor. JavaScript tells nobody when a coroutine resumes, but every suspension passes through here:
 * the time since the mark before belongs to the coroutine that suspends now. Marks are set when a batch of events, of
 * timers or a turn begins, and by every suspension. A coroutine that awaits a foreign promise after a long computation is not seen
 * there: its time goes to whoever suspends next.
 */
import { native } from '../native.js'
import type { Coroutine } from './coroutine.js'

/** Counts the slices: a coroutine's budget is for one of them. Node's own callbacks between two of ours belong to the last. */
export let sliceNumber = 0

let mark = performance.now()
let latencyWarningMs = 200
let warn: (coroutine: Coroutine, heldMs: number) => void = () => {}

/** Below this, the time between two marks is not checked against the time the loop has been awake. */
const PLAUSIBLE_MS = 5

/** A batch of events, of timers or a turn begins: what came before belongs to nobody. */
export function beginSlice(): void {
  sliceNumber++
  mark = performance.now()
}

/** When the last mark was: at most one coroutine's slice ago. */
export function lastMark(): number {
  return mark
}

/** `coroutine` suspends or ends: the time since the last mark was its own. Gives the time now. */
export function charge(coroutine: Coroutine): number {
  const time = performance.now()
  let spentMs = time - mark
  mark = time
  if (spentMs > PLAUSIBLE_MS) {
    // A foreign promise or callback may have woken it after the loop slept: sleeping is nobody's work. (Node's own idle time
    // is no help: libuv forgets a sleep that a signal ended.)
    spentMs = Math.min(spentMs, native.sinceWake())
    // The main coroutine is everybody else's code too, loading the program among it.
    if (spentMs > latencyWarningMs && coroutine.id !== 0) warn(coroutine, spentMs)
  }
  coroutine.cpuMs += spentMs
  return time
}

/** Sets the limit, in milliseconds, beyond which a coroutine that holds the processor is named. Gives the one before. */
export function replaceLatencyLimit(limitMs: number): number {
  const previous = latencyWarningMs
  latencyWarningMs = limitMs
  return previous
}

export function onLatency(report: (coroutine: Coroutine, heldMs: number) => void): void {
  warn = report
}
