/**
 * The cases of a `select`: what may happen, on which channel. A case can be used in any number of selects, one after the
 * other or at the same time: what one of them needs while it waits is in the entry that `enlist` makes.
 */
import { checkDuration } from '../errors.js'
import { addTimer } from '../runtime/timers.js'
import type { Channel } from './channel.js'
import { type Exchange, SentError } from './exchange.js'
import {
  type Chooser,
  type Entry,
  type Happening,
  ReceiveEntry,
  SendEntry,
  TimeoutEntry,
} from './select-entries.js'

export abstract class SelectCase {
  /** @internal */
  abstract readonly kind: Happening['kind']

  /** Whether it can happen without waiting. @internal */
  abstract isReady(): boolean

  /** Makes it happen. Only when it is ready. @internal */
  abstract happen(index: number): Happening

  /** Waits for it. Only when it is not ready. @internal */
  abstract enlist(chooser: Chooser, index: number): Entry
}

export class SendCase<T> extends SelectCase {
  readonly kind = 'send'
  readonly channel: Channel<T>
  readonly #exchange: Exchange<T>
  readonly #value: T

  /** @internal */
  constructor(channel: Channel<T>, exchange: Exchange<T>, value: T) {
    super()
    this.channel = channel
    this.#exchange = exchange
    this.#value = value
  }

  isReady(): boolean {
    return this.#exchange.canPut || this.#exchange.isClosed
  }

  happen(index: number): Happening {
    if (this.#exchange.isClosed) throw this.#exchange.closedError()
    this.#exchange.put(this.#value)
    return this.sent(index)
  }

  enlist(chooser: Chooser, index: number): Entry {
    const entry = new SendEntry(this, chooser, index, this.#value)
    this.#exchange.senders.push(entry)
    return entry
  }

  /** @internal */
  sent(index: number): Happening {
    return { kind: 'send', case: this, index, channel: this.channel, closed: false, value: undefined }
  }

  /** @internal */
  drop(entry: SendEntry<T>): void {
    this.#exchange.senders.remove(entry)
  }
}

export class ReceiveCase<T> extends SelectCase {
  readonly kind = 'receive'
  readonly channel: Channel<T>
  readonly #exchange: Exchange<T>

  /** @internal */
  constructor(channel: Channel<T>, exchange: Exchange<T>) {
    super()
    this.channel = channel
    this.#exchange = exchange
  }

  isReady(): boolean {
    return this.#exchange.canTake || this.#exchange.isClosed
  }

  happen(index: number): Happening {
    if (!this.#exchange.canTake) return this.ended(index)
    const item = this.#exchange.take()
    if (item instanceof SentError) throw item.error
    return this.received(index, item)
  }

  enlist(chooser: Chooser, index: number): Entry {
    const entry = new ReceiveEntry(this, chooser, index)
    this.#exchange.receivers.push(entry)
    return entry
  }

  /** @internal */
  received(index: number, value: T): Happening {
    return { kind: 'receive', case: this, index, channel: this.channel, closed: false, value }
  }

  /** @internal */
  ended(index: number): Happening {
    return { kind: 'receive', case: this, index, channel: this.channel, closed: true, value: undefined }
  }

  /** @internal */
  drop(entry: ReceiveEntry<T>): void {
    this.#exchange.receivers.remove(entry)
  }
}

export class TimeoutCase extends SelectCase {
  readonly kind = 'timeout'
  readonly ms: number

  /** @internal */
  constructor(ms: number) {
    super()
    this.ms = checkDuration('ms', ms)
  }

  isReady(): boolean {
    return false
  }

  happen(index: number): Happening {
    return { kind: 'timeout', case: this, index, channel: undefined, closed: false, value: undefined }
  }

  enlist(chooser: Chooser, index: number): Entry {
    const entry = new TimeoutEntry(this, chooser, index)
    addTimer(entry)
    return entry
  }
}

export class DefaultCase extends SelectCase {
  readonly kind = 'default'

  isReady(): boolean {
    return false
  }

  happen(index: number): Happening {
    return { kind: 'default', case: this, index, channel: undefined, closed: false, value: undefined }
  }

  enlist(): never {
    throw new Error('a select with a default case does not wait')
  }
}
