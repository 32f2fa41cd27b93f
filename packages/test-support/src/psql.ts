/** Runs SQL with psql, as the superuser that test clusters have, over a UNIX socket. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { childEnvironment } from './child-environment.js'
import { commandPath } from './command-path.js'
import type { ServerUser } from './server-user.js'

const run = promisify(execFile)
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024

export interface PsqlTarget {
  /** The folder with the server's socket. */
  readonly unixFolder: string
  readonly port: number
  readonly owner: ServerUser | undefined
}

/** What it writes with `-At`. Rejects with what psql complains of. */
export async function psql(target: PsqlTarget, text: string, database: string): Promise<string> {
  const path = commandPath('psql')
  const where = ['-h', target.unixFolder, '-p', `${target.port}`, '-U', 'postgres', '-d', database]
  const { stdout } = await run(path, ['-XAtq', '-v', 'ON_ERROR_STOP=1', ...where, '-c', text], {
    ...target.owner,
    env: childEnvironment(path, {}),
    maxBuffer: MAX_OUTPUT_BYTES,
  })
  return stdout.trimEnd()
}
