/**
 * The signals that this process catches: why each is caught, and who is told of its deliveries. A signal is caught as long
 * as anybody has a reason, and then goes back to what handled it before. Node's own listeners hear it all the same.
 *
 * Who takes a delivery is decided when it comes and not when JavaScript gets to see it: a listener added with `once` is
 * gone by then.
 */
import { isMainThread } from 'node:worker_threads'
import { native } from '../native.js'
import { type Watched, watch } from '../runtime/dispatcher.js'
import { systemError } from '../system-error.js'
import { namesOf, SIGNAL_NUMBERS, type SignalName } from './signal-name.js'

/** Whoever is told how often a signal came. */
export interface Taker {
  deliver(count: number): void
}

const caught = new Map<number, CaughtSignal>()
const counts = new Int32Array(2 * SIGNAL_NUMBERS)
let pipe = -1

/** Throws in a worker thread: signals are sent to the process, and only its main thread can answer for it. */
export function checkMainThread(what: string): void {
  if (isMainThread) return
  throw Object.assign(new TypeError(`${what} is for the main thread: a worker thread gets no signals`), {
    code: 'ERR_WORKER_UNSUPPORTED_OPERATION' as const,
  })
}

export class CaughtSignal {
  readonly number: number
  readonly #names: readonly SignalName[]
  readonly #takers = new Set<Taker>()
  /** What happens when nobody takes it. */
  #fallback: (() => void) | null = null

  private constructor(number: number) {
    this.number = number
    this.#names = namesOf(number)
  }

  /** Throws what sigaction(2) says. */
  static of(number: number): CaughtSignal {
    const known = caught.get(number)
    if (known !== undefined) return known
    open()
    check('sigaction', native.catchSignal(number))
    const signal = new CaughtSignal(number)
    caught.set(number, signal)
    return signal
  }

  static find(number: number): CaughtSignal | undefined {
    return caught.get(number)
  }

  add(taker: Taker): void {
    this.#takers.add(taker)
    this.#update()
  }

  remove(taker: Taker): void {
    this.#takers.delete(taker)
    this.#update()
  }

  set fallback(fallback: (() => void) | null) {
    this.#fallback = fallback
    this.#update()
  }

  deliver(count: number, byDefault: number): void {
    // A copy: a taker that is told may have another one removed, or itself.
    if (this.#takers.size > 0) for (const taker of [...this.#takers]) taker.deliver(count)
    else if (byDefault > 0) this.#fallback?.()
  }

  #update(): void {
    if (this.#takers.size === 0 && this.#fallback === null) {
      if (caught.delete(this.number)) check('sigaction', native.releaseSignal(this.number))
      return
    }
    this.#setDefault(!this.#names.some((name) => process.listenerCount(name) > 0))
  }

  #setDefault(isUnheard: boolean): void {
    const isOn = this.#fallback !== null && this.#takers.size === 0 && isUnheard
    native.setSignalDefault(this.number, isOn ? 1 : 0)
  }

  /** A listener of Node is about to be added. */
  listenerComes(name: string | symbol): void {
    if (!this.#names.includes(name as SignalName)) return
    // node:vm has taken SIGINT from us if `breakOnSigint` was used, and tells nobody but by adding the listeners again.
    check('sigaction', native.catchSignal(this.number))
    this.#setDefault(false)
  }

  /** A listener of Node was removed. */
  listenerGoes(name: string | symbol): void {
    if (this.#names.includes(name as SignalName)) this.#update()
  }
}

/** Puts our handler back where somebody has replaced it. */
export function catchAgain(): void {
  for (const number of caught.keys()) check('sigaction', native.catchSignal(number))
}

function open(): void {
  if (pipe >= 0) return
  const opened = native.openSignals()
  check('pipe', opened)
  pipe = opened
  watch(pipe, { onEvent } satisfies Watched)
  process.on('newListener', (name) => {
    for (const signal of caught.values()) signal.listenerComes(name)
  })
  process.on('removeListener', (name) => {
    for (const signal of caught.values()) signal.listenerGoes(name)
  })
}

function onEvent(): void {
  if (native.takeSignals(pipe, counts) === 0) return
  for (let number = 1; number < SIGNAL_NUMBERS; number++) {
    const count = counts[2 * number] as number
    if (count > 0) caught.get(number)?.deliver(count, counts[2 * number + 1] as number)
  }
}

function check(syscall: string, result: number): void {
  if (result < 0) throw systemError(syscall, result)
}
