/**
 * A folder, or all folders below it: what the records of inotify(7) mean there.
 *
 * The kernel watches one folder at a time and knows no paths, so a tree of the folders mirrors what the records said so far,
 * and a new one is watched and then read. What was in it before it was watched has no record; what comes while it is read
 * has both a place in the listing and a record. So the listing is kept (`known`) until the kernel's queue was empty once:
 * records of what it has already are dropped, and so are those of names that it never had.
 *
 * The records lag behind the files: a path may name another folder by the time that it is watched. The kernel then answers
 * with a number that stands elsewhere in the tree, and the tree is put right: see `#moveTo`.
 */
import { type Dirent, lstatSync, readdirSync } from 'node:fs'
import { constants as os } from 'node:os'
import { join } from 'node:path'
import { joinBytes, toBytePath, toTextPath } from './byte-path.js'
import type { ChangeSink, WatchTarget } from './event-source.js'
import { Folder } from './folder.js'
import {
  IN_ATTRIB,
  IN_CREATE,
  IN_DELETE,
  IN_DELETE_SELF,
  IN_IGNORED,
  IN_ISDIR,
  IN_MODIFY,
  IN_MOVE_SELF,
  IN_MOVED_FROM,
  IN_MOVED_TO,
  IN_UNMOUNT,
  type InotifyRecord,
} from './inotify-record.js'
import type { Changes, InotifyQueue } from './inotify-source.js'
import { WATCHED_BELOW, WATCHED_ITSELF } from './watched-masks.js'

/** A folder that cannot be watched because it is gone, is something else by now, or may not be read. */
const NOT_THERE: ReadonlySet<number | undefined> = new Set([
  -os.errno.ENOENT,
  -os.errno.ENOTDIR,
  -os.errno.EACCES,
])

/** How a folder is read: at the start, as something new, or again after records were lost. */
type Reading = 'quiet' | 'new' | 'again'

export class FolderChanges implements Changes {
  isGone = false
  readonly #target: WatchTarget
  readonly #sink: ChangeSink
  readonly #queue: InotifyQueue
  /** What paths below begin with. */
  readonly #prefix: string
  readonly #root = new Folder(-1, '', null)
  readonly #byWd = new Map<number, Folder>()
  /** Those with a listing. */
  #fresh: Folder[] = []
  /** Places that a folder was found not to be at, and where another one may be. */
  #suspects: [parent: Folder, name: string][] = []
  #isLost = false
  #walk = 0

  constructor(target: WatchTarget, sink: ChangeSink, queue: InotifyQueue) {
    this.#target = target
    this.#prefix = join(target.path, 'x').slice(0, -1)
    this.#sink = sink
    this.#queue = queue
  }

