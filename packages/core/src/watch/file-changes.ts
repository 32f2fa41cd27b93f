/**
 * A single file, watched by its name: the records of its folder that are about that name. A rename is what it means for
 * the name: it goes, or something else takes it.
 */
import { joinBytes } from './byte-path.js'
import type { ChangeSink, WatchTarget } from './event-source.js'
import {
  IN_ATTRIB,
  IN_CREATE,
  IN_DELETE,
  IN_DELETE_SELF,
  IN_IGNORED,
  IN_MODIFY,
  IN_MOVE_SELF,
  IN_MOVED_FROM,
  IN_MOVED_TO,
  IN_UNMOUNT,
  type InotifyRecord,
} from './inotify-record.js'
import type { Changes, InotifyQueue } from './inotify-source.js'
import { WATCHED_ITSELF } from './watched-masks.js'

export class FileChanges implements Changes {
  isGone = false
  readonly #path: string
  readonly #folder: string
  readonly #name: string
  readonly #sink: ChangeSink
  readonly #queue: InotifyQueue
  #wd = -1
  #exists = true

  constructor(target: WatchTarget, sink: ChangeSink, queue: InotifyQueue) {
    const slash = target.real.lastIndexOf('/')
    this.#path = target.path
    this.#folder = target.real.slice(0, slash) || '/'
    this.#name = target.real.slice(slash + 1)
    this.#sink = sink
    this.#queue = queue
  }

  open(): void {
    this.#wd = this.#queue.add(this.#folder, WATCHED_ITSELF)
    if (this.#wd < 0) throw this.#queue.error(this.#wd, joinBytes(this.#folder, this.#name))
  }

  visit(record: InotifyRecord, to: InotifyRecord | null): void {
    if (to !== null && to.name === this.#name) this.#one(to)
    if (record.name === this.#name) this.#one(record)
    else if (record.name === '' && (record.mask & GONE) !== 0) this.#leave()
  }

  #one({ mask }: InotifyRecord): void {
    const path = this.#path
    if ((mask & (IN_CREATE | IN_MOVED_TO)) !== 0) this.#sink.push({ type: 'create', path })
    else if ((mask & (IN_DELETE | IN_MOVED_FROM)) !== 0) this.#sink.push({ type: 'delete', path })
    else if ((mask & IN_MODIFY) !== 0) this.#sink.push({ type: 'modify', path })
    else if ((mask & IN_ATTRIB) !== 0) this.#sink.push({ type: 'attrib', path })
    this.#exists = (mask & (IN_DELETE | IN_MOVED_FROM)) === 0
  }

  /** Its folder is no longer where it was. */
  #leave(): void {
    if (this.#exists) this.#sink.push({ type: 'delete', path: this.#path })
    this.isGone = true
  }

  overflow(): void {
    this.#sink.push({ type: 'overflow', path: this.#path })
    if (this.#queue.add(this.#folder, WATCHED_ITSELF) !== this.#wd) this.#leave()
  }

  settle(): boolean {
    return false
  }
}

const GONE = IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT | IN_IGNORED
