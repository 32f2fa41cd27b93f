/** What nobody else hears: coroutines that died of an error nobody joined, that hold the processor, that swallow their cancellation. */
import { checkDuration, wrongType } from '../errors.js'
import { onLatency, replaceLatencyLimit } from './accounting.js'
import { type Coroutine, onUnjoinedFailure } from './coroutine.js'
import { onSwallowed } from './scope.js'

/** Called with the error and the coroutine. What it throws is reported the default way. */
export type ExceptionNotifier = (error: unknown, coroutine: Coroutine) => void

/** Of a stack, in a report of one line. */
const MOST_FRAMES = 8

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
  try {
    if (notifier === defaultNotifier) say(coroutine, `${verb}: ${compactTrace(error)}`)
    else notifier(error, coroutine)
  } catch (second) {
    say(coroutine, `${verb}: ${compactTrace(error)}`)
    say(coroutine, `the exception notifier failed: ${compactTrace(second)}`)
  }
}

function defaultNotifier(error: unknown, coroutine: Coroutine): void {
  say(coroutine, `failed: ${compactTrace(error)}`)
}

function say(coroutine: Coroutine, text: string): void {
  process.stderr.write(`${new Date().toISOString()} coroutine ${coroutine.id} (${coroutine.name}) ${text}\n`)
}

/** An error on one line: its name, code and message, then `[function file:line]` for each frame of the program, and its causes. */
export function compactTrace(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { code } = error as { code?: unknown }
  const head = `${error.name}${typeof code === 'string' ? ` ${code}` : ''}: ${error.message}`
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line) && !isInternal(line))
  const places = frames.slice(0, MOST_FRAMES).map((line) => `[${compactFrame(line)}]`)
  const cause = error.cause === undefined ? '' : ` caused by ${compactTrace(error.cause)}`
  return [head, ...places].join(' ').replaceAll('\n', ' ') + cause
}

const OWN_FOLDER = new URL('..', import.meta.url).pathname

/** Node's own frames and this package's say nothing about the program. */
function isInternal(line: string): boolean {
  return line.includes('node:') || line.includes(OWN_FOLDER)
}

function compactFrame(line: string): string {
  const match = /^\s+at (?:async )?(?:(.*?) \()?(?:file:\/\/)?(.*?):(\d+):\d+\)?$/.exec(line)
  if (match === null) return line.trim()
  const [, fn, file, row] = match
  const base = file?.slice(file.lastIndexOf('/') + 1)
  return fn === undefined ? `${base}:${row}` : `${fn} ${base}:${row}`
}

onUnjoinedFailure((coroutine, error) => reportFailure(error, coroutine))
onLatency((coroutine, heldMs) => say(coroutine, `held the processor for ${Math.round(heldMs)} ms`))
onSwallowed((coroutine, swallows) => {
  say(
    coroutine,
    `was cancelled and goes on waiting: ${swallows} waits rejected since, and something catches that. Let Interrupted pass, or clean up in shield()`,
  )
})
