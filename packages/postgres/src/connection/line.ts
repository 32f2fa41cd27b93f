/** A line of exchanges, first come first served. Each knows its neighbours: one that gives up leaves at once. */
import type { Exchange } from './exchange.js'

export class Line {
  first: Exchange | null = null
  size = 0
  #last: Exchange | null = null

  push(exchange: Exchange): void {
    const last = this.#last
    exchange.line = this
    exchange.before = last
    if (last === null) this.first = exchange
    else last.after = exchange
    this.#last = exchange
    this.size++
  }

  /** In front of all: for what the first one needs before. */
  pushFront(exchange: Exchange): void {
    const { first } = this
    exchange.line = this
    exchange.after = first
    if (first === null) this.#last = exchange
    else first.before = exchange
    this.first = exchange
    this.size++
  }

  /** Without effect for one that is not in this line. */
  remove(exchange: Exchange): void {
    if (exchange.line !== this) return
    const { before, after } = exchange
    if (before === null) this.first = after
    else before.after = after
    if (after === null) this.#last = before
    else after.before = before
    exchange.line = exchange.before = exchange.after = null
    this.size--
  }

  shift(): Exchange | null {
    const { first } = this
    if (first !== null) this.remove(first)
    return first
  }

  *[Symbol.iterator](): Generator<Exchange> {
    for (let each = this.first; each !== null; each = each.after) yield each
  }
}
