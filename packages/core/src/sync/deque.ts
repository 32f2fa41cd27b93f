/** Deque: values in order, added and taken at both ends in O(1). It holds on to nothing that was taken out. */

/** Room to begin with, once there is something to hold. A power of two, as every size of the ring is. */
const LEAST_ROOM = 16

/** An empty ring larger than this is given back: a burst must not cost memory for ever. */
const MOST_IDLE_ROOM = 1024

export class Deque<T> {
  #ring: (T | undefined)[] = []
  #head = 0
  size = 0

  push(value: T): void {
    if (this.size === this.#ring.length) this.#grow()
    this.#ring[(this.#head + this.size) & (this.#ring.length - 1)] = value
    this.size++
  }

  pushFront(value: T): void {
    if (this.size === this.#ring.length) this.#grow()
    this.#head = (this.#head - 1) & (this.#ring.length - 1)
    this.#ring[this.#head] = value
    this.size++
  }

  /** The first value, which stays; undefined when there is none. */
  get first(): T | undefined {
    return this.size === 0 ? undefined : this.#ring[this.#head]
  }

  /** Takes the first value. Only when there is one. */
  shift(): T {
    const value = this.#ring[this.#head] as T
    this.#ring[this.#head] = undefined
    this.#head = (this.#head + 1) & (this.#ring.length - 1)
    if (--this.size === 0 && this.#ring.length > MOST_IDLE_ROOM) this.#reset()
    return value
  }

  /** Takes everything. */
  drain(): T[] {
    const values = new Array<T>(this.size)
    for (let i = 0; i < values.length; i++)
      values[i] = this.#ring[(this.#head + i) & (this.#ring.length - 1)] as T
    this.#reset()
    return values
  }

  #reset(): void {
    this.#ring = []
    this.#head = this.size = 0
  }

  #grow(): void {
    const ring = this.#ring
    const larger = new Array<T | undefined>(Math.max(LEAST_ROOM, 2 * ring.length))
    for (let i = 0; i < this.size; i++) larger[i] = ring[(this.#head + i) & (ring.length - 1)]
    this.#ring = larger
    this.#head = 0
  }
}
