/** What nobody else hears: coroutines that died of an error nobody joined, that hold the processor, that swallow their cancellation. */
import { checkDuration, wrongType } from '../errors.js'
import { onLatency, replaceLatencyLimit } from './accounting.js'
import { compactTrace } from './compact-trace.js'
import { type Coroutine, isThenable, onUnjoinedFailure } from './coroutine.js'
import { runInMain } from './current.js'
import { oneLine } from './plain-text.js'
import { onSwallowed } from './scope.js'

/** Called, outside of any coroutine, with the error and the coroutine. What it throws or rejects with is reported the default way. */
export type ExceptionNotifier = (error: unknown, coroutine: Coroutine) => void

let notifier: ExceptionNotifier = defaultNotifier

/** Replaces the exception notifier and gives the previous one; `undefined` brings the default back. */
export function setExceptionNotifier(next?: ExceptionNotifier): ExceptionNotifier {
  if (next !== undefined && typeof next !== 'function') throw wrongType('notifier', 'a function', next)
  const previous = notifier
  notifier = next ?? defaultNotifier
  return previous
}

/**
 * Sets how long, in milliseconds, a coroutine may hold the processor before it is named on stderr; `Infinity` never.
 * 200 unless set. Gives the previous limit.
 */
export function setLatencyWarning(limitMs: number): number {
  return replaceLatencyLimit(checkDuration('limitMs', limitMs))
}

export function reportFailure(error: unknown, coroutine: Coroutine, verb = 'failed'): void {
  if (notifier === defaultNotifier) {
    say(coroutine, `${verb}: ${compactTrace(error)}`)
    return
  }
  const failed = (second: unknown): void => {
    say(coroutine, `${verb}: ${compactTrace(error)}`)
    say(coroutine, `the exception notifier failed: ${compactTrace(second)}`)
  }
  try {
    // In main: a turn runs in the scope of whoever asked for it first, which may be cancelled.
    const result: unknown = runInMain(() => notifier(error, coroutine))
    if (isThenable(result)) result.then(undefined, failed)
  } catch (second) {
    failed(second)
  }
}

function defaultNotifier(error: unknown, coroutine: Coroutine): void {
  say(coroutine, `failed: ${compactTrace(error)}`)
}

function say(coroutine: Coroutine, text: string): void {
  const line = `coroutine ${coroutine.id} (${oneLine(coroutine.name)}) ${text}`
  process.stderr.write(`${new Date().toISOString()} ${line}\n`)
}

onUnjoinedFailure((coroutine, error) => reportFailure(error, coroutine))
onLatency((coroutine, heldMs) => say(coroutine, `held the processor for ${Math.round(heldMs)} ms`))
onSwallowed((coroutine, swallows) => {
  say(
    coroutine,
    `was cancelled and goes on waiting: ${swallows} waits rejected since, and something catches that. Let Interrupted pass, or clean up in shield()`,
  )
})
