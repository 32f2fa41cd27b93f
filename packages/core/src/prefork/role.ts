/**
 * What a process is told when it is started as a worker: in the environment, because its program runs from the top and
 * must know before it comes to `prefork`. Descriptor 3 is the control channel, 4 what the strategy gives it.
 */
import type { Strategy } from './options.js'

export const CONTROL_FD = 3
export const STRATEGY_FD = 4

const VARIABLE = 'SHRAPNEL_PREFORK_ROLE'

export interface Role {
  readonly supervisorPid: number
  readonly index: number
  readonly strategy: Strategy
}

export function environmentFor(role: Role): NodeJS.ProcessEnv {
  return { ...process.env, [VARIABLE]: JSON.stringify(role) }
}

/** The role of this process; undefined for a supervisor. What a worker starts inherits the variable, but has another parent. */
export function ownRole(): Role | undefined {
  const text = process.env[VARIABLE]
  if (text === undefined) return undefined
  const role = JSON.parse(text) as Role
  return role.supervisorPid === process.ppid ? role : undefined
}
