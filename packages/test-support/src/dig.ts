/** The `dig` command as a client that is not ours: `code` 0, or 9 without a reply, and so on (dig(1)). Knot's `kdig` takes most of the same. */
import { commandPath } from './command-path.js'
import { type CommandOptions, type CommandResult, runCommand } from './command-run.js'

export interface DigOptions extends CommandOptions {
  /** `127.0.0.1` unless given. */
  readonly host?: string | undefined
  readonly port: number
  readonly command?: 'dig' | 'kdig' | undefined
}

/** Asks, without anybody's `.digrc`, once, and waits for 3 seconds at most unless `args` say something else. */
export async function dig(
  question: readonly string[],
  { host = '127.0.0.1', port, command = 'dig', ...options }: DigOptions,
): Promise<CommandResult> {
  const own =
    command === 'dig' ? ['-r', '+nocookie', '+time=3', '+tries=1'] : ['+noidn', '+timeout=3', '+retry=0']
  const args = [...own, `@${host}`, '-p', `${port}`, ...(options.args ?? []), ...question]
  // Debian's dig and kdig hang at their start under the address sanitizer, which tests of addons preload.
  const env = { OPENSSL_CONF: '/dev/null', LD_PRELOAD: undefined, ...options.env }
  return await runCommand(commandPath(command), { ...options, args, env }, command)
}
