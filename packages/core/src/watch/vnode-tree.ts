/** VnodeTree: the names that a watcher on kqueue knows, each with its open file. It opens and closes them and tells nothing. */
import { join } from 'node:path'
import { toTextPath } from './byte-path.js'
import type { WatchTarget } from './event-source.js'
import { VnodeEntry } from './vnode-entry.js'
import { ATTRIBUTES, CLOSED, GONE, type VnodeFiles, WRITTEN } from './vnode-files.js'
import { type ListedEntry, toNumber } from './vnode-listing.js'

export class VnodeTree {
  readonly root: VnodeEntry
  readonly #target: WatchTarget
  readonly #files: VnodeFiles
  /** What paths below begin with. */
  readonly #prefix: string
  /** The name that is watched, when it is only one. */
  readonly #only: string
  readonly #byId = new Map<number, VnodeEntry>()
  /** One name of each file. */
  readonly #byInode = new Map<string, VnodeEntry>()

  /** `id` is the folder that is watched, or the one that the watched file is in. */
  constructor(target: WatchTarget, files: VnodeFiles, id: number) {
    this.#target = target
    this.#files = files
    this.#prefix = join(target.path, 'x').slice(0, -1)
    this.#only = target.isDirectory ? '' : target.real.slice(target.real.lastIndexOf('/') + 1)
    this.root = new VnodeEntry(id, 'd', '', files.facts(id).dev, null, '')
    this.root.children = new Map()
    this.#byId.set(id, this.root)
  }

  /** For people. */
  pathOf(entry: VnodeEntry): string {
    const { path } = entry
    return path === '' || this.isOneName ? this.#target.path : this.#prefix + toTextPath(path)
  }

  /** A file is watched, not a folder: then the first folder is none of the program's. */
  get isOneName(): boolean {
    return this.#only !== ''
  }

  byId(id: number): VnodeEntry | undefined {
    return this.#byId.get(id)
  }

  byInode(inode: string): VnodeEntry | undefined {
    return this.#byInode.get(inode)
  }

  list(folder: VnodeEntry): readonly ListedEntry[] | typeof GONE | typeof CLOSED {
    return this.#files.list(folder.id, this.#only)
  }

  facts(entry: VnodeEntry): ReturnType<VnodeFiles['facts']> {
    return this.#files.facts(entry.id)
  }

  /** Opens what a folder lists. Null when it is not there any more. */
  open(folder: VnodeEntry, { name, kind, inode }: ListedEntry): VnodeEntry | null {
    const isFolder = kind === 'd'
    const isLookedInto = isFolder && this.#target.isRecursive
    const id = this.#files.add(folder.id, name, isFolder && !isLookedInto ? ATTRIBUTES : WRITTEN | ATTRIBUTES)
    if (id === GONE) return null
    const facts = id === CLOSED ? null : this.#files.facts(id)
    const entry = new VnodeEntry(id, kind, inode, facts?.dev ?? folder.device, folder, name)
    if (facts !== null) {
      this.#byId.set(id, entry)
      // Another file may have taken the name in between; some file systems list other numbers than they tell.
      entry.isProven = facts.ino === toNumber(inode) && facts.isDirectory() === isFolder
      if (entry.isProven && !this.#byInode.has(inode)) this.#byInode.set(inode, entry)
      if (isLookedInto && facts.isDirectory()) entry.children = new Map()
      remember(entry, facts)
    }
    folder.children?.set(name, entry)
    return entry
  }

  /** With all below. The names are not taken out of their folders. */
  close(entry: VnodeEntry): void {
    const stack = [entry]
    for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
      if (next.children !== null) for (const child of next.children.values()) stack.push(child)
      if (this.#byInode.get(next.inode) === next) this.#byInode.delete(next.inode)
      if (this.#byId.delete(next.id)) this.#files.remove(next.id)
    }
  }
}

/** What the file is now, to compare with later. True if its mode or owner is another than before. */
export function remember(entry: VnodeEntry, facts: ReturnType<VnodeFiles['facts']>): boolean {
  const { mode } = facts
  const owner = `${facts.uid}:${facts.gid}`
  const isOther = mode !== entry.mode || owner !== entry.owner
  entry.size = facts.size
  entry.mode = mode
  entry.owner = owner
  return isOther
}
