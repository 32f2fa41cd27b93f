/** The load generator wrk (Debian has it): as many requests as go over so many connections in a second or more. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { commandPath } from './command-path.js'
import { runCommand } from './command-run.js'
import { temporaryFolder } from './temporary-folder.js'

export interface WrkOptions {
  readonly connections: number
  readonly timeS: number
  /** Lua, as wrk(1) has it: `request`, `response`, `done`. */
  readonly script?: string | undefined
}

export interface WrkReport {
  /** Answers that came whole. */
  readonly answers: number
  /** Of other statuses than 2xx and 3xx. */
  readonly refused: number
  /** Connections that could not be made, or broke. */
  readonly failed: number
  readonly output: string
}

export async function wrk(url: string, { connections, timeS, script }: WrkOptions): Promise<WrkReport> {
  const folder = await temporaryFolder()
  try {
    const args = ['--threads', '1', '--connections', `${connections}`, '--duration', `${timeS}s`]
    if (script !== undefined) {
      const path = join(folder.path, 'script.lua')
      await writeFile(path, script)
      args.push('--script', path)
    }
    const { stdout: output } = await runCommand(
      commandPath('wrk'),
      { args: [...args, url], timeoutMs: 1_000 * timeS + 10_000 },
      'wrk',
    )
    const errors = /connect (\d+), read (\d+), write (\d+)/.exec(output)?.slice(1) ?? []
    return {
      answers: Number(/(\d+) requests in/.exec(output)?.[1]),
      refused: Number(/Non-2xx or 3xx responses: (\d+)/.exec(output)?.[1] ?? 0),
      failed: errors.reduce((sum, count) => sum + Number(count), 0),
      output,
    }
  } finally {
    await folder.remove()
  }
}
