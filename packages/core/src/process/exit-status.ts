/** How a process ended, and the names of signals. */
import { constants } from 'node:os'
import { checkInteger, outOfRange, wrongType } from '../errors.js'

export interface ExitStatus {
  /** The exit code, 0 to 255; null if a signal ended the process. */
  readonly code: number | null
  /** The signal that ended it; null if it exited. */
  readonly signal: NodeJS.Signals | null
}

/** A status above this is a signal's number and this. */
const SIGNALLED = 256
/** Linux has the most. */
const LAST_SIGNAL = 64

const numbers: Readonly<Record<string, number>> = constants.signals
const names = new Map<number, NodeJS.Signals>()
// The first name of a number is the usual one: SIGABRT before SIGIOT, SIGIO before SIGPOLL.
for (const [name, number] of Object.entries(numbers))
  if (!names.has(number)) names.set(number, name as NodeJS.Signals)

/** From what the native `reap` gives. */
export function exitStatus(status: number): ExitStatus {
  if (status < SIGNALLED) return { code: status, signal: null }
  const number = status - SIGNALLED
  // Real-time signals have no names.
  return { code: null, signal: names.get(number) ?? (`SIG${number}` as NodeJS.Signals) }
}

/** `code 1`, `signal SIGKILL`. */
export function describeStatus({ code, signal }: ExitStatus): string {
  return signal === null ? `code ${code}` : `signal ${signal}`
}

export function signalNumber(signal: NodeJS.Signals | number): number {
  if (typeof signal === 'number') return checkInteger('signal', signal, 0, LAST_SIGNAL)
  if (typeof signal !== 'string') throw wrongType('signal', 'the name of a signal', signal)
  const number = Object.hasOwn(numbers, signal) ? numbers[signal] : undefined
  if (number === undefined) throw outOfRange('signal', 'the name of a signal, such as SIGTERM', signal)
  return number
}
