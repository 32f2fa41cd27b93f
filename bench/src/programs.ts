/** Runs one of `programs/` in a fresh process, so that neither garbage nor compiled code passes from one to another. */
import { join } from 'node:path'
import { type Context, OURS } from './benchmark.js'
import { FOLDERS } from './folders.js'
import { problemWithCore } from './installed.js'
import { answerOf } from './line-process.js'

/** `parameters` reach the program as JSON. It prints one line of JSON. */
export function runProgram<Reply>(
  program: string,
  contestant: string,
  parameters: Readonly<Record<string, number | string>>,
): Promise<Reply> {
  const file = join(FOLDERS.dist, 'programs', `${program}.js`)
  return answerOf<Reply>([process.execPath, '--expose-gc', file, contestant, JSON.stringify(parameters)])
}

/** `names`, without ours and with a notice if core cannot be imported. */
export function runnable(names: readonly string[], context: Context): string[] {
  const problem = problemWithCore()
  if (problem === undefined) return [...names]
  context.notice(`${OURS} is left out (${problem}). To have it: pnpm build`)
  return names.filter((name) => name !== OURS)
}
