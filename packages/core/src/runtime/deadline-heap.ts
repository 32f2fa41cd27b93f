/** A binary heap of deadlines, earliest first and in order of insertion when equal. Entries know their place, so removal is O(log n). */

export interface Deadline {
  /** When, on the runtime's clock, in milliseconds. */
  at: number
  /** Owned by the heap: order among equals, and the place; -1 outside of it. */
  sequence: number
  place: number
}

export class DeadlineHeap<Entry extends Deadline> {
  readonly #entries: Entry[] = []
  #sequence = 0

  get size(): number {
    return this.#entries.length
  }

  get first(): Entry | undefined {
    return this.#entries[0]
  }

  insert(entry: Entry): void {
    entry.sequence = this.#sequence++
    const place = this.#entries.length
    this.#entries.push(entry)
    this.#rise(entry, place)
  }

  /** Does nothing for an entry that is not in the heap. */
  remove(entry: Entry): void {
    const place = entry.place
    if (place < 0 || this.#entries[place] !== entry) return
    entry.place = -1
    const last = this.#entries.pop() as Entry
    if (last === entry) return
    if (place > 0 && precedes(last, this.#entries[(place - 1) >> 1] as Entry)) this.#rise(last, place)
    else this.#sink(last, place)
  }

  #rise(entry: Entry, from: number): void {
    const entries = this.#entries
    let place = from
    while (place > 0) {
      const above = (place - 1) >> 1
      const parent = entries[above] as Entry
      if (!precedes(entry, parent)) break
      entries[place] = parent
      parent.place = place
      place = above
    }
    entries[place] = entry
    entry.place = place
  }

  #sink(entry: Entry, from: number): void {
    const entries = this.#entries
    const size = entries.length
    let place = from
    for (;;) {
      let below = 2 * place + 1
      if (below >= size) break
      if (below + 1 < size && precedes(entries[below + 1] as Entry, entries[below] as Entry)) below++
      const child = entries[below] as Entry
      if (!precedes(child, entry)) break
      entries[place] = child
      child.place = place
      place = below
    }
    entries[place] = entry
    entry.place = place
  }
}

function precedes(a: Deadline, b: Deadline): boolean {
  return a.at < b.at || (a.at === b.at && a.sequence < b.sequence)
}
