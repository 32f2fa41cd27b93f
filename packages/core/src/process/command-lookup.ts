/**
 * Where a command may be, by the rules of execvp(3): one with a slash is a path, relative to the child's
 * folder; any other is looked for in each folder of the PATH. Whether a file can be run is for the kernel to
 * say, file by file.
 */
import { statSync } from 'node:fs'
import { resolve } from 'node:path'

/** Without a PATH (confstr(3), _CS_PATH). */
export const DEFAULT_PATH = '/bin:/usr/bin'

export function isPath(command: string): boolean {
  return command.includes('/')
}

/** The files to try, in order. An empty or relative folder of the PATH is meant from `cwd`. */
export function* candidates(command: string, searchPath: string, cwd: string): Generator<string> {
  if (isPath(command)) {
    yield command
    return
  }
  for (const folder of searchPath.split(':')) {
    const path = resolve(cwd, folder, command)
    if (mayExist(path)) yield path
  }
}

function mayExist(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined
  } catch {
    return true // The kernel will say what is wrong with it.
  }
}
