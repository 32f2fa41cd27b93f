/** Starts a process by its plan: finds the file, makes the pipes, and hands over what is ours of them. */
import { EACCES, native } from '../native.js'
import { Pipe } from '../net/pair.js'
import { Child } from './child.js'
import { candidates, DEFAULT_PATH } from './command-lookup.js'
import { launchFailure, notFound } from './launch-failure.js'
import type { LaunchPlan } from './start-options.js'

export interface Launched {
  readonly child: Child
  /** Our ends, of stdin, stdout and stderr; null for what is no pipe. */
  readonly pipes: readonly [Pipe | null, Pipe | null, Pipe | null]
}

/** As native/binding/process_calls.cc has them. */
const OWN_GROUP = 1
const BOUND = 2

/**
 * Throws `ENOENT`, `EACCES` and whatever else keeps the program from starting: then there is no process.
 * `isBound`: its status is held until `release`, and it is killed if this thread ends before.
 */
export function launch(plan: LaunchPlan, isBound: boolean): Launched {
  const { command, searchPath = DEFAULT_PATH, cwd } = plan
  const files = plan.path === undefined ? candidates(command, searchPath, cwd ?? process.cwd()) : [plan.path]
  const ours = new Int32Array(plan.descriptors.length + 1)
  let denied: string | undefined
  for (const file of files) {
    const pid = native.spawn(
      file,
      plan.argv,
      plan.environment,
      cwd ?? '',
      plan.descriptors,
      (plan.hasOwnGroup ? OWN_GROUP : 0) | (isBound ? BOUND : 0),
      ours,
    )
    if (pid > 0) return launched(plan, pid, ours, isBound)
    if (pid !== EACCES) throw launchFailure(plan, file, pid)
    // As execvp(3): a later folder may have one that can be run.
    denied ??= file
  }
  throw denied === undefined ? notFound(plan, searchPath) : launchFailure(plan, denied, EACCES)
}

function launched(plan: LaunchPlan, pid: number, ours: Int32Array, isBound: boolean): Launched {
  const [watch, stdin, stdout, stderr] = ours
  return {
    child: new Child(pid, watch as number, plan.command, plan.hasOwnGroup, isBound),
    pipes: [pipe(stdin), pipe(stdout), pipe(stderr)],
  }
}

function pipe(fd: number | undefined): Pipe | null {
  return fd === undefined || fd < 0 ? null : new Pipe(fd)
}
