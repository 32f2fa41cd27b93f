/**
 * Files in memory, with the kernel's side of a watcher on kqueue (VnodeFiles): what it would say, and when. A number of a
 * file that is gone and not open is given to the next one, as some file systems do.
 */
import { endianness } from 'node:os'
import {
  ATTRIBUTES,
  CLOSED,
  GONE,
  MAX_RECORDS,
  MOVED,
  REMOVED,
  type VnodeFiles,
  type VnodeRecord,
  WRITTEN,
} from '../../src/watch/vnode-files.js'
import type { ListedEntry } from '../../src/watch/vnode-listing.js'

class FakeFile {
  links = 1
  size = 0
  mode = 0o644
  readonly inode: number
  readonly children: Map<string, FakeFile> | null
  constructor(inode: number, isFolder: boolean) {
    this.inode = inode
    this.children = isFolder ? new Map() : null
  }
}

interface Opened {
  readonly file: FakeFile
  readonly mask: number
  changes: number
}

export class FakeFiles implements VnodeFiles {
  readonly top: FakeFile
  readonly outside: FakeFile
  /** Called before each of these, as others use the files at the same time. */
  onCall: (call: 'take' | 'list' | 'add') => void = () => {}
  /** Names that may not be opened; folders that may not be read. */
  readonly closed = new Set<string>()
  readonly unreadable = new Set<string>()
  /** Listing a folder and opening a file: so many more succeed. */
  descriptorsLeft = Number.POSITIVE_INFINITY
  readonly #opened = new Map<number, Opened>()
  readonly #spoken = new Set<number>()
  #held: (() => void)[] | null = null
  #freeInodes: number[] = []
  #inodes = 0
  #ids = 100

  constructor() {
    this.top = this.#make(true)
    this.outside = this.#make(true)
  }

  get openCount(): number {
    return this.#opened.size
  }

  // What programs do. `../outside/x` is outside of `top`.

  write(path: string, size = 0): void {
    const [folder, name] = this.#split(path)
    const there = folder.children?.get(name)
    const file = there ?? this.#make(false)
    if (there === undefined) this.#link(folder, name, file)
    if (size === 0) return
    file.size += size
    this.#speak(file, WRITTEN)
  }

  mkdir(path: string): void {
    const [folder, name] = this.#split(path)
    this.#link(folder, name, this.#make(true))
  }

  link(from: string, path: string): void {
    const file = this.#file(from)
    const [folder, name] = this.#split(path)
    file.links++
    this.#link(folder, name, file)
  }

  chmod(path: string, mode: number): void {
    const file = this.#file(path)
    file.mode = mode
    this.#speak(file, ATTRIBUTES)
  }

  /** As FreeBSD tells it. */
  cut(path: string): void {
    const file = this.#file(path)
    file.size = 0
    this.#speak(file, ATTRIBUTES)
  }

  /** With all in it. */
  unlink(path: string): void {
    const file = this.#file(path)
    for (const name of [...(file.children?.keys() ?? [])]) this.unlink(`${path}/${name}`)
    const [folder, name] = this.#split(path)
    folder.children?.delete(name)
    this.#unlink(file)
    this.#speak(folder, WRITTEN)
  }

  /** What is at `to` gives way, and must be empty. */
  rename(from: string, to: string): void {
    const file = this.#file(from)
    const [source, name] = this.#split(from)
    const [target, newName] = this.#split(to)
    const replaced = target.children?.get(newName)
    if (replaced === file) return
    source.children?.delete(name)
    target.children?.set(newName, file)
    this.#speak(source, WRITTEN)
    this.#speak(target, WRITTEN)
    this.#speak(file, MOVED)
    if (replaced !== undefined) this.#unlink(replaced)
  }

