/**
 * The errors of the parts that run things: servers and child programs. Failed expectations (feeding, hostile rows,
 * leaks, heap growth) are not here: those are `AssertionError`s, as any runner prints them best.
 */

export type TestSupportErrorCode =
  /** The command is not installed; the message names its Debian package. */
  | 'missing-command'
  /** The server ended before it was ready. */
  | 'exited-early'
  /** The server runs but was not ready in time. */
  | 'not-ready'
  /** The child program did not end in time and was killed. */
  | 'program-timeout'
  /** A command that has to succeed did not; `output` holds what it wrote. */
  | 'command-failed'
  /** A process outlived SIGKILL; something is wrong with the machine. */
  | 'will-not-die'

export class TestSupportError extends Error {
  override readonly name = 'TestSupportError'
  readonly code: TestSupportErrorCode
  /** What the process had written, standard output and error together, or ''. It is part of the message too. */
  readonly output: string

  constructor(code: TestSupportErrorCode, text: string, facts: { output?: string; cause?: unknown } = {}) {
    const output = facts.output ?? ''
    super(output === '' ? text : `${text}\n--- its output ---\n${output}`, { cause: facts.cause })
    this.code = code
    this.output = output
  }
}
