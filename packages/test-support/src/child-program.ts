/**
 * Runs a Node program in a child process to its end, for tests that look at Node from outside: exit codes, worker
 * threads, leaks. A code other than 0 is a result here, not an error. Promise: when the call returns, the program is
 * gone. Servers, which do not end by themselves, are real-server.ts.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { ChildOutput } from './child-output.js'
import { TestSupportError } from './errors.js'

/** Below vitest's usual limit per test, so that the error with the output comes first. */
const DEFAULT_TIMEOUT_MS = 8_000

/** How long output may still trickle in after the exit, from a grandchild that holds the pipe. */
const OUTPUT_PATIENCE_MS = 1_000

export interface ProgramOptions {
  readonly args?: readonly string[] | undefined
  /** Options for Node itself, such as `--expose-gc`. */
  readonly nodeArgs?: readonly string[] | undefined
  /** Added to this process's environment; undefined removes a name. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined
  readonly cwd?: string | undefined
  /** The program's standard input; without it the input is empty. */
  readonly stdin?: string | Uint8Array | undefined
  readonly timeoutMs?: number | undefined
  /** Another Node than this one. */
  readonly nodePath?: string | undefined
}

export interface ProgramResult {
  /** The exit code, or null if a signal ended it. */
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
  readonly durationMs: number
}

/** Runs `file` and returns how it ended. Past `timeoutMs` it is killed and the call rejects with `program-timeout`. */
export async function runProgram(file: string | URL, options: ProgramOptions = {}): Promise<ProgramResult> {
  const path = file instanceof URL ? fileURLToPath(file) : file
  const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS
  const startedAt = performance.now()
  const child = spawn(
    options.nodePath ?? process.execPath,
    [...(options.nodeArgs ?? []), path, ...(options.args ?? [])],
    { cwd: options.cwd, env: { ...process.env, ...options.env }, stdio: ['pipe', 'pipe', 'pipe'] },
  )
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
    const text = `${path} did not end within ${timeoutMs} ms and was killed`
    throw new TestSupportError('program-timeout', text, { output: output.text() })
  }
  return { code, signal, stdout: output.text('stdout'), stderr: output.text('stderr'), durationMs }
}

function ended(child: ChildProcess): Promise<Pick<ProgramResult, 'code' | 'signal'>> {
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code, signal) => resolve({ code, signal }))
  })
}