  /** Each gets the other's name, at once. */
  exchange(a: string, b: string): void {
    const [first, second] = [this.#file(a), this.#file(b)]
    const [[source, name], [target, newName]] = [this.#split(a), this.#split(b)]
    source.children?.set(name, second)
    target.children?.set(newName, first)
    for (const folder of [source, target]) this.#speak(folder, WRITTEN)
    for (const file of [first, second]) this.#speak(file, MOVED)
  }

  /** The folder that is watched goes. */
  unlinkTop(): void {
    for (const name of [...(this.top.children?.keys() ?? [])]) this.unlink(name)
    this.#unlink(this.top)
  }

  /** Every path, folders with a slash. */
  paths(folder = this.top, prefix = ''): string[] {
    return [...(folder.children ?? [])].flatMap(([name, file]) =>
      file.children === null
        ? [prefix + name]
        : [`${prefix}${name}/`, ...this.paths(file, `${prefix}${name}/`)],
    )
  }

  /** The kernel says nothing more until `release`, as it may when it is interrupted. */
  hold(): void {
    this.#held ??= []
  }

  release(): void {
    const held = this.#held ?? []
    this.#held = null
    for (const speak of held) speak()
  }

  // What a watcher asks.

  open(mask: number): number {
    return this.#open(this.top, mask)
  }

  add(folder: number, name: string, mask: number): number {
    this.onCall('add')
    this.#spendDescriptor()
    const file = this.#opened.get(folder)?.file.children?.get(name)
    if (file === undefined) return GONE
    return this.closed.has(name) ? CLOSED : this.#open(file, mask)
  }

  remove(id: number): void {
    const file = this.#opened.get(id)?.file
    if (file === undefined) throw new Error(`closed twice: ${id}`)
    this.#opened.delete(id)
    this.#spoken.delete(id)
    this.#free(file)
  }

  list(folder: number, only: string): readonly ListedEntry[] | typeof GONE | typeof CLOSED {
    this.onCall('list')
    this.#spendDescriptor()
    const file = this.#opened.get(folder)?.file
    if (file === undefined) throw new Error(`not open: ${folder}`)
    if (file.links === 0) return GONE
    for (const name of this.unreadable) if (this.#isNamed(file, name)) return CLOSED
    return [...(file.children ?? [])]
      .filter(([name]) => only === '' || name === only)
      .map(([name, { inode, children }]) => ({
        name,
        kind: children === null ? 'f' : 'd',
        inode: bytesOf(inode),
      }))
  }

  facts(id: number): ReturnType<VnodeFiles['facts']> {
    const file = this.#opened.get(id)?.file
    if (file === undefined) throw new Error(`not open: ${id}`)
    const { inode, size, links, mode, children } = file
    return {
      dev: 1,
      ino: inode,
      size,
      nlink: links,
      mode,
      uid: 0,
      gid: 0,
      isDirectory: () => children !== null,
    }
  }

  take(): readonly VnodeRecord[] {
    this.onCall('take')
    const records: VnodeRecord[] = []
    for (const id of this.#spoken) {
      if (records.length === MAX_RECORDS) break
      const opened = this.#opened.get(id) as Opened
      records.push({ id, changes: opened.changes })
      opened.changes = 0
      this.#spoken.delete(id)
    }
    return records
  }

  #make(isFolder: boolean): FakeFile {
    return new FakeFile(this.#freeInodes.shift() ?? ++this.#inodes, isFolder)
  }

  #link(folder: FakeFile, name: string, file: FakeFile): void {
    folder.children?.set(name, file)
    this.#speak(folder, WRITTEN)
  }

  #unlink(file: FakeFile): void {
    if (file.children !== null && file.children.size > 0) throw new Error('not empty')
    file.links--
    this.#speak(file, REMOVED)
    this.#free(file)
  }

  #free(file: FakeFile): void {
    if (file.links > 0) return
    for (const opened of this.#opened.values()) if (opened.file === file) return
    this.#freeInodes.push(file.inode)
  }

  #open(file: FakeFile, mask: number): number {
    const id = this.#ids++
    this.#opened.set(id, { file, mask, changes: 0 })
    return id
  }

  #speak(file: FakeFile, changes: number): void {
    const speak = () => {
      for (const [id, opened] of this.#opened) {
        if (opened.file !== file || (changes & opened.mask) === 0) continue
        opened.changes |= changes & opened.mask
        this.#spoken.add(id)
      }
    }
    if (this.#held === null) speak()
    else this.#held.push(speak)
  }

  #spendDescriptor(): void {
    if (this.descriptorsLeft-- <= 0) throw Object.assign(new Error('no descriptor'), { code: 'EMFILE' })
  }

  #isNamed(file: FakeFile, name: string): boolean {
    return name === '.' ? file === this.top : this.top.children?.get(name) === file
  }

  #file(path: string): FakeFile {
    const [folder, name] = this.#split(path)
    const file = folder.children?.get(name)
    if (file === undefined) throw new Error(`no ${path}`)
    return file
  }

  #split(path: string): [folder: FakeFile, name: string] {
    const outer = '../outside/'
    const names = (path.startsWith(outer) ? path.slice(outer.length) : path).split('/')
    const last = names.pop() as string
    let folder = path.startsWith(outer) ? this.outside : this.top
    for (const name of names) folder = folder.children?.get(name) as FakeFile
    return [folder, last]
  }
}

function bytesOf(inode: number): string {
  const bytes = Buffer.alloc(8)
  bytes[endianness() === 'LE' ? 'writeBigUInt64LE' : 'writeBigUInt64BE'](BigInt(inode))
  return bytes.toString('latin1')
}
