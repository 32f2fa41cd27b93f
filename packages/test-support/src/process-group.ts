/**
 * A process group: a server together with the processes that it has started. A process that calls setsid() leaves the
 * group; servers whose children do that (PostgreSQL) end them on their own.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

const POLL_MS = 10

/** Sends `signal` to every member. False if there is no member. */
export function signalGroup(groupId: number, signal: NodeJS.Signals): boolean {
  // kill(-1) would mean every process there is, and kill(0) ourselves.
  if (!Number.isInteger(groupId) || groupId <= 1) throw new RangeError(`${groupId} is not a group of ours`)
  try {
    return process.kill(-groupId, signal)
  } catch (error) {
    if (error instanceof Error && Reflect.get(error, 'code') === 'ESRCH') return false
    throw error
  }
}

/** Waits until the group has no living member; false if it still has one after `timeoutMs`. */
export async function groupEnded(groupId: number, timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs
  while (hasLivingMember(groupId)) {
    if (performance.now() >= deadline) return false
    await sleep(POLL_MS)
  }
  return true
}

/**
 * kill(2) counts zombies as members. An orphan's zombie is for process 1 to collect, and in a container process 1 is
 * often a program that never does; so on Linux the states are looked up too.
 */
function hasLivingMember(groupId: number): boolean {
  try {
    process.kill(-groupId, 0)
  } catch (error) {
    if (error instanceof Error && Reflect.get(error, 'code') === 'ESRCH') return false
    // EPERM: there is a member, of another user.
  }
  if (process.platform !== 'linux') return true
  return readdirSync('/proc').some((name) => /^\d+$/.test(name) && isLivingMember(name, groupId))
}

function isLivingMember(pid: string, groupId: number): boolean {
  let stat: string
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  } catch {
    return false // gone since the listing
  }
  // "pid (name) state parent group …": the name may hold spaces and brackets, so count from its last bracket.
  const [state, , group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return Number(group) === groupId && state !== 'Z' && state !== 'X'
}
