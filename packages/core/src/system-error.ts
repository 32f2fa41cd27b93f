/**
 * Failures of system calls as Node reports them: `code` (`ECONNREFUSED`), `errno` (negative), `syscall`, and for
 * sockets `address` and `port`.
 */
import { constants } from 'node:os'
import { getSystemErrorMap } from 'node:util'
import { native } from './native.js'

export interface SystemErrorFacts {
  readonly address?: string | undefined
  readonly port?: number | undefined
  readonly path?: string | undefined
}

export interface SystemError extends Error, SystemErrorFacts {
  readonly code: string
  readonly errno: number
  readonly syscall: string
}

/** What Node has no name for. */
const UNNAMED = new Map([
  [
    -native.constants.ETOOMANYREFS,
    ['ETOOMANYREFS', 'too many descriptors sent and not received yet'] as const,
  ],
])

/** `result` is what a native call gave: the negative errno. `sentence`: what to say in place of the usual text. */
export function systemError(
  syscall: string,
  result: number,
  facts: SystemErrorFacts = {},
  sentence?: string,
): SystemError {
  const [code, description] = getSystemErrorMap().get(result) ??
    UNNAMED.get(result) ?? [errnoName(-result), 'unknown error']
  const where = facts.path ?? (facts.port === undefined ? facts.address : `${facts.address}:${facts.port}`)
  const text =
    where === undefined ? `${syscall} ${code}: ${description}` : `${syscall} ${code} ${where}: ${description}`
  const error = new Error(sentence ?? text) as Error & { -readonly [K in keyof SystemError]: SystemError[K] }
  error.errno = result
  error.code = code
  error.syscall = syscall
  if (facts.address !== undefined) error.address = facts.address
  if (facts.port !== undefined) error.port = facts.port
  if (facts.path !== undefined) error.path = facts.path
  return error
}

/** libuv names some errors only, execve's ENOEXEC not among them. */
function errnoName(errno: number): string {
  return Object.entries(constants.errno).find(([, number]) => number === errno)?.[0] ?? `E${errno}`
}
