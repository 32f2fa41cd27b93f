/** Coroutines that wait in line at a BufferedWriter, each with an amount of bytes that says when its turn is. */
import type { Scope } from '../runtime/scope.js'
import { QueuedWait, WaitQueue } from '../sync/wait-queue.js'

export class WriterQueue {
  readonly #name: string
  /** Called when somebody gave up: those behind may be next. */
  readonly #onLeft: () => void
  readonly #waits = new WaitQueue<WriterWait>()

  constructor(name: string, onLeft: () => void) {
    this.#name = name
    this.#onLeft = onLeft
  }

  get isEmpty(): boolean {
    return this.#waits.size === 0
  }

  /** What the first in line was given; undefined: there is nobody. */
  get firstAmount(): number | undefined {
    return this.#waits.first?.amount
  }

  /** Waits to be woken. `onTurn` is called by who wakes it, before: what it does is done whatever becomes of the coroutine. */
  wait(scope: Scope, amount: number, onTurn?: () => void): Promise<void> {
    const wait = new WriterWait(scope, this.#name, amount, this.#onLeft, onTurn)
    this.#waits.push(wait)
    return wait.suspend()
  }

  wakeFirst(): void {
    const wait = this.#waits.shift()
    wait?.onTurn?.()
    wait?.wake()
  }

  failAll(error: unknown): void {
    for (let wait = this.#waits.shift(); wait !== undefined; wait = this.#waits.shift()) wait.fail(error)
  }
}

class WriterWait extends QueuedWait<void> {
  readonly #name: string
  readonly amount: number
  readonly #onLeft: () => void
  readonly onTurn: (() => void) | undefined

  constructor(
    scope: Scope,
    name: string,
    amount: number,
    onLeft: () => void,
    onTurn: (() => void) | undefined,
  ) {
    super(scope)
    this.#name = name
    this.amount = amount
    this.#onLeft = onLeft
    this.onTurn = onTurn
  }

  protected override left(): void {
    this.#onLeft()
  }

  describe(): string {
    return this.#name
  }
}
