/**
 * The processor time of another process, all threads together. Says what an operation costs even where something else
 * takes the processors now and then. Linux; threads that have ended are not counted.
 */
import { readdirSync, readFileSync } from 'node:fs'

export function cpuUsOf(pid: number): number {
  const folder = `/proc/${pid}/task`
  // Its first number is the time on a processor in nanoseconds.
  const timesNs = readdirSync(folder).map((thread) => {
    return Number(readFileSync(`${folder}/${thread}/schedstat`, 'utf8').split(' ')[0])
  })
  return timesNs.reduce((sum, time) => sum + time, 0) / 1_000
}

/** `cutime` and `cstime` of proc(5), counted behind the name of the program. */
const CHILDREN_AT = [13, 14] as const
/** The kernel shows times in hundredths of a second, whatever its own clock. */
const TICK_US = 10_000

/** The processor time of all children of this process that have ended, and of theirs. Exact to 10 ms. */
export function endedChildrenCpuUs(): number {
  const text = readFileSync('/proc/self/stat', 'utf8')
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return CHILDREN_AT.reduce((sum, at) => sum + Number(fields[at]), 0) * TICK_US
}
