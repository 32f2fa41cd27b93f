/**
 * The signals that end the program through `setExit`, unless somebody takes them: SIGTERM and SIGINT, from the import of
 * this package on. In a worker thread nothing is done here.
 */
import { constants as os } from 'node:os'
import { isMainThread } from 'node:worker_threads'
import { checkDuration, checkOptions, wrongType } from '../errors.js'
import { type ExitOptions, setExit } from '../exit.js'
import { CaughtSignal, catchAgain, checkMainThread } from './caught-signal.js'
import { type SignalName, signalNumbers } from './signal-name.js'

const DEFAULT: readonly SignalName[] = ['SIGTERM', 'SIGINT']

/** As the shell reports a process that a signal ended. */
const ENDED_BY_SIGNAL = 128

/** A signal that comes so long after the first one means it. The native handler has the same figure, for a loop that is stuck. */
const INSIST_AFTER_MS = 1000

let exiting = new Map<number, SignalName>()
let exitOptions: ExitOptions = {}
let firstAt: number | undefined

/**
 * Sets which signals end the program, through `setExit`; `[]`: none. SIGTERM and SIGINT unless set. Gives those before.
 *
 * It happens only where nobody takes the signal: neither a listener of Node (`process.on`), nor `signals.handle` or
 * `signals.wait`. The status is 0 for SIGTERM, which asked for this end, and 128 + its number for the others: 130 for SIGINT. `graceMs`
 * is that of `setExit`, for this and all later calls. A second signal, at least a second after the first, ends the process at
 * once with 128 + its number; if JavaScript has not even got round to the first, it does what it does to a program without this package.
 *
 * Main thread only, and errors, as for `signals.wait`.
 */
export function exitOn(signals: readonly SignalName[], options: ExitOptions = {}): SignalName[] {
  if (!Array.isArray(signals)) throw wrongType('signals', 'a list of names', signals)
  const next = signalNumbers('signals', signals)
  checkOptions(options)
  if (options.graceMs !== undefined) checkDuration('graceMs', options.graceMs)
  checkMainThread('signals.exitOn')
  if (options.graceMs !== undefined) exitOptions = { graceMs: options.graceMs }
  const before = exiting
  exiting = next
  for (const number of before.keys()) {
    const signal = CaughtSignal.find(number)
    if (!next.has(number) && signal !== undefined) signal.fallback = null
  }
  for (const number of next.keys()) CaughtSignal.of(number).fallback = () => exit(number)
  catchAgain()
  return [...before.values()]
}

function exit(number: number): void {
  const time = performance.now()
  if (firstAt === undefined) {
    firstAt = time
    setExit(number === os.signals.SIGTERM ? 0 : ENDED_BY_SIGNAL + number, exitOptions)
  } else if (time - firstAt >= INSIST_AFTER_MS) {
    process.exit(ENDED_BY_SIGNAL + number)
  }
}

if (isMainThread) exitOn(DEFAULT)
