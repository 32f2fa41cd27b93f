/** Which processor a server has, and which its load generator. */
import { existsSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { PROGRAMS } from './native-build.js'

/**
 * The server has one processor and the load generator another: the scheduler moves them about otherwise, and now and then puts both on
 * one. Undefined: there is only one.
 */
export const SERVER_CPU: number | undefined = availableParallelism() > 1 ? 1 : undefined
const LOAD_CPU = '0'

/** As SERVER_CPU, for benchmarks that need no C compiler: undefined where `pin` was not built. */
export function serverCpu(): number | undefined {
  return existsSync(PROGRAMS.pin) ? SERVER_CPU : undefined
}

/** The same command, kept on the processor of load generators. */
export function pinnedLoad(command: readonly string[]): string[] {
  return serverCpu() === undefined ? [...command] : [PROGRAMS.pin, LOAD_CPU, ...command]
}
