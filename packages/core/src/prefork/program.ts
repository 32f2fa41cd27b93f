/** The program that workers run: this very one, with its arguments. */
import { CoroError } from '../errors.js'
import { start } from '../process/start.js'
import type { DescriptorSource } from '../process/start-options.js'
import { environmentFor, type Role } from './role.js'

/** `-e`, `-p`, `-pe`, `--eval=…`, `--print`: the program is among Node's own arguments. */
const EVALUATES = /^(-p?e|-p|--eval(=.*)?|--print(=.*)?)$/s
/** Those of the debugger, whose port the supervisor has. */
const INSPECTS = /^--(inspect|debug-port)/
/** Such an argument whose value may be the next one. */
const INSPECTS_AT = new Set(['--inspect-port', '--debug-port', '--inspect-publish-uid'])

/** Throws `PREFORK_PROGRAM` if there is none: Node read it from its standard input, or was asked interactively. */
export function checkProgram(): void {
  const [, script] = process.argv
  if (process.execArgv.some((argument) => EVALUATES.test(argument))) return
  if (script !== undefined && script !== '-') return
  throw new CoroError(
    'PREFORK_PROGRAM',
    'there is no program for the workers to run: Node was started without a file',
  )
}

/** `given` become its descriptors 3, 4, … */
export function startProgram(role: Role, given: readonly DescriptorSource[]) {
  return start(process.execPath, [...execArguments(process.execArgv), ...process.argv.slice(1)], {
    env: environmentFor(role),
    stdin: 'ignore',
    stdout: 'inherit',
    stderr: 'inherit',
    descriptors: given,
  })
}

/** Node's own arguments, without those of the debugger. */
export function execArguments(all: readonly string[]): string[] {
  return all.filter(
    (argument, at) => !INSPECTS.test(argument) && !(at > 0 && INSPECTS_AT.has(all[at - 1] as string)),
  )
}
