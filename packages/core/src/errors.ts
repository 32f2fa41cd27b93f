/**
 * The errors of this package. `code` is stable and survives two copies of the package in one program; messages are for
 * people. Failures of system calls are Node's own kind of error (`ECONNRESET`, `EMFILE`, …): see system-error.ts.
 */
import { textOf } from './runtime/plain-text.js'

/** The base of every error of this package. */
export class CoroError extends Error {
  override readonly name: string = 'CoroError'
  readonly code: string
  constructor(code: string, text: string, cause?: unknown) {
    super(text, cause === undefined ? undefined : { cause })
    this.code = code
  }
}

/**
 * This wait was ended from outside: by `interrupt()`, by a scope that was cancelled, or by a timeout further out.
 * Let it pass. Whoever owns the cancellation turns it into something better at its own boundary.
 */
export class Interrupted extends CoroError {
  override readonly name: string = 'Interrupted'
  /** What `interrupt(reason)` was given. */
  readonly reason: unknown
  /** The scope whose cancellation this is, to be recognised at its boundary; undefined for a single interrupt. @internal */
  declare readonly origin: object | undefined
  constructor(text = 'interrupted', reason?: unknown, origin?: object, code = 'INTERRUPTED') {
    super(code, text, reason instanceof Error ? reason : undefined)
    this.reason = reason
    Object.defineProperty(this, 'origin', { value: origin, enumerable: false })
  }
}

/** The coroutine was told to end, by `shutdown()`, by its group, or because the program exits. Nobody reports it. */
export class Shutdown extends Interrupted {
  override readonly name: string = 'Shutdown'
  constructor(text = 'the coroutine was shut down', reason?: unknown, origin?: object) {
    super(text, reason, origin, 'SHUTDOWN')
  }
}

/** A `withTimeout` of one's own expired. A timeout further out arrives as `Interrupted`, never as this. */
export class TimeoutError extends CoroError {
  override readonly name: string = 'TimeoutError'
  /** The limit that was exceeded, in milliseconds. */
  readonly timeoutMs: number
  constructor(timeoutMs: number, text = `no result within ${timeoutMs} ms`) {
    super('TIMEOUT', text)
    this.timeoutMs = timeoutMs
  }
}

/** Somebody waits for this direction of this descriptor already; that one is not disturbed. */
export class SimultaneousError extends CoroError {
  override readonly name: string = 'SimultaneousError'
}

/** The socket, listener or pipe is closed: by this program (`CLOSED`), or by a send that was cancelled half-way (`BROKEN`). */
export class ClosedError extends CoroError {
  override readonly name: string = 'ClosedError'
  constructor(text: string, code: 'CLOSED' | 'BROKEN' = 'CLOSED') {
    super(code, text)
  }
}

/** The peer ended the stream before as many bytes came as were asked for. */
export class EndOfStream extends CoroError {
  override readonly name: string = 'EndOfStream'
  /** The bytes that did come. */
  readonly partial: Buffer
  constructor(partial: Buffer, text: string) {
    super('END_OF_STREAM', text)
    this.partial = partial
  }
}

/** A length from the peer passed a limit that this program set. */
export class LimitError extends CoroError {
  override readonly name: string = 'LimitError'
  /** The name of the option that sets the limit. */
  readonly limit: string
  constructor(limit: string, text: string) {
    super('LIMIT', text)
    this.limit = limit
  }
}

/** The channel is closed, and empty where one receives. */
export class ChannelClosed extends CoroError {
  override readonly name: string = 'ChannelClosed'
  constructor(text = 'the channel is closed') {
    super('CHANNEL_CLOSED', text)
  }
}

/** A lock was released by someone who does not hold it, or used in a way that could never succeed. */
export class LockError extends CoroError {
  override readonly name: string = 'LockError'
  constructor(text: string) {
    super('LOCK', text)
  }
}

/** At least one function of `inParallel` failed. `outcomes` has every result, in order. */
export class InParallelError extends CoroError {
  override readonly name: string = 'InParallelError'
  declare readonly outcomes: readonly PromiseSettledResult<unknown>[]
  constructor(outcomes: readonly PromiseSettledResult<unknown>[]) {
    const failed = outcomes.filter((outcome) => outcome.status === 'rejected')
    super('IN_PARALLEL', `${failed.length} of ${outcomes.length} failed`, failed[0]?.reason)
    defineQuietly(this, 'outcomes', outcomes)
  }
}

/** Something in a `group` failed. `errors` has every failure, the first one first; it is also the `cause`. */
export class GroupError extends CoroError {
  override readonly name: string = 'GroupError'
  declare readonly errors: readonly unknown[]
  constructor(errors: readonly unknown[]) {
    const first = errors[0]
    super('GROUP', `${errors.length} failed: ${textOf(first)}`, first)
    defineQuietly(this, 'errors', errors)
  }
}

/** Not enumerable, so that printing an error with a hundred others in it does not print those: the first is its cause. */
function defineQuietly(error: Error, name: string, value: unknown): void {
  Object.defineProperty(error, name, { value, enumerable: false })
}

/** An argument of the wrong type, with Node's own code for it. */
export function wrongType(name: string, expected: string, actual: unknown): TypeError {
  const kind =
    actual === null
      ? 'null'
      : typeof actual === 'object'
        ? `an instance of ${actual.constructor?.name ?? 'Object'}`
        : typeof actual
  return Object.assign(new TypeError(`${name} must be ${expected}, not ${kind}`), {
    code: 'ERR_INVALID_ARG_TYPE' as const,
  })
}

/** An argument of the right type whose value cannot be. */
export function outOfRange(name: string, expected: string, actual: unknown): RangeError {
  return Object.assign(new RangeError(`${name} must be ${expected}, not ${String(actual)}`), {
    code: 'ERR_OUT_OF_RANGE' as const,
  })
}

/** The number, or an error: an integer from `least` to `most`. */
export function checkInteger(name: string, value: unknown, least: number, most: number): number {
  if (typeof value !== 'number') throw wrongType(name, 'a number', value)
  if (!Number.isInteger(value) || value < least || value > most) {
    throw outOfRange(name, `a whole number from ${least} to ${most}`, value)
  }
  return value
}

/** A duration in milliseconds: a number of at least 0, `Infinity` included. */
export function checkDuration(name: string, value: unknown): number {
  if (typeof value !== 'number') throw wrongType(name, 'a number of milliseconds', value)
  if (!(value >= 0)) throw outOfRange(name, 'at least 0 milliseconds', value)
  return value
}

/** For options in an object, as all functions here take them. */
export function checkOptions(value: unknown): void {
  if (typeof value !== 'object' || value === null) throw wrongType('options', 'an object', value)
}

/**
 * As `checkOptions`, and refuses names that are not among `known`: a limit that was misspelt would be no limit. With Node's own
 * kind of error.
 */
export function checkOptionNames(value: unknown, known: ReadonlySet<string>): void {
  checkOptions(value)
  for (const name of Object.keys(value as object)) {
    if (known.has(name)) continue
    throw Object.assign(new TypeError(`there is no option ${name}: there are ${[...known].join(', ')}`), {
      code: 'ERR_UNKNOWN_OPTION' as const,
    })
  }
}

export function checkFunction(name: string, value: unknown): void {
  if (typeof value !== 'function') throw wrongType(name, 'a function', value)
}
