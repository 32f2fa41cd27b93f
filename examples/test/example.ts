/** The examples as their readers run them: compiled, in a process of their own. */
import { fileURLToPath } from 'node:url'
import { type ProgramResult, type RealServer, runProgram, startServer } from '@shrapnel/test-support'

function pathOf(example: string): string {
  return fileURLToPath(new URL(`../dist/${example}.js`, import.meta.url))
}

/** Runs one that ends by itself. */
export async function runExample(example: string, ...args: string[]): Promise<ProgramResult> {
  const result = await runProgram(pathOf(example), { args })
  return { ...result, stderr: withoutDelays(result.stderr) }
}

/** Starts one that goes on; it is ready when it has written a line that matches. */
export function startExample(example: string, line: RegExp, ...args: string[]): Promise<RealServer> {
  return startServer({ command: process.execPath, args: [pathOf(example), ...args], ready: { line } })
}

/** Waits until it has written something that matches: a pipe brings that a little later than it was written. */
export async function untilSaid(server: RealServer, pattern: RegExp): Promise<void> {
  while (!pattern.test(server.output())) await new Promise(setImmediate)
}

/**
 * On a machine that is busy with something else, any coroutine may be reported to have held the processor.
 */
export function withoutDelays(output: string): string {
  return output.replace(/^.* held the processor for \d+ ms\n/gm, '')
}
