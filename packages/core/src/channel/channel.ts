/**
 * Channel: values from coroutine to coroutine. At capacity 0 a send waits for its receiver and a receive for its sender;
 * with a capacity, sends run ahead by so many values. A value that is a promise arrives as what it resolves to.
 */
import type { Awaitable } from '../awaitable.js'
import { checkInteger, wrongType } from '../errors.js'
import { currentScope } from '../runtime/current.js'
import { afterTurn, spend } from '../runtime/fairness.js'
import { Exchange, type Item, type Preference, SentError } from './exchange.js'
import { NextWait, ReceiveWait, SendWait } from './parties.js'
import { ReceiveCase, SendCase } from './select-cases.js'

/** What was received without waiting: a value, or the end. */
export type Received<T> =
  | { readonly closed: false; readonly value: T }
  | { readonly closed: true; readonly value: undefined }

export class Channel<T> implements AsyncIterable<T> {
  readonly #exchange: Exchange<T>

  /** `capacity` may be `Infinity`; 0 unless given. */
  constructor(capacity = 0) {
    this.#exchange = new Exchange(
      capacity === Infinity ? capacity : checkInteger('capacity', capacity, 0, Number.MAX_SAFE_INTEGER),
    )
  }

  get capacity(): number {
    return this.#exchange.capacity
  }

  /** How many values are buffered. */
  get size(): number {
    return this.#exchange.buffer.size
  }

  /** Waiting senders minus waiting receivers. Only one side ever waits but for `select` on both, so the sign says which. */
  get balance(): number {
    return this.#exchange.senders.size - this.#exchange.receivers.size
  }

  /** Nothing more can be sent. What is buffered can still be received. */
  get isClosed(): boolean {
    return this.#exchange.isClosed
  }

  /**
   * Who goes on first after a rendezvous, if both `await` at once: the receiver (unless set), the sender, or, for
   * `neither`, the one that waited. The other goes on in the same slice, before any I/O. Code that runs on after a
   * send without an `await` is ahead of anybody.
   */
  get preference(): Preference {
    return this.#exchange.preference
  }

  set preference(preference: Preference) {
    if (preference !== 'receiver' && preference !== 'sender' && preference !== 'neither') {
      throw wrongType('preference', "'receiver', 'sender' or 'neither'", preference)
    }
    this.#exchange.preference = preference
  }

  /**
   * Sends `value`: waits until it is received, or buffered. Cancelled, it was not sent. Fails with `CHANNEL_CLOSED` if the
   * channel is closed, or is while this waits.
   */
  send(value: T): Awaitable<void> {
    return this.#send(value)
  }

  /** Sends an error in the place of a value: the `receive` that gets it rejects with it. Otherwise as `send`. */
  sendError(error: unknown): Awaitable<void> {
    return this.#send(new SentError(error))
  }

  /** Sends `value` if that needs no waiting. Throws `CHANNEL_CLOSED` if the channel is closed. */
  trySend(value: T): boolean {
    const exchange = this.#exchange
    if (exchange.isClosed) throw exchange.closedError()
    if (!exchange.canPut) return false
    exchange.put(value)
    return true
  }

  /**
   * Receives the next value, and waits for one. Cancelled, it has received nothing. Fails with `CHANNEL_CLOSED` when the
   * channel is closed and empty, and with whatever was sent by `sendError`.
   */
  receive(): Awaitable<T> {
    const scope = currentScope()
    const refused = scope.refuse()
    if (refused !== null) return refused
    const exchange = this.#exchange
    if (exchange.canTake) {
      if (!spend(scope)) return afterTurn(() => this.receive())
      const item = exchange.take()
      return item instanceof SentError ? Promise.reject(item.error) : item
    }
    if (exchange.isClosed) return Promise.reject(exchange.closedError())
    const wait = new ReceiveWait(scope, exchange)
    exchange.receivers.push(wait)
    return wait.suspend()
  }

  /** Receives if that needs no waiting; undefined: nothing is there now. Throws whatever was sent by `sendError`. */
  tryReceive(): Received<T> | undefined {
    const exchange = this.#exchange
    if (exchange.canTake) {
      const item = exchange.take()
      if (item instanceof SentError) throw item.error
      return { closed: false, value: item }
    }
    return exchange.isClosed ? { closed: true, value: undefined } : undefined
  }

  /**
   * Closes the channel. Senders that wait fail with `CHANNEL_CLOSED`: their values were not sent. What is buffered can
   * still be received, then receiving fails with `CHANNEL_CLOSED` and iteration ends. With a `reason`, that is the `cause`
   * of these errors, and iteration fails with it too. A second time without effect.
   */
  close(reason?: unknown): void {
    this.#exchange.close(reason)
  }

  /** Receives value after value until the channel is closed and empty. Leaving the loop receives and closes nothing. */
  [Symbol.asyncIterator](): AsyncIterator<T, undefined> {
    return { next: () => Promise.resolve(this.#next()) }
  }

  /** For `select`: sends `value`, if this is the case that happens. */
  sendCase(value: T): SendCase<T> {
    return new SendCase(this, this.#exchange, value)
  }

  /** For `select`: receives, if this is the case that happens. It may be used again and again. */
  receiveCase(): ReceiveCase<T> {
    return new ReceiveCase(this, this.#exchange)
  }

  #send(item: Item<T>): Awaitable<void> {
    const scope = currentScope()
    const refused = scope.refuse()
    if (refused !== null) return refused
    const exchange = this.#exchange
    if (exchange.isClosed) return Promise.reject(exchange.closedError())
    if (exchange.canPut) return spend(scope) ? exchange.put(item) : afterTurn(() => this.#send(item))
    const wait = new SendWait(scope, item)
    exchange.senders.push(wait)
    return wait.suspend()
  }

  #next(): Awaitable<IteratorResult<T, undefined>> {
    const scope = currentScope()
    const refused = scope.refuse()
    if (refused !== null) return refused
    const exchange = this.#exchange
    if (exchange.canTake) {
      if (!spend(scope)) return afterTurn(() => this.#next())
      const item = exchange.take()
      return item instanceof SentError ? Promise.reject(item.error) : { done: false, value: item }
    }
    if (exchange.isClosed) {
      return exchange.closeReason === undefined
        ? { done: true, value: undefined }
        : Promise.reject(exchange.closedError())
    }
    const wait = new NextWait(scope, exchange)
    exchange.receivers.push(wait)
    return wait.suspend()
  }
}
