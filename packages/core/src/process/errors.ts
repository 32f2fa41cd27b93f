/**
 * What `run` gives, and what it fails with. A program that could not be started is a system error:
 * launch-failure.ts.
 */
import { CoroError, TimeoutError } from '../errors.js'
import { describeStatus, type ExitStatus } from './exit-status.js'

export interface RunResult extends ExitStatus {
  readonly stdout: Buffer
  readonly stderr: Buffer
  readonly pid: number
  /** From the start to the end of process and output, in milliseconds. */
  readonly durationMs: number
}

const LONGEST_QUOTE = 200

/** With `check`: the program ran, and did not end with code 0. */
export class ExitError extends CoroError {
  override readonly name: string = 'ExitError'
  declare readonly result: RunResult
  constructor(command: string, result: RunResult) {
    const last = lastLine(result.stderr)
    super('EXIT', `${command} ended with ${describeStatus(result)}${last === '' ? '' : `: ${last}`}`)
    // Not enumerable: printing the error is not to print the output.
    Object.defineProperty(this, 'result', { value: result, enumerable: false })
  }
}

/** `run` took longer than its `timeoutMs`; the process is gone. It has what had been written until then. */
export class RunTimeoutError extends TimeoutError {
  override readonly name: string = 'RunTimeoutError'
  declare readonly stdout: Buffer
  declare readonly stderr: Buffer
  constructor(command: string, timeoutMs: number, stdout: Buffer, stderr: Buffer) {
    super(timeoutMs, `${command} did not end within ${timeoutMs} ms`)
    Object.defineProperty(this, 'stdout', { value: stdout, enumerable: false })
    Object.defineProperty(this, 'stderr', { value: stderr, enumerable: false })
  }
}

/** The last line that says something: the place where programs say why. */
function lastLine(bytes: Buffer): string {
  const text = bytes.subarray(-LONGEST_QUOTE).toString().trimEnd()
  return text.slice(text.lastIndexOf('\n') + 1)
}
