/** Names of signals and their numbers here, and which of them a program can take. */
import { constants as os } from 'node:os'
import { outOfRange, wrongType } from '../errors.js'

/** As Node names them: `SIGTERM`, `SIGUSR1`. */
export type SignalName = NodeJS.Signals

const FAULT = 'which is how the processor or abort() reports a fault: the code that caused it cannot go on'
const KEPT = 'which the kernel lets nobody catch (signal(7))'

/** What cannot be waited for, and why. */
const REFUSED: Readonly<Partial<Record<SignalName, string>>> = {
  SIGKILL: KEPT,
  SIGSTOP: KEPT,
  SIGABRT: FAULT,
  SIGBUS: FAULT,
  SIGFPE: FAULT,
  SIGILL: FAULT,
  SIGIOT: FAULT,
  SIGSEGV: FAULT,
  SIGSYS: FAULT,
  SIGTRAP: FAULT,
}

const numbers = new Map(Object.entries(os.signals) as [SignalName, number][])

/** One more than the highest number that has a name. */
export const SIGNAL_NUMBERS = Math.max(...numbers.values()) + 1

/** The number of a signal that can be taken, or an error. */
export function signalNumber(argument: string, signal: unknown): number {
  if (typeof signal !== 'string') throw wrongType(argument, 'the name of a signal', signal)
  const number = numbers.get(signal as SignalName)
  if (number === undefined) {
    throw Object.assign(new TypeError(`${argument} must be a signal of this system, not '${signal}'`), {
      code: 'ERR_UNKNOWN_SIGNAL' as const,
    })
  }
  const why = REFUSED[signal as SignalName]
  if (why !== undefined) throw outOfRange(argument, 'a signal that a program can take', `${signal}, ${why}`)
  return number
}

/** The numbers of a list of names, without repetition. */
export function signalNumbers(argument: string, signals: readonly unknown[]): Map<number, SignalName> {
  return new Map(signals.map((signal) => [signalNumber(argument, signal), signal as SignalName]))
}

/** Every name of a number: SIGIO and SIGPOLL are one signal, and Node tells listeners of either. */
export function namesOf(number: number): SignalName[] {
  return [...numbers.keys()].filter((name) => numbers.get(name) === number)
}
