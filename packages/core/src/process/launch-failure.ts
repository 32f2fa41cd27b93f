/**
 * Why a program did not start, in a sentence. The kernel gives one number for the folder, the file and the
 * file's interpreter alike; so what it meant is looked up afterwards.
 */
import { accessSync, constants, fstatSync, statSync } from 'node:fs'
import { EACCES, EBADF, ENOENT, ENOEXEC, ENOSYS, ENOTDIR } from '../native.js'
import { type SystemError, systemError } from '../system-error.js'
import { isPath } from './command-lookup.js'
import type { LaunchPlan } from './start-options.js'

/** No folder of the PATH had it. */
export function notFound(plan: LaunchPlan, searchPath: string): SystemError {
  return failure(ENOENT, plan.command, `command not found: ${plan.command} (looked in PATH: ${searchPath})`)
}

/** Running `path` failed with `result`. */
export function launchFailure(plan: LaunchPlan, path: string, result: number): SystemError {
  const { command, cwd } = plan
  if (cwd !== undefined) {
    const wrong = folderFault(cwd)
    if (wrong !== undefined && [ENOENT, ENOTDIR, EACCES].includes(result)) {
      return failure(result, cwd, `cannot start ${command}: the working directory ${cwd} ${wrong}`)
    }
  }
  if (result === EBADF) {
    const closed = [...plan.descriptors].find((fd) => fd >= 0 && !isOpen(fd))
    if (closed !== undefined)
      return failure(
        result,
        command,
        `cannot start ${command}: descriptor ${closed}, which it is to get, is not open`,
      )
  }
  const sentence = fileFault(plan, path, result)
  return failure(result, path, sentence)
}

function fileFault({ cwd, command }: LaunchPlan, path: string, result: number): string | undefined {
  const where = cwd === undefined || !isPath(command) || path.startsWith('/') ? '' : ` (in ${cwd})`
  const file = `${path}${where}`
  const stat = factsOf(path, cwd)
  switch (result) {
    case ENOENT:
      return stat === undefined
        ? `command not found: ${file}`
        : `cannot run ${file}: the interpreter that it asks for does not exist`
    case EACCES:
      return stat?.isDirectory()
        ? `cannot run ${file}: it is a directory`
        : `cannot run ${file}: permission denied`
    case ENOEXEC:
      return `cannot run ${file}: it is neither a program for this machine nor a script that begins with #!`
    case ENOSYS:
      return cwd === undefined
        ? `cannot start ${command}: this system lacks pidfd_open (Linux 5.3)`
        : `cannot start ${command} in ${cwd}: this system lacks pidfd_open (Linux 5.3) or posix_spawn_file_actions_addchdir_np`
    default:
      return undefined
  }
}

function factsOf(path: string, cwd: string | undefined): ReturnType<typeof statSync> | undefined {
  try {
    return statSync(path.startsWith('/') || cwd === undefined ? path : `${cwd}/${path}`)
  } catch {
    return undefined
  }
}

/** What is wrong with a folder that the child was to start in; undefined if nothing is. */
function folderFault(cwd: string): string | undefined {
  try {
    if (!statSync(cwd).isDirectory()) return 'is not a directory'
    accessSync(cwd, constants.X_OK)
    return undefined
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EACCES' ? 'may not be entered' : 'does not exist'
  }
}

function isOpen(fd: number): boolean {
  try {
    fstatSync(fd)
    return true
  } catch {
    return false
  }
}

function failure(result: number, path: string, sentence: string | undefined): SystemError {
  return systemError('spawn', result, { path }, sentence)
}
