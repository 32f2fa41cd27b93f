/** What coroutines wait for at a Fifo: a value, all values, the next of an iteration, or room for one. */
import type { Scope } from '../runtime/scope.js'
import { QueuedWait } from './wait-queue.js'

/** One who waits for a value. */
export interface TakeWait<T> extends QueuedWait<unknown> {
  deliver(value: T): void
  /** There will be none. */
  end(error: Error): void
}

export class PopWait<T> extends QueuedWait<T> implements TakeWait<T> {
  deliver(value: T): void {
    this.wake(value)
  }
  end(error: Error): void {
    this.fail(error)
  }
  describe(): string {
    return 'fifo: empty'
  }
}

export class PopAllWait<T> extends QueuedWait<T[]> implements TakeWait<T> {
  deliver(value: T): void {
    this.wake([value])
  }
  end(error: Error): void {
    this.fail(error)
  }
  describe(): string {
    return 'fifo: empty'
  }
}

export class NextWait<T> extends QueuedWait<IteratorResult<T, undefined>> implements TakeWait<T> {
  deliver(value: T): void {
    this.wake({ done: false, value })
  }
  end(): void {
    this.wake({ done: true, value: undefined })
  }
  describe(): string {
    return 'fifo: empty'
  }
}

export class PushWait<T> extends QueuedWait<void> {
  readonly value: T
  constructor(scope: Scope, value: T) {
    super(scope)
    this.value = value
  }
  describe(): string {
    return 'fifo: full'
  }
}
