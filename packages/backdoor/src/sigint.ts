/**
 * SIGINT while typed code holds the processor. node:repl then ends the code (`breakEvalOnSigint`), which is the one way out of a line
 * that never ends. It takes the signal over first and has node:vm put the program's own listeners aside after, and with
 * the last of those Node gives the signal back to the kernel, which ends the process (seen on Node 20 to 26). So they
 * have to be put aside before. They could not have been called meanwhile: listeners need the processor. And node:vm leaves Node's
 * own handler behind, so the core's has to be put back.
 */
import { isMainThread } from 'node:worker_threads'
import { signals } from '@shrapnel/core'

/** Calls `fn` while nobody listens for SIGINT. Who did before, does after. */
export function withSigintUnheard<Result>(fn: () => Result): Result {
  const listeners = process.rawListeners('SIGINT') as NodeJS.SignalsListener[]
  if (listeners.length > 0) process.removeAllListeners('SIGINT')
  try {
    return fn()
  } finally {
    for (const listener of listeners) process.on('SIGINT', listener)
    if (isMainThread) signals.exitOn(signals.exitOn([]))
  }
}