  open(): void {
    const wd = this.#queue.add(this.#target.real, WATCHED_ITSELF)
    if (wd < 0) throw this.#queue.error(wd, this.#target.real)
    this.#root.wd = wd
    this.#byWd.set(wd, this.#root)
    if (this.#target.isRecursive) this.#list(this.#root, 'quiet')
  }

  visit(record: InotifyRecord, to: InotifyRecord | null): void {
    const folder = this.#byWd.get(record.wd)
    const target = to === null ? undefined : this.#byWd.get(to.wd)
    const isFolder = (record.mask & IN_ISDIR) !== 0
    if (to !== null && target !== undefined) {
      if (folder === undefined) this.#created(target, to.name, isFolder)
      else this.#renamed(folder, record.name, target, to.name, isFolder)
    } else if (folder !== undefined) {
      if (record.name === '') this.#itself(folder, record.mask)
      else this.#entry(folder, record, isFolder)
    }
    this.#repair()
  }

  overflow(): void {
    this.#sink.push({ type: 'overflow', path: this.#target.path })
    this.#readAgain()
  }

  settle(): void {
    for (const folder of this.#fresh) folder.known = null
    this.#fresh = []
  }

  #entry(folder: Folder, { mask, name }: InotifyRecord, isFolder: boolean): void {
    if ((mask & (IN_CREATE | IN_MOVED_TO)) !== 0) this.#created(folder, name, isFolder)
    else if ((mask & (IN_DELETE | IN_MOVED_FROM)) !== 0) this.#deleted(folder, name)
    else if (folder.known?.has(name) === false) return
    else if ((mask & IN_MODIFY) !== 0) this.#tell('modify', folder, name)
    else if ((mask & IN_ATTRIB) !== 0) this.#tell('attrib', folder, name)
  }

  #itself(folder: Folder, mask: number): void {
    if (folder === this.#root) {
      if ((mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT | IN_IGNORED)) !== 0) this.#rootGone()
      else if ((mask & IN_ATTRIB) !== 0) this.#tell('attrib', folder)
    } else if ((mask & IN_UNMOUNT) !== 0) {
      // The folder that something was mounted on comes to light.
      this.#suspect(folder)
      this.#drop(folder)
    } else if ((mask & IN_IGNORED) !== 0) {
      this.#byWd.delete(folder.wd)
      folder.wd = -1
    }
  }

  #rootGone(): void {
    this.isGone = true
    this.#tell('delete', this.#root)
  }

  #created(folder: Folder, name: string, isFolder: boolean): void {
    if (folder.known?.has(name)) return
    folder.known?.add(name)
    // Found and told of already, when a tree was put right.
    if (folder.child(name)?.known) return
    this.#tell('create', folder, name)
    if (isFolder) this.#enter(folder, name, 'new')
  }

  #deleted(folder: Folder, name: string): void {
    if (folder.known?.delete(name) === false) return
    this.#tell('delete', folder, name)
    const child = folder.child(name)
    if (child !== undefined) this.#drop(child)
  }

  #renamed(folder: Folder, name: string, target: Folder, newName: string, isFolder: boolean): void {
    const isTold = target.known?.has(newName) === true
    if (folder.known?.delete(name) === false) {
      // It came and went before the folder was read.
      if (!isTold) this.#created(target, newName, isFolder)
      return
    }
    const moved = folder.child(name)
    const replaced = target.child(newName)
    // The tree was put right before this record came.
    if (isFolder && isTold && moved === undefined && replaced !== undefined) return
    target.known?.add(newName)
    this.#sink.push({ type: 'rename', path: this.#path(target, newName), from: this.#path(folder, name) })
    if (replaced !== undefined && replaced !== moved) this.#drop(replaced)
    if (moved === undefined) {
      if (isFolder) this.#enter(target, newName, 'new')
    } else if (target.isWithin(moved)) {
      this.#isLost = true
    } else {
      moved.attach(target, newName)
    }
  }

  /** Watches the folder `name` in `parent` and those in it, if it is one, and is there. */
  #enter(parent: Folder, name: string, reading: Reading, isUntold = false): void {
    if (!this.#target.isRecursive) return
    const path = this.#realPath(parent, name)
    const wd = this.#queue.add(path, WATCHED_BELOW)
    if (wd < 0) {
      if (NOT_THERE.has(wd)) return
      throw this.#queue.error(wd, path)
    }
    const met = this.#byWd.get(wd)
    const folder = met ?? new Folder(wd, name, null)
    if (met === undefined || met.parent !== parent || met.name !== name) {
      if (met !== undefined && !this.#moveAway(met, parent, path, reading)) return
      const replaced = parent.child(name)
      if (replaced !== undefined) this.#drop(replaced)
      folder.attach(parent, name)
      this.#byWd.set(wd, folder)
    } else if (reading === 'new' && met.known !== null) {
      return
    }
    if (isUntold) {
      parent.known?.add(name)
      this.#tell('create', parent, name)
    }
    this.#list(folder, reading)
  }

  /**
   * A folder of the tree was met at another place than the tree has it. False: leave it where it is, as it is at both by a
   * bind mount. Otherwise it is not where it was, and whatever else is there has to be looked at.
   */
  #moveAway(folder: Folder, parent: Folder, path: string, reading: Reading): boolean {
    if (reading === 'again') return folder.walk !== this.#walk
    if (reading === 'quiet') return false
    const here = inodeOf(path)
    if (here !== null && here === inodeOf(this.#realPath(folder))) return false
    if (parent.isWithin(folder)) {
      this.#isLost = true
      return false
    }
    this.#suspect(folder)
    return true
  }

  /** Takes a folder out of the tree, but keeps its watch, and remembers to look at its place. */
  #suspect(folder: Folder): void {
    const { parent, name } = folder
    if (parent === null) return
    this.#tell('delete', folder)
    parent.known?.delete(name)
    folder.detach()
    this.#suspects.push([parent, name])
  }

  /** After a record: the places where the tree was found to be wrong. */
  #repair(): void {
    for (let next = this.#suspects.pop(); next !== undefined; next = this.#suspects.pop()) {
      const [parent, name] = next
      if (this.#byWd.get(parent.wd) === parent) this.#enter(parent, name, 'new', true)
    }
    if (this.#isLost) this.overflow()
  }

  /** Reads a folder, and those in it. */
  #list(folder: Folder, reading: Reading): void {
    folder.walk = this.#walk
    const known = reading === 'quiet' ? null : new Set<string>()
    if (known !== null) {
      folder.known = known
      this.#fresh.push(folder)
    }
    for (const entry of this.#entriesOf(folder)) {
      const name = entry.name.toString('latin1')
      known?.add(name)
      if (reading === 'new') this.#tell('create', folder, name)
      if (entry.isDirectory()) this.#enter(folder, name, reading)
    }
  }

  #entriesOf(folder: Folder): Dirent<Buffer>[] {
    const path = toBytePath(this.#realPath(folder))
    try {
      return readdirSync(path, { encoding: 'buffer', withFileTypes: true })
    } catch (error) {
      if (NOT_THERE.has((error as NodeJS.ErrnoException).errno)) return []
      throw error
    }
  }

  /** Reads everything again, so that each folder that is there is watched, at its place. */
  #readAgain(): void {
    this.#isLost = false
    this.#suspects = []
    if (this.#queue.add(this.#target.real, WATCHED_ITSELF) !== this.#root.wd) {
      this.#rootGone()
      return
    }
    if (!this.#target.isRecursive) return
    this.#walk++
    this.#list(this.#root, 'again')
    for (const folder of this.#byWd.values()) if (folder.walk !== this.#walk) this.#forget(folder)
  }

  #drop(folder: Folder): void {
    folder.detach()
    const stack = [folder]
    for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
      for (const child of next.children) stack.push(child)
      this.#forget(next)
    }
  }

  #forget(folder: Folder): void {
    folder.detach()
    if (folder.wd < 0) return
    this.#byWd.delete(folder.wd)
    this.#queue.remove(folder.wd)
    folder.wd = -1
  }

  #path(folder: Folder, name = ''): string {
    const below = folder.pathTo(name)
    return below === '' ? this.#target.path : this.#prefix + toTextPath(below)
  }

  #realPath(folder: Folder, name = ''): string {
    const below = folder.pathTo(name)
    return below === '' ? this.#target.real : joinBytes(this.#target.real, below)
  }

  #tell(type: 'create' | 'modify' | 'delete' | 'attrib', folder: Folder, name = ''): void {
    this.#sink.push({ type, path: this.#path(folder, name) })
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
