/** Runs a Node program in a child process to its end: exit codes, worker threads, leaks. */
import { fileURLToPath } from 'node:url'
import { type CommandOptions, type CommandResult, runCommand } from './command-run.js'

export interface ProgramOptions extends CommandOptions {
  /** Options for Node itself, such as `--expose-gc`. */
  readonly nodeArgs?: readonly string[] | undefined
  /** Another Node than this one. */
  readonly nodePath?: string | undefined
}

export type ProgramResult = CommandResult

/** Runs `file` and returns how it ended. Past `timeoutMs` it is killed and the call rejects with `program-timeout`. */
export async function runProgram(
  file: string | URL,
  { nodeArgs, nodePath, ...options }: ProgramOptions = {},
): Promise<ProgramResult> {
  const path = file instanceof URL ? fileURLToPath(file) : file
  const args = [...(nodeArgs ?? []), path, ...(options.args ?? [])]
  return await runCommand(nodePath ?? process.execPath, { ...options, args }, path)
}
