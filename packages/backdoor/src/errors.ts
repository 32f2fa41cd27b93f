/**
 * The errors of this package. `code` is stable; messages are for people.
 *
 * CONFIGURATION  the caller: these options cannot be
 * LIMIT          the peer passed a limit; `limit` names the option
 * PROTOCOL       the peer is no terminal: broken telnet, an HTTP request
 * TRUNCATED      the peer closed in the middle of a telnet command
 * NO_REPL        the program: `node:repl` cannot be loaded beside what it has set up
 */
export type BackdoorErrorCode = 'CONFIGURATION' | 'LIMIT' | 'PROTOCOL' | 'TRUNCATED' | 'NO_REPL'

export class BackdoorError extends Error {
  override readonly name: string = 'BackdoorError'
  readonly code: BackdoorErrorCode
  /** For `LIMIT`: the name of the option that sets it. */
  readonly limit: string | undefined

  constructor(code: BackdoorErrorCode, text: string, facts: { limit?: string; cause?: unknown } = {}) {
    super(text, facts.cause === undefined ? undefined : { cause: facts.cause })
    this.code = code
    this.limit = facts.limit
  }
}
