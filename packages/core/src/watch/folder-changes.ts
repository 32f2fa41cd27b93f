/** A folder, or all folders below it: what the records of inotify(7) mean there. */
import type { ChangeSink, WatchTarget } from './event-source.js'
import type { Folder } from './folder.js'
import { FolderTree } from './folder-tree.js'
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

export class FolderChanges implements Changes {
  isGone = false
  readonly #path: string
  readonly #sink: ChangeSink
  readonly #tree: FolderTree

  constructor(target: WatchTarget, sink: ChangeSink, queue: InotifyQueue) {
    this.#path = target.path
    this.#sink = sink
    this.#tree = new FolderTree(target, sink, queue)
  }

  open(): void {
    this.#tree.open()
  }

  visit(record: InotifyRecord, to: InotifyRecord | null): void {
    const folder = this.#tree.byWd(record.wd)
    const target = to === null ? undefined : this.#tree.byWd(to.wd)
    const isFolder = (record.mask & IN_ISDIR) !== 0
    if (to !== null && target !== undefined) {
      if (folder === undefined) this.#created(target, to.name, isFolder)
      else this.#renamed(folder, record.name, target, to.name, isFolder)
    } else if (folder !== undefined) {
      if (record.name === '') this.#itself(folder, record.mask)
      else this.#entry(folder, record, isFolder)
    }
  }

  overflow(): void {
    this.#sink.push({ type: 'overflow', path: this.#path })
    if (!this.#tree.readAgain()) this.#rootGone()
  }

  settle(): boolean {
    const hasRead = this.#tree.settle()
    if (this.#tree.isLost) this.overflow()
    return hasRead
  }

  #entry(folder: Folder, { mask, name }: InotifyRecord, isFolder: boolean): void {
    const tree = this.#tree
    if ((mask & (IN_CREATE | IN_MOVED_TO)) !== 0) {
      this.#created(folder, name, isFolder)
    } else if ((mask & (IN_DELETE | IN_MOVED_FROM)) !== 0) {
      this.#deleted(folder, name)
    } else if (folder.known?.has(name) === false) {
      return
    } else if ((mask & IN_MODIFY) !== 0) {
      tree.tell('modify', folder, name)
    } else if ((mask & IN_ATTRIB) !== 0) {
      tree.tell('attrib', folder, name)
      // Now it may be read, perhaps.
      if (isFolder && folder.child(name) === undefined && !folder.awaited?.has(name)) tree.await(folder, name)
    }
  }

  /** A record of a watched folder itself. Those below are told of by their parents. */
  #itself(folder: Folder, mask: number): void {
    const tree = this.#tree
    if (folder === tree.root) {
      if ((mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT | IN_IGNORED)) !== 0) this.#rootGone()
      else if ((mask & IN_ATTRIB) !== 0) tree.tell('attrib', folder)
    } else if ((mask & IN_UNMOUNT) !== 0) {
      // The folder that something was mounted on comes to light.
      tree.leave(folder)
      tree.drop(folder)
    } else if ((mask & IN_IGNORED) !== 0) {
      tree.unwatched(folder)
    }
  }

  #rootGone(): void {
    this.isGone = true
    this.#tree.tell('delete', this.#tree.root)
  }

  #created(folder: Folder, name: string, isFolder: boolean): void {
    if (folder.known?.has(name)) return
    folder.known?.add(name)
    // Told of already, when the tree was put right.
    if (folder.child(name)?.known) return
    this.#tree.tell('create', folder, name)
    if (isFolder) this.#tree.await(folder, name)
  }

  #deleted(folder: Folder, name: string): void {
    folder.awaited?.delete(name)
    if (folder.known?.delete(name) === false) return
    this.#tree.tell('delete', folder, name)
    const child = folder.child(name)
    if (child !== undefined) this.#tree.drop(child)
  }

  #renamed(folder: Folder, name: string, target: Folder, newName: string, isFolder: boolean): void {
    const tree = this.#tree
    const isTold = target.known?.has(newName) === true
    folder.awaited?.delete(name)
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
    this.#sink.push({ type: 'rename', path: tree.path(target, newName), from: tree.path(folder, name) })
    if (replaced !== undefined && replaced !== moved) tree.drop(replaced)
    if (moved === undefined) {
      if (isFolder) tree.await(target, newName)
    } else if (target.isWithin(moved)) {
      tree.isLost = true
    } else {
      moved.attach(target, newName)
    }
  }
}
