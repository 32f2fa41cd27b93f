/** The clean end of a program: listeners close, coroutines are shut down and run their `finally`, then the process ends. */
import { checkDuration, checkFunction, checkInteger } from './errors.js'
import { now } from './runtime/clock.js'
import { mainCoroutine } from './runtime/coroutine.js'
import { runInMain } from './runtime/current.js'
import { reportFailure } from './runtime/notifier.js'
import { everyone, population, whenEmpty } from './runtime/registry.js'
import { addTimer, removeTimer, type Timed } from './runtime/timers.js'
import { nextTurn } from './runtime/turn.js'
import { where } from './where.js'

const DEFAULT_GRACE_MS = 5000

export interface ExitOptions {
  /** How long, in milliseconds, coroutines and `onExit` functions may take. Then the process ends without them. 5000 unless given. */
  readonly graceMs?: number
}

let isExiting = false
const callbacks: (() => unknown)[] = []
const listeners = new Set<{ close(): void }>()

/** For whatever accepts connections: it is closed when the exit begins. */
export function closeOnExit(listener: { close(): void }): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/**
 * Calls `fn` when the program ends through `setExit`, after the last coroutine has ended; the last registered first.
 * It may wait. Gives a function that takes it back.
 */
export function onExit(fn: () => unknown): () => void {
  checkFunction('fn', fn)
  callbacks.push(fn)
  return () => {
    const at = callbacks.indexOf(fn)
    if (at >= 0) callbacks.splice(at, 1)
  }
}

/**
 * Ends the program with exit status `code` (0 to 255): in the next turn listeners close and every coroutine, the caller
 * too, is shut down; when all have ended and the `onExit` functions have run, the process (in a worker, the thread)
 * ends. Returns at once. A second call changes nothing.
 */
export function setExit(code = 0, options: ExitOptions = {}): void {
  checkInteger('code', code, 0, 255)
  const graceMs = checkDuration('graceMs', options.graceMs ?? DEFAULT_GRACE_MS)
  if (isExiting) return
  isExiting = true
  process.exitCode = code
  nextTurn({ runJob: () => begin(code, graceMs) })
}

function begin(code: number, graceMs: number): void {
  const deadline: Timed = {
    at: now() + graceMs,
    sequence: 0,
    place: -1,
    yieldsToData: false,
    expire() {
      for (const coroutine of everyone()) {
        process.stderr.write(
          `${new Date().toISOString()} exit does not wait any longer for coroutine ${where(coroutine)}\n`,
        )
      }
      process.exit(code)
    },
  }
  addTimer(deadline)
  // The alarm alone does not keep the process alive, and a coroutine on a foreign promise does not either.
  const keepAlive = setInterval(() => {}, 1000)
  for (const listener of [...listeners]) listener.close()
  for (const coroutine of everyone()) coroutine.shutdown('the program exits')
  const finish = (): void => {
    whenEmpty(null)
    void runInMain(async () => {
      for (const callback of callbacks.reverse()) {
        try {
          await callback()
        } catch (error) {
          reportFailure(error, mainCoroutine, 'failed in onExit')
        }
      }
      removeTimer(deadline)
      clearInterval(keepAlive)
      process.exit(code)
    })
  }
  if (population() === 0) finish()
  else whenEmpty(finish)
}
