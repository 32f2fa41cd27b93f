/**
 * Errors that typed code throws where nobody waits for them (a timer, an event, a promise) belong to the session that typed it
 * and must not end the program; everybody else's must end it exactly as before.
 *
 * Up to Node 24 `node:repl` uses a domain for that. A domain cannot be switched off again: from the first one on every promise
 * of the process costs 4 times as much on Node 20 and 13 times on 24 (measured: a million awaits 0.47 to 1.9 s, and
 * 0.13 to 1.6 s). So the prompt gets a stand-in that does nothing, and we look at the two events by which Node tells of such
 * errors before anybody else does. A listener could not do that: that there is one keeps Node from ending the program, and
 * others would still hear of what is none of their business. Hence `process.emit` is wrapped, which Node calls for both
 * and from whose result it learns whether the error was dealt with.
 *
 * From Node 26 on `node:repl` has no domain. It asks `handleError` instead, also about errors that are not its own; we are
 * asked before it is, and remember.
 */
import { EventEmitter } from 'node:events'
import { type Coroutine, current, setExceptionNotifier } from '@shrapnel/core'

/** Gets the error of a coroutine, or says that it is not its. */
export type ErrorTaker = (error: unknown, coroutine: Coroutine) => boolean

type Capture = (error: unknown) => boolean
type Emit = (this: NodeJS.Process, event: string | symbol, ...args: unknown[]) => boolean
const thisProcess = process as typeof process & {
  addUncaughtExceptionCaptureCallback?: (capture: Capture) => void
}

let isInstalled = false
let foreign: { readonly error: unknown } | undefined

/** Node 26 and later. */
export const replAsksAboutErrors = thisProcess.addUncaughtExceptionCaptureCallback !== undefined

/**
 * Once for the process, after the first prompt was made: Node asks the last one installed first. It stays: timers outlive sessions.
 * `uncaught` gets what would end the program, `failures` what coroutines die of.
 */
export function installErrorRouting(uncaught: ErrorTaker, failures: ErrorTaker): void {
  if (isInstalled) return
  isInstalled = true
  thisProcess.addUncaughtExceptionCaptureCallback?.((error) => {
    foreign = undefined
    if (uncaught(error, current())) return true
    foreign = { error }
    return false
  })
  const emit = process.emit as Emit
  const emitUnlessOurs: Emit = function (event, ...args) {
    const isError = event === 'uncaughtException' || event === 'unhandledRejection'
    return (isError && uncaught(args[0], current())) || emit.call(this, event, ...args)
  }
  process.emit = emitUnlessOurs as typeof process.emit
  const previous = setExceptionNotifier((error, coroutine) => {
    if (!failures(error, coroutine)) previous(error, coroutine)
  })
}

/** Whether node:repl asks about an error that was found above to be none of ours. */
export function isForeign(error: unknown): boolean {
  const isIt = foreign !== undefined && foreign.error === error
  foreign = undefined
  return isIt
}

/** In place of a Domain, for as long as node:repl takes one. */
export class NoDomain extends EventEmitter {
  bind<Fn>(fn: Fn): Fn {
    return fn
  }
}
