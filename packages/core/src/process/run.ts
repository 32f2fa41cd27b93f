/** Running a program to its end: input in, output out, and nothing of it left when `run` is over. */
import { constants } from 'node:buffer'
import {
  checkDuration,
  checkInteger,
  checkOptionNames,
  GroupError,
  TimeoutError,
  wrongType,
} from '../errors.js'
import { now } from '../runtime/clock.js'
import { currentScope } from '../runtime/current.js'
import { group } from '../scope/group.js'
import { withTimeout } from '../scope/with-timeout.js'
import { ExitError, type RunResult, RunTimeoutError } from './errors.js'
import { checkInput, type ProcessInput } from './input.js'
import { launch } from './launch.js'
import { DEFAULT_GRACE_MS } from './process.js'
import { Running } from './running.js'
import { launchPlan, type StartOptions } from './start-options.js'

const DEFAULT_MAX_OUTPUT_BYTES = 16 * 1024 * 1024

export interface RunOptions extends Pick<StartOptions, 'cwd' | 'env' | 'shell' | 'argv0'> {
  /** What the program reads: all of it, then the end. /dev/null unless given. */
  readonly input?: ProcessInput
  /** Milliseconds until the program is ended and `run` fails with `TIMEOUT`. No limit unless given. */
  readonly timeoutMs?: number
  /** Milliseconds from SIGTERM to SIGKILL when the program has to be ended; 2000 unless given. */
  readonly graceMs?: number
  /**
   * The most bytes of stdout, and of stderr; 16 MiB unless given. More of either ends the program, and `run`
   * fails with `LIMIT`.
   */
  readonly maxOutputBytes?: number
  /** True: anything but code 0 fails with `EXIT`. False unless given: it is a result like any other. */
  readonly check?: boolean
}

const NAMES: ReadonlySet<string> = new Set<keyof RunOptions>([
  'input',
  'timeoutMs',
  'graceMs',
  'maxOutputBytes',
  'check',
  'cwd',
  'env',
  'shell',
  'argv0', // biome-ignore format: a list
])

/**
 * Runs `command` with `args` to its end and gives its code or signal and what it wrote. No shell is involved
 * unless `shell` is true. Waits until the program has ended and both its outputs have, also where something
 * that it left behind holds them open (`sleep 60 &` in a script: give a `timeoutMs`, or redirect its output).
 *
 * The program leads a process group of its own. When time is up, the caller is cancelled, the output is too
 * long or the input fails, the group gets SIGTERM; when program and output have ended, or `graceMs` later,
 * SIGKILL for what is left of it, and then `run` fails: nothing of the group runs any more. (A process that
 * left the group, by setsid(2), is out of reach.) If this program exits meanwhile, the group is killed with
 * it.
 *
 * Fails with `TIMEOUT` (`RunTimeoutError`, which has the output so far), `LIMIT`, `EXIT` if `check`,
 * `Interrupted` when cancelled, what `input` fails with, and with `ENOENT`, `EACCES` and the like if the
 * program cannot be started: see `start`. A program that does not read its input, or only some, is no
 * failure.
 */
export async function run(
  command: string,
  args: readonly string[] = [],
  options: RunOptions = {},
): Promise<RunResult> {
  checkOptionNames(options, NAMES)
  const { input, check = false } = options
  const timeoutMs = checkDuration('timeoutMs', options.timeoutMs ?? Number.POSITIVE_INFINITY)
  const graceMs = checkDuration('graceMs', options.graceMs ?? DEFAULT_GRACE_MS)
  const maxOutputBytes = checkInteger(
    'maxOutputBytes',
    options.maxOutputBytes ?? DEFAULT_MAX_OUTPUT_BYTES,
    0,
    constants.MAX_LENGTH - 1,
  )
  if (typeof check !== 'boolean') throw wrongType('check', 'true or false', check)
  if (input !== undefined) checkInput(input)
  const plan = launchPlan(command, args, {
    ...startOptions(options),
    stdin: input === undefined ? 'ignore' : 'pipe',
  })
  const refused = currentScope().refuse()
  if (refused !== null) return refused

  const startedAt = now()
  const running = new Running(launch(plan, true), maxOutputBytes)
  try {
    await withTimeout(timeoutMs, () => group((all) => running.converse(all, input)))
  } catch (error) {
    await running.terminate(graceMs)
    throw explained(error, command, running)
  } finally {
    running.close()
  }
  const result = { ...running.status, ...running.output(), pid: running.pid, durationMs: now() - startedAt }
  if (check && result.code !== 0) throw new ExitError(command, result)
  return result
}

/** Those of `start`'s that `run` has too; what else an object may have is not passed on. */
function startOptions({ cwd, env, shell, argv0 }: RunOptions): StartOptions {
  return {
    ...(cwd !== undefined && { cwd }),
    ...(env !== undefined && { env }),
    ...(shell !== undefined && { shell }),
    ...(argv0 !== undefined && { argv0 }),
  }
}

function explained(error: unknown, command: string, running: Running): unknown {
  // One thing failed, and the rest was cancelled because of it.
  if (error instanceof GroupError) return error.errors[0]
  if (!(error instanceof TimeoutError)) return error
  const { stdout, stderr } = running.output()
  return new RunTimeoutError(command, error.timeoutMs, stdout, stderr)
}
