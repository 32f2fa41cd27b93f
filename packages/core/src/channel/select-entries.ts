/**
 * The entries of a `select` that waits: one for each of its cases, in the queue of a channel or among the timers. The first
 * to be served tells the select, which withdraws them all before anything else can happen.
 */
import type { ChannelClosed } from '../errors.js'
import { now } from '../runtime/clock.js'
import { removeTimer, type Timed } from '../runtime/timers.js'
import type { Queued } from '../sync/wait-queue.js'
import { type Item, type Receiver, type Sender, SentError } from './exchange.js'
import type { ReceiveCase, SelectCase, SendCase, TimeoutCase } from './select-cases.js'

/** What happened, as plain data; `SelectResult` has the types. */
export interface Happening {
  readonly kind: 'send' | 'receive' | 'timeout' | 'default'
  readonly case: SelectCase
  readonly index: number
  readonly channel: unknown
  readonly closed: boolean
  readonly value: unknown
}

/** The select that waits, as its entries see it. */
export interface Chooser {
  /** This case happened: every entry is withdrawn, and the select gives `happening`. */
  choose(happening: Happening, yields: boolean): void
  /** This case failed: every entry is withdrawn, and the select fails. */
  abandon(error: unknown): void
}

/** A case while a select waits for it. The select threads its entries on `sibling`. */
export interface Entry {
  sibling: Entry | null
  /** Leaves wherever it waits; without effect if it has left. */
  withdraw(): void
}

export class SendEntry<T> implements Sender<T>, Entry {
  queue: object | null = null
  before: Queued | null = null
  after: Queued | null = null
  sibling: Entry | null = null
  readonly item: Item<T>
  readonly #case: SendCase<T>
  readonly #chooser: Chooser
  readonly #index: number

  constructor(owner: SendCase<T>, chooser: Chooser, index: number, item: Item<T>) {
    this.#case = owner
    this.#chooser = chooser
    this.#index = index
    this.item = item
  }
  accept(yields: boolean): void {
    this.#chooser.choose(this.#case.sent(this.#index), yields)
  }
  refuse(error: ChannelClosed): void {
    this.#chooser.abandon(error)
  }
  withdraw(): void {
    this.#case.drop(this)
  }
}

export class ReceiveEntry<T> implements Receiver<T>, Entry {
  queue: object | null = null
  before: Queued | null = null
  after: Queued | null = null
  sibling: Entry | null = null
  readonly #case: ReceiveCase<T>
  readonly #chooser: Chooser
  readonly #index: number

  constructor(owner: ReceiveCase<T>, chooser: Chooser, index: number) {
    this.#case = owner
    this.#chooser = chooser
    this.#index = index
  }
  deliver(item: Item<T>, yields: boolean): void {
    if (item instanceof SentError) this.#chooser.abandon(item.error)
    else this.#chooser.choose(this.#case.received(this.#index, item), yields)
  }
  end(): void {
    this.#chooser.choose(this.#case.ended(this.#index), false)
  }
  withdraw(): void {
    this.#case.drop(this)
  }
}

export class TimeoutEntry implements Entry, Timed {
  at: number
  sequence = 0
  place = -1
  /** What a channel has ready beats a timeout that is due in the same turn. */
  readonly yieldsToData = true
  sibling: Entry | null = null
  #isWithdrawn = false
  readonly #case: TimeoutCase
  readonly #chooser: Chooser
  readonly #index: number

  constructor(owner: TimeoutCase, chooser: Chooser, index: number) {
    this.at = now() + owner.ms
    this.#case = owner
    this.#chooser = chooser
    this.#index = index
  }
  expire(): void {
    // Out of the heap already, it may still be put off by a turn, in which something else happened.
    if (!this.#isWithdrawn) this.#chooser.choose(this.#case.happen(this.#index), false)
  }
  withdraw(): void {
    this.#isWithdrawn = true
    removeTimer(this)
  }
}
