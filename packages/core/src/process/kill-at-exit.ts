/**
 * The programs that `run` runs do not outlive this process (in a worker, the thread), however it ends short
 * of a signal: by `setExit`, `process.exit` or an uncaught error. Nothing can be waited for any more then, so
 * there is no grace. (A worker that is terminated runs no JavaScript: its children end in
 * native/child_table.h.)
 */
import type { Child } from './child.js'
import { signalNumber } from './exit-status.js'

const children = new Set<Child>()

/** Gives a function that takes it back. */
export function killAtExit(child: Child): () => void {
  if (children.size === 0) process.once('exit', killAll)
  children.add(child)
  return () => {
    children.delete(child)
    if (children.size === 0) process.removeListener('exit', killAll)
  }
}

function killAll(): void {
  for (const child of children) {
    try {
      child.signal(signalNumber('SIGKILL'))
    } catch {
      // Another user's: nothing more can be done.
    }
  }
}
