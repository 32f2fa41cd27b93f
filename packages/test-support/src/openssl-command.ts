/**
 * The `openssl` command, run to its end. It has to succeed: anything else is `command-failed` with what it wrote. It
 * reads no configuration but the one in its folder, so that a distribution's own settings (Debian raises the security
 * level) decide nothing.
 */
import { execFile } from 'node:child_process'
import { commandPath } from './command-path.js'
import { TestSupportError } from './errors.js'

const TIMEOUT_MS = 20_000
const MAX_OUTPUT_BYTES = 8 * 1024 * 1024

export interface OpensslRun {
  /** Relative paths in the arguments are in this folder. */
  readonly cwd: string
  /** Its configuration; without it, none. */
  readonly configurationPath?: string | undefined
}

/** Its standard output as bytes. */
export function openssl(args: readonly string[], { cwd, configurationPath }: OpensslRun): Promise<Buffer> {
  const path = commandPath('openssl')
  const env = { ...process.env, OPENSSL_CONF: configurationPath ?? '/dev/null' }
  return new Promise((resolve, reject) => {
    const options = {
      cwd,
      env,
      encoding: 'buffer',
      timeout: TIMEOUT_MS,
      maxBuffer: MAX_OUTPUT_BYTES,
    } as const
    const child = execFile(path, args, options, (error, stdout, stderr) => {
      if (error === null) return resolve(stdout)
      const output = Buffer.concat([stdout, stderr]).toString('utf8')
      const how = child.signalCode ?? `code ${child.exitCode}`
      reject(
        new TestSupportError('command-failed', `openssl ${args[0]} failed (${how})`, {
          output,
          cause: error,
        }),
      )
    })
    // What asks for a password must get the end of input, not wait for the terminal.
    child.stdin?.on('error', () => {})
    child.stdin?.end()
  })
}
