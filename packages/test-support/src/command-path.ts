/**
 * Finds the file of a command. Looks in PATH and then where Debian puts servers: the sbin folders, which are not in the
 * PATH of ordinary users, and PostgreSQL's own folder, which is in nobody's.
 */
import { accessSync, constants, readdirSync, statSync } from 'node:fs'
import { delimiter, join, resolve } from 'node:path'
import { debianPackageFor } from './debian-packages.js'
import { TestSupportError } from './errors.js'

const SERVER_FOLDERS = ['/usr/local/sbin', '/usr/sbin', '/sbin', '/usr/lib/rabbitmq/bin']
const POSTGRES_FOLDER = '/usr/lib/postgresql'

/** The absolute path of `command`. Throws `missing-command`, naming the Debian package, if there is none. */
export function commandPath(command: string): string {
  if (command.includes('/')) {
    if (isProgram(command)) return resolve(command)
  } else {
    const inPath = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '')
    for (const folder of [...inPath, ...SERVER_FOLDERS, ...postgresFolders()]) {
      const candidate = join(folder, command)
      if (isProgram(candidate)) return candidate
    }
  }
  const debianPackage = debianPackageFor(command)
  const advice =
    debianPackage === undefined
      ? 'install what provides it'
      : `it is in the Debian package ${debianPackage}: apt-get install --no-install-recommends ${debianPackage}`
  throw new TestSupportError('missing-command', `there is no command '${command}': ${advice}`)
}

/** PostgreSQL's program folders, newest version first. */
function postgresFolders(): string[] {
  let versions: string[]
  try {
    versions = readdirSync(POSTGRES_FOLDER)
  } catch {
    return [] // not installed
  }
  return versions
    .sort((a, b) => Number.parseFloat(b) - Number.parseFloat(a))
    .map((version) => join(POSTGRES_FOLDER, version, 'bin'))
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}
