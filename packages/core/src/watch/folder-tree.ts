/**
 * FolderTree: which folders are watched, and where they are as far as the records said.
 *
 * The kernel watches one folder at a time and knows no paths. A new folder is watched and then read: what was in it before
 * has no record. That is done when the kernel's queue is empty (`settle`), as only then the paths here are those of the files.
 * What changes while it is done has a place in the listing and a record as well, so the listing is kept (`known`) until the
 * queue was empty once more: records of what it has already, and of names that it never had, mean nothing.
 *
 * Another process may still be faster: a path then names another folder by the time that it is watched. The kernel answers with
 * a number that stands elsewhere in the tree, and the tree is put right (`#isElsewhere`).
 */
import { type Dirent, lstatSync, readdirSync } from 'node:fs'
import { constants as os } from 'node:os'
import { join } from 'node:path'
import { joinBytes, toBytePath, toTextPath } from './byte-path.js'
import type { ChangeSink, WatchTarget } from './event-source.js'
import { Folder } from './folder.js'
import type { InotifyQueue } from './inotify-source.js'
import { WATCHED_BELOW, WATCHED_ITSELF } from './watched-masks.js'

const EACCES = -os.errno.EACCES
/** What the kernel says of a folder that is gone, is something else by now, or may not be read. */
const NOT_THERE: ReadonlySet<unknown> = new Set([-os.errno.ENOENT, -os.errno.ENOTDIR, EACCES])

/** How a folder is read: at the start, as something new, or again after records were lost. */
type Reading = 'first' | 'new' | 'again'

export class FolderTree {
  readonly root = new Folder(-1)
  /** What was found cannot be made sense of: everything has to be read again. */
  isLost = false
  readonly #target: WatchTarget
  readonly #sink: ChangeSink
  readonly #queue: InotifyQueue
  /** What paths below begin with. */
  readonly #prefix: string
  readonly #byWd = new Map<number, Folder>()
  /** Those with a listing. */
  #fresh: Folder[] = []
  /** Those with folders in them that are not watched yet. */
  #awaiting = new Set<Folder>()
  #walk = 0

  constructor(target: WatchTarget, sink: ChangeSink, queue: InotifyQueue) {
    this.#target = target
    this.#sink = sink
    this.#queue = queue
    this.#prefix = join(target.path, 'x').slice(0, -1)
  }

