/** Failures of the kernel's watches, with the limit behind them by name: `ENOSPC` is not about disks here. */
import { readFileSync } from 'node:fs'
import { constants as os } from 'node:os'
import { type SystemError, systemError } from '../system-error.js'

const { errno } = os

/** What inotify(7) calls these limits, and what else may be meant. */
const LIMITS: Readonly<Record<number, readonly [sysctl: string, text: string]>> = {
  [-errno.ENOSPC]: ['max_user_watches', 'this user has as many watches as the kernel allows'],
  [-errno.EMFILE]: [
    'max_user_instances',
    'this user has as many watchers as the kernel allows, or this process as many descriptors (ulimit -n)',
  ],
}

export function inotifyError(syscall: string, result: number, path: string): SystemError {
  const error = systemError(syscall, result, { path })
  const limit = LIMITS[result]
  if (limit !== undefined) {
    const [sysctl, text] = limit
    const value = limitOf(sysctl)
    const now = Number.isNaN(value) ? '' : ` is ${value}`
    const more = Number.isNaN(value) ? '<more>' : 2 * value
    error.message += `; ${text}: fs.inotify.${sysctl}${now}, to raise it: sysctl -w fs.inotify.${sysctl}=${more}`
  }
  return error
}

function limitOf(sysctl: string): number {
  try {
    return Number.parseInt(readFileSync(`/proc/sys/fs/inotify/${sysctl}`, 'latin1'), 10)
  } catch {
    // No descriptor is left to read it with, or no /proc is there.
    return Number.NaN
  }
}
