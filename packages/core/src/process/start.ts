/** Starting a process. */
import type { Pipe } from '../net/pair.js'
import { launch } from './launch.js'
import { Process } from './process.js'
import { launchPlan, type StartOptions } from './start-options.js'

type NoOptions = Record<never, never>

/** A Pipe where 'pipe' was chosen or nothing was, null where something else was. */
type StreamFor<Options, Name extends 'stdin' | 'stdout' | 'stderr'> = Name extends keyof Options
  ? Options[Name] extends 'pipe' | undefined
    ? Pipe
    : 'pipe' extends Options[Name]
      ? Pipe | null
      : null
  : Pipe

/**
 * Starts `command` with `args` and returns at once. No shell is involved unless `shell` is true. A command
 * without a slash is looked for in the PATH of its environment, any other is a path from `cwd` (execvp(3)).
 * The child has the three standard streams and the given `descriptors`, nothing else of ours; every signal
 * has its default effect on it. Its status is taken when it ends: no zombie stays, whether or not anybody
 * waits.
 *
 * It belongs to nobody: it does not keep this program alive unless somebody waits for it, and goes on when
 * the program ends. Use `await using` or `stop()` where it must not; `run` sees to it by itself.
 *
 * Throws, with a sentence that says what is wrong: `ENOENT` (no such command, working directory or
 * interpreter), `EACCES`, `ENOTDIR`, `ENOEXEC`; and `EMFILE`, `EAGAIN` (too many processes), `E2BIG`, `EBADF`
 * (a descriptor that is not open); `ENOSYS` before Linux 5.3.
 */
export function start<const Options extends StartOptions = NoOptions>(
  command: string,
  args: readonly string[] = [],
  options = {} as Options,
): Process<StreamFor<Options, 'stdin'>, StreamFor<Options, 'stdout'>, StreamFor<Options, 'stderr'>> {
  return new Process(launch(launchPlan(command, args, options), false))
}