  open(): void {
    const wd = this.#queue.add(this.#target.real, WATCHED_ITSELF)
    if (wd < 0) throw this.#queue.error(wd, this.#target.real)
    this.root.wd = wd
    this.#byWd.set(wd, this.root)
    if (this.#target.isRecursive) this.#tellAll(this.root, 'first')
  }

  byWd(wd: number): Folder | undefined {
    return this.#byWd.get(wd)
  }

  path(folder: Folder, name = ''): string {
    const below = folder.pathTo(name)
    return below === '' ? this.#target.path : this.#prefix + toTextPath(below)
  }

  tell(type: 'create' | 'modify' | 'delete' | 'attrib', folder: Folder, name = ''): void {
    this.#sink.push({ type, path: this.path(folder, name) })
  }

  /** There is a folder `name`, which `settle` watches. Not told: its creation is told then. */
  await(parent: Folder, name: string, isTold = true): void {
    if (!this.#target.isRecursive) return
    parent.awaited ??= new Map()
    parent.awaited.set(name, isTold)
    this.#awaiting.add(parent)
  }

  /** The kernel has dropped its watch, as the folder is gone. */
  unwatched(folder: Folder): void {
    this.#byWd.delete(folder.wd)
    folder.wd = -1
  }

  /** Stops watching a folder and those below. */
  drop(folder: Folder): void {
    for (const each of [...folder.all()]) {
      each.detach()
      if (each.wd < 0) continue
      this.#queue.remove(each.wd)
      this.unwatched(each)
    }
  }

  /** The kernel's queue is empty. True: something was read, and the queue may have more by now. */
  settle(): boolean {
    for (const folder of this.#fresh) folder.known = null
    this.#fresh = []
    const awaiting = this.#awaiting
    this.#awaiting = new Set()
    for (const parent of awaiting) {
      const awaited = parent.awaited ?? []
      parent.awaited = null
      if (this.#byWd.get(parent.wd) !== parent) continue
      for (const [name, isTold] of awaited) this.#enter(parent, name, 'new', isTold)
    }
    return this.#fresh.length > 0
  }

  /** Reads everything again, so that each folder that is there is watched, at its place. False: the first one is not there. */
  readAgain(): boolean {
    this.isLost = false
    for (const folder of this.#awaiting) folder.awaited = null
    this.#awaiting.clear()
    if (this.#queue.add(this.#target.real, WATCHED_ITSELF) !== this.root.wd) return false
    if (!this.#target.isRecursive) return true
    this.#walk++
    this.#tellAll(this.root, 'again')
    for (const folder of [...this.#byWd.values()]) if (folder.walk !== this.#walk) this.drop(folder)
    return true
  }

  /** Watches the folder `name` in `parent` and those in it. If it is not there now, a record will say why. */
  #enter(parent: Folder, name: string, reading: Reading, isTold = true): void {
    const path = this.#realPath(parent, name)
    const wd = this.#queue.add(path, WATCHED_BELOW)
    if (wd < 0) {
      if (!NOT_THERE.has(wd)) throw this.#queue.error(wd, path)
      if (wd !== EACCES) this.await(parent, name, isTold)
      return
    }
    const met = this.#byWd.get(wd)
    const folder = met ?? new Folder(wd)
    if (met === undefined || met.parent !== parent || met.name !== name) {
      if (met !== undefined && !this.#isElsewhere(met, parent, path, reading)) return
      const replaced = parent.child(name)
      if (replaced !== undefined) this.drop(replaced)
      folder.attach(parent, name)
      this.#byWd.set(wd, folder)
    } else if (reading === 'new' && met.known !== null) {
      return
    }
    if (!isTold) {
      parent.known?.add(name)
      this.tell('create', parent, name)
    }
    this.#tellAll(folder, reading)
  }

  /**
   * A folder of the tree was met at another place. False: it stays where the tree has it, being at both by a bind mount. Otherwise
   * it is not where it was: all that was told of it was of something else perhaps, and so is whatever is there now.
   */
  #isElsewhere(folder: Folder, parent: Folder, path: string, reading: Reading): boolean {
    if (reading === 'first') return false
    if (reading === 'again') return folder.walk !== this.#walk
    const here = inodeOf(path)
    if (here !== null && here === inodeOf(this.#realPath(folder))) return false
    if (folder.parent === null || parent.isWithin(folder)) {
      this.isLost = true
      return false
    }
    this.leave(folder)
    return true
  }

  /** A folder is not where the tree has it: something else may be. */
  leave(folder: Folder): void {
    const { parent, name } = folder
    if (parent === null) return
    this.tell('delete', folder)
    for (const each of folder.all()) each.known = null
    parent.known?.delete(name)
    folder.detach()
    this.await(parent, name, false)
  }

  /** Reads a folder that was just watched, and those in it. */
  #tellAll(folder: Folder, reading: Reading): void {
    folder.walk = this.#walk
    const { parent, name } = folder
    const entries = this.#entriesOf(folder)
    if (entries === null) {
      this.drop(folder)
      if (parent !== null) this.await(parent, name)
      return
    }
    const known = reading === 'first' ? null : new Set<string>()
    if (known !== null) {
      folder.known = known
      this.#fresh.push(folder)
    }
    for (const entry of entries) {
      const each = entry.name.toString('latin1')
      known?.add(each)
      if (reading === 'new') this.tell('create', folder, each)
      if (entry.isDirectory()) this.#enter(folder, each, reading)
    }
    if (known !== null) for (const child of folder.children) if (!known.has(child.name)) this.drop(child)
  }

  /** Null: the path named another folder meanwhile. */
  #entriesOf(folder: Folder): Dirent<Buffer>[] | null {
    const path = this.#realPath(folder)
    let entries: Dirent<Buffer>[]
    try {
      entries = readdirSync(toBytePath(path), { encoding: 'buffer', withFileTypes: true })
    } catch (error) {
      if (folder !== this.root && NOT_THERE.has((error as NodeJS.ErrnoException).errno)) return null
      throw error
    }
    return folder === this.root || this.#queue.add(path, WATCHED_BELOW) === folder.wd ? entries : null
  }

  #realPath(folder: Folder, name = ''): string {
    const below = folder.pathTo(name)
    return below === '' ? this.#target.real : joinBytes(this.#target.real, below)
  }
}

function inodeOf(path: string): string | null {
  try {
    const { dev, ino } = lstatSync(toBytePath(path), { bigint: true })
    return `${dev}:${ino}`
  } catch {
    return null
  }
}
