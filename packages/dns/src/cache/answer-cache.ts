/**
 * The entries, and which of them go when there is no room: those that were used least recently. Finding, keeping and evicting are O(1)
 * (in the number of entries; the types of one name are in a list). It knows nothing of time: whoever finds an entry
 * looks whether it still holds. One that does not stays until it is replaced or evicted.
 */
import { type Entry, EVERY_TYPE } from './entry.js'

export class AnswerCache {
  readonly maxBytes: number
  bytes = 0
  size = 0
  evictions = 0
  readonly #names = new Map<string, Entry>()
  #newest: Entry | null = null
  #oldest: Entry | null = null

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes
  }

  /** The entry for this question, or the one that denies the name altogether: there is never both. */
  find(name: string, type: string): Entry | undefined {
    let entry = this.#names.get(name)
    while (entry !== undefined) {
      if (entry.type === type || entry.type === EVERY_TYPE) return entry
      entry = entry.nextType ?? undefined
    }
    return undefined
  }

  /** An entry that is in was of use: it goes last. */
  use(entry: Entry): void {
    if (entry === this.#newest) return
    this.#unlink(entry)
    this.#link(entry)
  }

  /**
   * Keeps an entry in the place of the one before. One that denies the name replaces all of its types, and is replaced by any
   * of them: what was learned last is true. One that is larger than the whole cache is not kept.
   */
  keep(entry: Entry): void {
    for (let other = this.#names.get(entry.name); other !== undefined; ) {
      const next = other.nextType ?? undefined
      if (entry.type === EVERY_TYPE || other.type === EVERY_TYPE || other.type === entry.type)
        this.remove(other)
      other = next
    }
    if (entry.bytes > this.maxBytes) return
    while (this.#oldest !== null && this.bytes + entry.bytes > this.maxBytes) {
      this.evictions++
      this.remove(this.#oldest)
    }
    entry.nextType = this.#names.get(entry.name) ?? null
    this.#names.set(entry.name, entry)
    this.#link(entry)
    this.bytes += entry.bytes
    this.size++
  }

  /** Takes out an entry that is in. */
  remove(entry: Entry): void {
    const first = this.#names.get(entry.name)
    if (first === entry) {
      if (entry.nextType === null) this.#names.delete(entry.name)
      else this.#names.set(entry.name, entry.nextType)
    } else {
      let before = first
      while (before !== undefined && before.nextType !== entry) before = before.nextType ?? undefined
      if (before !== undefined) before.nextType = entry.nextType
    }
    entry.nextType = null
    this.#unlink(entry)
    this.bytes -= entry.bytes
    this.size--
  }

  /** Forgets everything about `name`, or all there is. Gives how many entries went. */
  forget(name?: string): number {
    const before = this.size
    if (name === undefined) {
      this.#names.clear()
      this.#newest = this.#oldest = null
      this.bytes = this.size = 0
    } else {
      for (let entry = this.#names.get(name); entry !== undefined; entry = this.#names.get(name))
        this.remove(entry)
    }
    return before - this.size
  }

  /** All entries, the one that was used last first. */
  *[Symbol.iterator](): Generator<Entry> {
    for (let entry = this.#newest; entry !== null; entry = entry.older) yield entry
  }

  #link(entry: Entry): void {
    const newest = this.#newest
    entry.older = newest
    entry.newer = null
    if (newest === null) this.#oldest = entry
    else newest.newer = entry
    this.#newest = entry
  }

  #unlink(entry: Entry): void {
    const { newer, older } = entry
    if (newer === null) this.#newest = older
    else newer.older = older
    if (older === null) this.#oldest = newer
    else older.newer = newer
    entry.newer = entry.older = null
  }
}
