/**
 * Exchange: where the values of a channel change hands. It holds what is buffered and who waits, on either side, and knows
 * nothing of coroutines and scopes: a party is told what became of it and does the rest. Each value goes to exactly one
 * receiver, in the order in which the senders came.
 */
import { ChannelClosed } from '../errors.js'
import { Deque } from '../sync/deque.js'
import { type Queued, WaitQueue } from '../sync/wait-queue.js'

/** Which side goes on first after a rendezvous. */
export type Preference = 'receiver' | 'sender' | 'neither'

/** What `sendError` sends: it takes the place of a value and is thrown where it is received. */
export class SentError {
  readonly error: unknown
  constructor(error: unknown) {
    this.error = error
  }
}

export type Item<T> = T | SentError

/** One who waits to receive. Both calls come after it was taken out of the queue, and only one of them. */
export interface Receiver<T> extends Queued {
  /** `yields`: the sender goes on first. */
  deliver(item: Item<T>, yields: boolean): void
  /** The channel was closed. */
  end(): void
}

/** One who waits to send. Both calls come after it was taken out of the queue, and only one of them. */
export interface Sender<T> extends Queued {
  readonly item: Item<T>
  /** The item was taken. `yields`: the receiver goes on first. */
  accept(yields: boolean): void
  /** The channel was closed. */
  refuse(error: ChannelClosed): void
}

export class Exchange<T> {
  readonly capacity: number
  readonly buffer = new Deque<Item<T>>()
  readonly senders = new WaitQueue<Sender<T>>()
  readonly receivers = new WaitQueue<Receiver<T>>()
  preference: Preference = 'receiver'
  isClosed = false
  closeReason: unknown

  constructor(capacity: number) {
    this.capacity = capacity
  }

  /** Whether `put` has where to put an item. */
  get canPut(): boolean {
    return this.receivers.first !== null || this.buffer.size < this.capacity
  }

  /** Whether `take` has what to take. */
  get canTake(): boolean {
    return this.senders.first !== null || this.buffer.size > 0
  }

  /** Hands an item over, or buffers it. Only when `canPut`. */
  put(item: Item<T>): void {
    const receiver = this.receivers.shift()
    if (receiver === undefined) this.buffer.push(item)
    else receiver.deliver(item, this.preference === 'sender')
  }

  /** Takes the oldest item. Only when `canTake`. */
  take(): Item<T> {
    const sender = this.senders.shift()
    if (this.buffer.size === 0) {
      ;(sender as Sender<T>).accept(this.preference === 'receiver')
      return (sender as Sender<T>).item
    }
    const item = this.buffer.shift()
    if (sender !== undefined) {
      this.buffer.push(sender.item)
      sender.accept(this.preference === 'receiver')
    }
    return item
  }

  /** Ends everyone who waits. What is buffered stays. */
  close(reason: unknown): void {
    if (this.isClosed) return
    this.isClosed = true
    this.closeReason = reason
    this.senders.drain((sender) => sender.refuse(this.closedError()))
    this.receivers.drain((receiver) => receiver.end())
  }

  /** A new one each time: its stack is that of whoever gets it. */
  closedError(): ChannelClosed {
    const { closeReason } = this
    if (closeReason === undefined) return new ChannelClosed()
    const text = closeReason instanceof Error ? closeReason.message : String(closeReason)
    return Object.assign(new ChannelClosed(`the channel is closed: ${text}`), { cause: closeReason })
  }
}
