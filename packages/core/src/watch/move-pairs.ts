/**
 * MovePairs puts the two halves of a rename together by their cookie. The kernel queues them one after the other and not at
 * once, so the second may come with the next read, and with other records between them. Nothing that changes either name can
 * be between: the kernel holds both folders' locks. A first half without a second was moved out of what is watched.
 */
import { IN_MOVED_FROM, IN_MOVED_TO, type InotifyRecord } from './inotify-record.js'

/** A record, and for both halves of a rename the second as well. */
export type Visit = (record: InotifyRecord, to: InotifyRecord | null) => void

export class MovePairs {
  #records: InotifyRecord[] = []
  /** How many of them have met a read after their own. */
  #known = 0

  /** A first half is held back, and all after it, until there is another read or `flush`. */
  get isHolding(): boolean {
    return this.#records.length > 0
  }

  add(records: readonly InotifyRecord[], visit: Visit): void {
    this.#known = this.#records.length
    this.#visit(this.#known === 0 ? records : this.#records.concat(records), visit, false)
  }

  /** No second half is waited for any longer. */
  flush(visit: Visit): void {
    this.#visit(this.#records, visit, true)
  }

  clear(): void {
    this.#records = []
  }

  #visit(records: readonly InotifyRecord[], visit: Visit, isFlush: boolean): void {
    const seconds = new Map<number, InotifyRecord>()
    for (const record of records) if ((record.mask & IN_MOVED_TO) !== 0) seconds.set(record.cookie, record)
    const paired = new Set<InotifyRecord>()
    const ready: [record: InotifyRecord, to: InotifyRecord | null][] = []
    this.#records = []
    for (let i = 0; i < records.length; i++) {
      const record = records[i] as InotifyRecord
      if (paired.has(record)) continue
      const isFirst = (record.mask & IN_MOVED_FROM) !== 0
      const to = isFirst ? (seconds.get(record.cookie) ?? null) : null
      if (to !== null) paired.add(to)
      else if (isFirst && !isFlush && i >= this.#known) {
        this.#records = records.slice(i).filter((each) => !paired.has(each))
        break
      }
      ready.push([record, to])
    }
    for (const [record, to] of ready) visit(record, to)
  }
}
