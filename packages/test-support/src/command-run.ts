/**
 * Runs a command to its end, for tests that look at something from outside. A code other than 0 is a result here, not an
 * error. Promise: when the call returns, the program is gone. Servers, which do not end by themselves, are
 * real-server.ts.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { childEnvironment } from './child-environment.js'
import { ChildOutput } from './child-output.js'
import { TestSupportError } from './errors.js'

/** Below vitest's usual limit per test, so that the error with the output comes first. */
const DEFAULT_TIMEOUT_MS = 8_000

/** How long output may still trickle in after the exit, from a grandchild that holds the pipe. */
const OUTPUT_PATIENCE_MS = 1_000

export interface CommandOptions {
  readonly args?: readonly string[] | undefined
  /** Added to this process's environment; undefined removes a name. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined
  readonly cwd?: string | undefined
  /** The program's standard input; without it the input is empty. */
  readonly stdin?: string | Uint8Array | undefined
  readonly timeoutMs?: number | undefined
}

export interface CommandResult {
  /** The exit code, or null if a signal ended it. */
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
  readonly durationMs: number
}

/**
 * Runs the program at `path` and returns how it ended. Past `timeoutMs` it is killed and the call rejects with
 * `program-timeout`; `name` is what that error calls it.
 */
export async function runCommand(
  path: string,
  options: CommandOptions,
  name: string,
): Promise<CommandResult> {
  const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS
  const startedAt = performance.now()
  const child = spawn(path, options.args ?? [], {
    cwd: options.cwd,
    env: childEnvironment(path, options.env),
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const output = new ChildOutput(child)
  // A program may end without reading its input; that is its right, and shows here as EPIPE.
  child.stdin.on('error', () => {})
  child.stdin.end(options.stdin ?? '')

  let hasTimedOut = false
  const limit = setTimeout(() => {
    hasTimedOut = true
    child.kill('SIGKILL')
  }, timeoutMs)
  const { code, signal } = await ended(child).finally(() => clearTimeout(limit))
  const durationMs = performance.now() - startedAt
  await output.drained(OUTPUT_PATIENCE_MS)
  child.stdout.destroy()
  child.stderr.destroy()
  if (hasTimedOut) {
    const text = `${name} did not end within ${timeoutMs} ms and was killed`
    throw new TestSupportError('program-timeout', text, { output: output.text() })
  }
  return { code, signal, stdout: output.text('stdout'), stderr: output.text('stderr'), durationMs }
}

function ended(child: ChildProcess): Promise<Pick<CommandResult, 'code' | 'signal'>> {
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code, signal) => resolve({ code, signal }))
  })
}
