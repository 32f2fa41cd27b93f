/** Finds out which programs and Python modules this machine has. Asks once and remembers. */
import { spawnSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, isAbsolute, join } from 'node:path'

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

export function hasProgram(name: string): boolean {
  if (isAbsolute(name)) return isExecutable(name)
  return (process.env.PATH ?? '')
    .split(delimiter)
    .some((folder) => folder !== '' && isExecutable(join(folder, name)))
}

/** Debian keeps servers where the PATH of a user does not look. */
const SERVER_FOLDERS = ['/usr/sbin', '/usr/local/sbin']

/** The command for a server of that name, or undefined. */
export function serverProgram(name: string): string | undefined {
  return [name, ...SERVER_FOLDERS.map((folder) => join(folder, name))].find(hasProgram)
}

/** The distribution's Python first: its modules are the ones that apt-get installs, whatever else PATH begins with. */
const PYTHONS = ['/usr/bin/python3', '/usr/local/bin/python3', 'python3']
const pythonOf = new Map<string, string | undefined>()

/** A Python that can import `module`, if there is one. */
export function pythonWith(module: string): string | undefined {
  if (!pythonOf.has(module)) {
    const found = PYTHONS.filter(hasProgram).find((python) => {
      return spawnSync(python, ['-c', `import ${module}`], { stdio: 'ignore', timeout: 10_000 }).status === 0
    })
    pythonOf.set(module, found)
  }
  return pythonOf.get(module)
}

let coreProblem: string | undefined | null = null

/** Why `@shrapnel/core` cannot be imported, or undefined if it can. */
export function problemWithCore(): string | undefined {
  if (coreProblem === null) {
    const program = 'await import("@shrapnel/core")'
    const options = { cwd: import.meta.dirname, encoding: 'utf8', timeout: 10_000 } as const
    const tried = spawnSync(process.execPath, ['--input-type=module', '--eval', program], options)
    const reason = tried.stderr.split('\n').find((line) => /^\w*Error/.test(line)) ?? tried.stderr.trim()
    coreProblem = tried.status === 0 ? undefined : reason
  }
  return coreProblem
}
