/** Who waits for a connection to an origin, the first first. Leaving from the middle costs as little as from an end. */
import type { Exchange } from './exchange.js'

/** What an exchange that waits can do about it. */
export interface Queue {
  withdraw(exchange: Exchange): void
}

export class ExchangeQueue {
  readonly #owner: Queue
  first: Exchange | null = null
  #last: Exchange | null = null
  size = 0

  /** `owner`: whom an exchange tells that it does not wait any more. */
  constructor(owner: Queue) {
    this.#owner = owner
  }

  push(exchange: Exchange): void {
    this.#link(exchange, this.#last, null)
  }

  /** Before those who came earlier. */
  pushFirst(exchange: Exchange): void {
    this.#link(exchange, null, this.first)
  }

  #link(exchange: Exchange, previous: Exchange | null, next: Exchange | null): void {
    exchange.queue = this.#owner
    exchange.previous = previous
    exchange.next = next
    if (next === null) this.#last = exchange
    else next.previous = exchange
    if (previous === null) this.first = exchange
    else previous.next = exchange
    this.size++
  }

  remove(exchange: Exchange): void {
    const { next, previous } = exchange
    if (previous === null) this.first = next
    else previous.next = next
    if (next === null) this.#last = previous
    else next.previous = previous
    exchange.next = exchange.previous = null
    exchange.queue = null
    this.size--
  }

  takeFirst(): Exchange | null {
    const { first } = this
    if (first !== null) this.remove(first)
    return first
  }
}
