/**
 * What a process is told when it is started as a worker: in the environment, because its program runs from the top and
 * must know before it comes to `prefork`. Descriptor 3 is the control channel, 4 what the strategy gives it.
 */
import { native } from '../native.js'
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

/**
 * The role of this process; undefined for a supervisor. What a worker starts may inherit the variable, but not the channel: that tells
 * them apart, and not the parent, which is another one as soon as the supervisor has died.
 */
export function takeOwnRole(): Role | undefined {
  const text = process.env[VARIABLE]
  if (text === undefined) return undefined
  delete process.env[VARIABLE]
  const role = JSON.parse(text) as Role
  const peer = new Float64Array(3)
  if (native.peerCredentials(CONTROL_FD, peer) < 0) return undefined
  // Not every system knows the process.
  const [pid] = peer
  if (pid === 0) return [1, role.supervisorPid].includes(process.ppid) ? role : undefined
  return pid === role.supervisorPid ? role : undefined
}
