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
