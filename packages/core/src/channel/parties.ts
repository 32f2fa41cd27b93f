/** The coroutines that wait at a channel: to send one item, to receive one, or for the next of an iteration. */
import type { ChannelClosed } from '../errors.js'
import type { Scope } from '../runtime/scope.js'
import { QueuedWait } from '../sync/wait-queue.js'
import { type Exchange, type Item, type Receiver, type Sender, SentError } from './exchange.js'

/**
 * What a wait that yields is woken with: a promise in the place of the value takes some turns of the microtask queue more
 * to arrive, while the other side, which has its value at once, needs one. The wait has ended all the same.
 */
export function inSecondPlace<T>(value: T): T {
  return Promise.resolve(value) as T
}

export class SendWait<T> extends QueuedWait<void> implements Sender<T> {
  readonly item: Item<T>
  constructor(scope: Scope, item: Item<T>) {
    super(scope)
    this.item = item
  }
  accept(yields: boolean): void {
    this.wake(yields ? inSecondPlace(undefined) : undefined)
  }
  refuse(error: ChannelClosed): void {
    this.fail(error)
  }
  describe(): string {
    return 'send on a channel'
  }
}

export class ReceiveWait<T> extends QueuedWait<T> implements Receiver<T> {
  readonly #exchange: Exchange<T>
  constructor(scope: Scope, exchange: Exchange<T>) {
    super(scope)
    this.#exchange = exchange
  }
  deliver(item: Item<T>, yields: boolean): void {
    if (item instanceof SentError) this.fail(item.error)
    else this.wake(yields ? inSecondPlace(item) : item)
  }
  end(): void {
    this.fail(this.#exchange.closedError())
  }
  describe(): string {
    return 'receive on a channel'
  }
}

export class NextWait<T> extends QueuedWait<IteratorResult<T, undefined>> implements Receiver<T> {
  readonly #exchange: Exchange<T>
  constructor(scope: Scope, exchange: Exchange<T>) {
    super(scope)
    this.#exchange = exchange
  }
  deliver(item: Item<T>, yields: boolean): void {
    if (item instanceof SentError) {
      this.fail(item.error)
    } else {
      const result: IteratorResult<T, undefined> = { done: false, value: item }
      this.wake(yields ? inSecondPlace(result) : result)
    }
  }
  end(): void {
    if (this.#exchange.closeReason === undefined) this.wake({ done: true, value: undefined })
    else this.fail(this.#exchange.closedError())
  }
  describe(): string {
    return 'receive on a channel'
  }
}
