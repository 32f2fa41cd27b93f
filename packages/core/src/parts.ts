/**
 * What streams of other packages are made of, so that they wait, are cancelled and refuse as the streams of this one do. For the
 * packages beside this one: programs have no need of it, and it may change with any version.
 */

export { DONE } from './awaitable.js'
export {
  checkDuration,
  checkFunction,
  checkInteger,
  checkOptionNames,
  checkOptions,
  outOfRange,
  wrongType,
} from './errors.js'
export { closeOnExit } from './exit.js'
export { resolve } from './net/resolver.js'
export { charge } from './runtime/accounting.js'
export type { Coroutine } from './runtime/coroutine.js'
export { currentScope, runIn } from './runtime/current.js'
export { afterTurn, spend } from './runtime/fairness.js'
export { keepAlive } from './runtime/liveness.js'
export { reportFailure } from './runtime/notifier.js'
export { Scope } from './runtime/scope.js'
export { addTimer, recently, removeTimer, type Timed } from './runtime/timers.js'
export { Wait } from './runtime/wait.js'
export { inBackground, refillBackground } from './stream/background.js'
export { Direction } from './stream/direction.js'
export { Pushback } from './stream/pushback.js'
export { recvExact } from './stream/recv-exact.js'
export { recvInto } from './stream/recv-into.js'
export { joinedBytes, toBytes } from './stream/to-bytes.js'
export { atTurnEnd, type TurnEndJob } from './stream/turn-end.js'
export { TimedWait } from './sync/timed-wait.js'
export { QueuedWait, WaitQueue } from './sync/wait-queue.js'
export { systemError } from './system-error.js'
