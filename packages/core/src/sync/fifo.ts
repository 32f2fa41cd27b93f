/**
 * Fifo: a queue that coroutines take values from, waiting while it is empty, and put values into, waiting while it is full
 * if it has a limit. A value goes straight to the one that waited longest for it, never by way of waking somebody who then
 * looks for it: whoever is interrupted meanwhile strands nothing and nobody.
 */
import type { Awaitable } from '../awaitable.js'
import { ChannelClosed, checkInteger } from '../errors.js'
import { currentScope } from '../runtime/current.js'
import { afterTurn, spend } from '../runtime/fairness.js'
import { Deque } from './deque.js'
import { NextWait, PopAllWait, PopWait, PushWait, type TakeWait } from './fifo-waits.js'
import { WaitQueue } from './wait-queue.js'

export class Fifo<T> implements AsyncIterable<T> {
  /** `push` waits while so many values are in it. */
  readonly limit: number
  readonly #values = new Deque<T>()
  readonly #takers = new WaitQueue<TakeWait<T>>()
  readonly #pushers = new WaitQueue<PushWait<T>>()
  #isClosed = false

  /** No limit unless given. */
  constructor(limit = Infinity) {
    this.limit = limit === Infinity ? limit : checkInteger('limit', limit, 1, Number.MAX_SAFE_INTEGER)
  }

  /** How many values are in it; those of waiting pushers are not yet. */
  get size(): number {
    return this.#values.size
  }

  /** How many wait for a value. */
  get waitingTakers(): number {
    return this.#takers.size
  }

  /** How many wait for room. */
  get waitingPushers(): number {
    return this.#pushers.size
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /**
   * Adds `value` at the end, and waits for room first if there is a limit. Cancelled, it has added nothing. Fails with
   * `CHANNEL_CLOSED` if it is closed, or is while this waits.
   */
  push(value: T): Awaitable<void> {
    const scope = currentScope()
    const refused = scope.refuse()
    if (refused !== null) return refused
    if (this.#isClosed) return Promise.reject(closedError())
    if (this.#hasRoom) return spend(scope) ? this.#add(value) : afterTurn(() => this.push(value))
    const wait = new PushWait(scope, value)
    this.#pushers.push(wait)
    return wait.suspend()
  }

  /** Adds `value` at the end, if there is room now. Throws `CHANNEL_CLOSED` if it is closed. */
  tryPush(value: T): boolean {
    if (this.#isClosed) throw closedError()
    if (!this.#hasRoom) return false
    this.#add(value)
    return true
  }

  /**
   * Puts `value` before all others, where the next `pop` finds it. It never waits, also beyond the limit: it is for giving
   * back what was taken. Throws `CHANNEL_CLOSED` if it is closed.
   */
  pushFront(value: T): void {
    if (this.#isClosed) throw closedError()
    const taker = this.#takers.shift()
    if (taker === undefined) this.#values.pushFront(value)
    else taker.deliver(value)
  }

  /** Takes the first value, and waits for one. Cancelled, it has taken nothing. Fails with `CHANNEL_CLOSED` at the end. */
  pop(): Awaitable<T> {
    const scope = currentScope()
    const refused = scope.refuse()
    if (refused !== null) return refused
    if (this.#values.size > 0) return spend(scope) ? this.#take() : afterTurn(() => this.pop())
    if (this.#isClosed) return Promise.reject(closedError())
    const wait = new PopWait<T>(scope)
    this.#takers.push(wait)
    return wait.suspend()
  }

  /** The first value, taken; undefined when it is empty. */
  tryPop(): T | undefined {
    return this.#values.size > 0 ? this.#take() : undefined
  }

  /** Takes all values there are, and waits until there is one. Otherwise as `pop`. */
  popAll(): Awaitable<T[]> {
    const scope = currentScope()
    const refused = scope.refuse()
    if (refused !== null) return refused
    if (this.#values.size > 0) {
      if (!spend(scope)) return afterTurn(() => this.popAll())
      const values = this.#values.drain()
      this.#letPushersIn()
      return values
    }
    if (this.#isClosed) return Promise.reject(closedError())
    const wait = new PopAllWait<T>(scope)
    this.#takers.push(wait)
    return wait.suspend()
  }

  /** The first value, which stays; undefined when it is empty. */
  top(): T | undefined {
    return this.#values.first
  }

  /**
   * Nothing more is added: waiting pushers fail with `CHANNEL_CLOSED`. What is in it can still be taken; after that taking
   * fails with `CHANNEL_CLOSED`, and iteration ends. A second time without effect.
   */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#pushers.drain((pusher) => pusher.fail(closedError()))
    this.#takers.drain((taker) => taker.end(closedError()))
  }

  /** Takes value after value until it is closed and empty. Leaving the loop takes and closes nothing. */
  [Symbol.asyncIterator](): AsyncIterator<T, undefined> {
    return { next: () => Promise.resolve(this.#next()) }
  }

  #next(): Awaitable<IteratorResult<T, undefined>> {
    const scope = currentScope()
    const refused = scope.refuse()
    if (refused !== null) return refused
    if (this.#values.size > 0) {
      return spend(scope) ? { done: false, value: this.#take() } : afterTurn(() => this.#next())
    }
    if (this.#isClosed) return { done: true, value: undefined }
    const wait = new NextWait<T>(scope)
    this.#takers.push(wait)
    return wait.suspend()
  }

  /** While somebody waits to push there is none: whoever makes room gives it to the first of them. */
  get #hasRoom(): boolean {
    return this.#values.size < this.limit
  }

  #add(value: T): void {
    const taker = this.#takers.shift()
    if (taker === undefined) this.#values.push(value)
    else taker.deliver(value)
  }

  #take(): T {
    const value = this.#values.shift()
    this.#letPushersIn()
    return value
  }

  #letPushersIn(): void {
    while (this.#values.size < this.limit) {
      const pusher = this.#pushers.shift()
      if (pusher === undefined) return
      this.#values.push(pusher.value)
      pusher.wake()
    }
  }
}

function closedError(): ChannelClosed {
  return new ChannelClosed('the fifo is closed')
}
