/** A function that is called, in a coroutine, when a signal comes. It does not keep the process alive while none does. */
import { checkFunction, checkOptions, Shutdown, wrongType } from '../errors.js'
import { Coroutine, type Supervisor } from '../runtime/coroutine.js'
import { reportFailure } from '../runtime/notifier.js'
import type { SpawnOptions } from '../spawn.js'
import { CaughtSignal, checkMainThread, type Taker } from './caught-signal.js'
import { type SignalName, signalNumber } from './signal-name.js'

/** Told the signal, and how many deliveries of it this call is for: those since the call before began. */
export type SignalFunction = (signal: SignalName, count: number) => unknown

/** What `signals.handle` gives. */
export interface SignalHandler {
  readonly signal: SignalName
  /** It is not called again, not even for deliveries that came before. A call that has begun goes on. Idempotent. */
  remove(): void
  [Symbol.dispose](): void
}

class Handler implements SignalHandler, Taker, Supervisor {
  readonly signal: SignalName
  readonly #caught: CaughtSignal
  readonly #fn: SignalFunction
  readonly #settings: { readonly name: string; readonly daemon: boolean; readonly supervisor: Supervisor }
  #pending = 0
  #isRunning = false
  #isRemoved = false

  constructor(signal: SignalName, number: number, fn: SignalFunction, options: SpawnOptions) {
    this.signal = signal
    this.#fn = fn
    this.#settings = {
      name: options.name ?? (fn.name || `handler of ${signal}`),
      daemon: options.daemon ?? false,
      supervisor: this,
    }
    this.#caught = CaughtSignal.of(number)
    this.#caught.add(this)
  }

  remove(): void {
    if (this.#isRemoved) return
    this.#isRemoved = true
    this.#caught.remove(this)
  }

  [Symbol.dispose](): void {
    this.remove()
  }

  deliver(count: number): void {
    this.#pending += count
    if (!this.#isRunning) this.#begin()
  }

  #begin(): void {
    this.#isRunning = true
    new Coroutine(() => this.#call(), [], this.#settings)
  }

  #call(): unknown {
    if (this.#isRemoved) return undefined
    const count = this.#pending
    this.#pending = 0
    return this.#fn(this.signal, count)
  }

  childEnded(child: Coroutine, outcome: PromiseSettledResult<unknown>): void {
    this.#isRunning = false
    if (outcome.status === 'rejected' && !(outcome.reason instanceof Shutdown))
      reportFailure(outcome.reason, child)
    if (this.#pending > 0 && !this.#isRemoved) this.#begin()
  }
}

/**
 * Calls `fn(signal, count)`, in a coroutine of its own and so free to wait, when `signal` is delivered to this process; from
 * now on, and until the handler that it gives is removed. A signal with a handler no longer does what it does by default.
 *
 * A handler is not called again before it has ended: what comes meanwhile is counted, and the next call is for all of it. Several
 * handlers of a signal are all called. One that fails is reported to the exception notifier and stays. `options` are those of
 * the coroutine. Errors as for `signals.wait`.
 */
export function handle(signal: SignalName, fn: SignalFunction, options: SpawnOptions = {}): SignalHandler {
  const number = signalNumber('signal', signal)
  checkFunction('fn', fn)
  checkOptions(options)
  const { name, daemon } = options
  if (name !== undefined && typeof name !== 'string') throw wrongType('name', 'text', name)
  if (daemon !== undefined && typeof daemon !== 'boolean') throw wrongType('daemon', 'true or false', daemon)
  checkMainThread('signals.handle')
  return new Handler(signal, number, fn, options)
}
