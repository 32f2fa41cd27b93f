/**
 * The source on Linux: one queue of inotify(7) for each watcher. This file reads it; what the records mean is said by
 * FileChanges for a single name and by FolderChanges for folders.
 */
import { EAGAIN, native } from '../native.js'
import { now } from '../runtime/clock.js'
import { addTimer, removeTimer, type Timed } from '../runtime/timers.js'
import { type Job, nextTurn } from '../runtime/turn.js'
import { toBytePath, toTextPath } from './byte-path.js'
import type { ChangeSink, ChangeSource, OpenSource, WatchTarget } from './event-source.js'
import { FileChanges } from './file-changes.js'
import { FolderChanges } from './folder-changes.js'
import { IN_Q_OVERFLOW, type InotifyRecord, parseRecords } from './inotify-record.js'
import { MovePairs } from './move-pairs.js'
import { QueueDescriptor } from './queue-descriptor.js'
import { inotifyError } from './watch-error.js'

/** What one read takes: some 2,000 records with short names. Shared, as the records are parsed at once. */
const slab = Buffer.allocUnsafeSlow(65_536)

/** More than this waits for the next turn, so that a busy folder starves nobody. */
const READS_PER_TURN = 4

/** The kernel queues the second half of a rename within microseconds, unless it takes the processor away in between. */
const SECOND_HALF_MS = 5

export const openInotifySource: OpenSource = (target, sink) => new InotifySource(target, sink)

/** What a meaning of records asks of the queue they come from. */
export interface InotifyQueue {
  /** The wd, or -errno. */
  add(path: string, mask: number): number
  remove(wd: number): void
  error(result: number, path: string): Error
}

/** What records mean. Throws only what ends the watcher. */
export interface Changes {
  /** True: what is watched is gone, and no event can come any more. */
  readonly isGone: boolean
  open(): void
  visit(record: InotifyRecord, to: InotifyRecord | null): void
  /** The kernel has lost records. */
  overflow(): void
  /** Every record there was has been visited. True: there may be more by now. */
  settle(): boolean
}

class InotifySource implements ChangeSource, Job, Timed, InotifyQueue {
  readonly #sink: ChangeSink
  readonly #changes: Changes
  readonly #queue: QueueDescriptor
  readonly #pairs = new MovePairs()
  #isTurnAsked = false
  at = 0
  sequence = 0
  place = -1
  readonly yieldsToData = true

  constructor(target: WatchTarget, sink: ChangeSink) {
    this.#sink = sink
    const fd = native.watchOpen()
    if (fd < 0) throw inotifyError('inotify_init1', fd, target.path)
    this.#queue = new QueueDescriptor(fd, () => this.#read())
    this.#changes = target.isDirectory
      ? new FolderChanges(target, sink, this)
      : new FileChanges(target, sink, this)
    try {
      this.#changes.open()
    } catch (error) {
      this.close()
      throw error
    }
  }

  close(): void {
    removeTimer(this)
    this.#pairs.clear()
    this.#queue.close()
  }

  add(path: string, mask: number): number {
    return native.watchAdd(this.#queue.fd, toBytePath(path), mask)
  }

  remove(wd: number): void {
    // EINVAL: the kernel was first, as the folder is gone.
    native.watchRemove(this.#queue.fd, wd)
  }

  error(result: number, path: string): Error {
    return inotifyError('inotify_add_watch', result, toTextPath(path))
  }

  #read(): void {
    try {
      for (let reads = 0; reads < READS_PER_TURN; reads++) {
        if (this.#queue.isClosed) return
        const count = native.watchRead(this.#queue.fd, slab)
        if (count === EAGAIN) {
          if (this.#settle()) continue
          this.#endIfGone()
          return
        }
        if (count < 0) throw this.#queue.failure('read', count)
        this.#pairs.add(parseRecords(slab, count), this.#visit)
        this.#endIfGone()
      }
    } catch (error) {
      this.close()
      this.#sink.fail(error)
      return
    }
    // Edge-triggered: the poller will not speak again of what is queued already.
    if (!this.#isTurnAsked) nextTurn(this)
    this.#isTurnAsked = true
  }

  readonly #visit = (record: InotifyRecord, to: InotifyRecord | null): void => {
    if (this.#changes.isGone) return
    if ((record.mask & IN_Q_OVERFLOW) !== 0) this.#changes.overflow()
    else this.#changes.visit(record, to)
  }

  /** The kernel's queue is empty. True: look again. */
  #settle(): boolean {
    removeTimer(this)
    if (!this.#pairs.isHolding) return this.#changes.settle()
    this.at = now() + SECOND_HALF_MS
    addTimer(this)
    return false
  }

  #endIfGone(): void {
    if (!this.#changes.isGone) return
    this.close()
    this.#sink.end()
  }

  runJob(): void {
    this.#isTurnAsked = false
    this.#read()
  }

  /** The second half of a rename has not come. */
  expire(): void {
    try {
      this.#pairs.flush(this.#visit)
      this.#endIfGone()
    } catch (error) {
      this.close()
      this.#sink.fail(error)
      return
    }
    this.#read()
  }
}
