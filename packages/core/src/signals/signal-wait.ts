/**
 * Waiting for signals. From the first wait on, a signal's deliveries are kept, as a number, for the waits to come: what
 * comes between two of them is not lost. One delivery ends one wait, the oldest first.
 */
import type { Awaitable } from '../awaitable.js'
import { ClosedError, outOfRange } from '../errors.js'
import { currentScope } from '../runtime/current.js'
import { afterTurn, spend } from '../runtime/fairness.js'
import type { Scope } from '../runtime/scope.js'
import { QueuedWait, WaitQueue } from '../sync/wait-queue.js'
import { CaughtSignal, checkMainThread, type Taker } from './caught-signal.js'
import { type SignalName, signalNumbers } from './signal-name.js'

const kept = new Map<number, Kept>()
/** All of them, whatever they wait for: a program has a few at most. */
const waits = new WaitQueue<SignalWait>()

/** Deliveries of a signal that no wait has taken yet. */
class Kept implements Taker {
  count = 0
  readonly number: number
  constructor(number: number) {
    this.number = number
  }
  deliver(count: number): void {
    this.count += count
    for (let wait = waits.first; wait !== null && this.count > 0; ) {
      const next = wait.after as SignalWait | null
      const name = wait.names.get(this.number)
      if (name !== undefined) {
        waits.remove(wait)
        this.count--
        wait.wake(name)
      }
      wait = next
    }
  }
}

class SignalWait extends QueuedWait<SignalName> {
  readonly names: ReadonlyMap<number, SignalName>
  constructor(scope: Scope, names: ReadonlyMap<number, SignalName>) {
    super(scope)
    this.names = names
  }
  protected override get isExternal(): boolean {
    return true
  }
  describe(): string {
    return `signal ${[...this.names.values()].join(' or ')}`
  }
}

/**
 * Waits until `signal`, or one of a list, is delivered to this process, and gives its name. Keeps the process alive.
 *
 * The first wait for a signal takes it over, so its default action no longer happens (SIGTERM no longer ends the program),
 * and its deliveries are kept from then on, until `release`: those that come while nobody waits end the next waits at once.
 * Every delivery ends one wait, the oldest first; of a list, what is kept of the first name is taken first. The kernel
 * merges a signal with an equal one that is still pending (signal(7)), so ten that others send may be delivered as one.
 *
 * Cancelling takes no delivery. Main thread only: in a worker it throws `ERR_WORKER_UNSUPPORTED_OPERATION`. Throws
 * `ERR_UNKNOWN_SIGNAL`, and `ERR_OUT_OF_RANGE` for signals nobody can take: SIGKILL and SIGSTOP, and those of faults (SIGSEGV).
 * Fails with `CLOSED` when the signal is released meanwhile.
 */
export function wait(signal: SignalName | readonly SignalName[]): Awaitable<SignalName> {
  const names = numbersOf(signal)
  checkMainThread('signals.wait')
  const scope = currentScope()
  const refused = scope.refuse()
  if (refused !== null) return refused
  let ready: Kept | undefined
  for (const number of names.keys()) {
    const one = keep(number)
    if (one.count > 0) ready ??= one
  }
  if (ready !== undefined) return spend(scope) ? take(ready, names) : afterTurn(() => wait(signal))
  const pending = new SignalWait(scope, names)
  waits.push(pending)
  return pending.suspend()
}

/**
 * Ends what the first `wait` began: kept deliveries are dropped, and unless it has handlers the signal does again what it did
 * before. Waits for it that are pending fail with `CLOSED`. Without effect on a signal nobody has waited for.
 */
export function release(signal: SignalName | readonly SignalName[]): void {
  for (const [number, name] of numbersOf(signal)) {
    const one = kept.get(number)
    if (one === undefined) continue
    kept.delete(number)
    for (let each = waits.first; each !== null; ) {
      const next = each.after as SignalWait | null
      if (each.names.has(number)) {
        waits.remove(each)
        each.fail(new ClosedError(`signals.release('${name}') was called`))
      }
      each = next
    }
    CaughtSignal.find(number)?.remove(one)
  }
}

function keep(number: number): Kept {
  const known = kept.get(number)
  if (known !== undefined) return known
  const one = new Kept(number)
  CaughtSignal.of(number).add(one)
  kept.set(number, one)
  return one
}

function take(ready: Kept, names: ReadonlyMap<number, SignalName>): SignalName {
  ready.count--
  return names.get(ready.number) as SignalName
}

function numbersOf(signal: SignalName | readonly SignalName[]): Map<number, SignalName> {
  const list: readonly unknown[] = Array.isArray(signal) ? signal : [signal]
  if (list.length === 0) throw outOfRange('signal', 'one name or more', 'an empty list')
  return signalNumbers('signal', list)
}
