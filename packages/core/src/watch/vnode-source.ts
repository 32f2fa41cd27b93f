/**
 * The source on BSD and macOS: a kqueue of its own for each watcher, and an open file for each name (EVFILT_VNODE). The kernel
 * says in which folders names changed and not which, so the folders are read again and compared: VnodeLook.
 *
 * What inotify tells and this cannot:
 *   - a name that came and went between two looks, and the order of what happened between them: VnodeReport makes one up;
 *   - whether a file was deleted before another was renamed to its name: that is the rename alone. Of a single watched file it
 *     is a creation alone, also when it was deleted and made anew;
 *   - by which of its names a file with several was written: all of them are told of, and so is a write by a name elsewhere;
 *   - whether a file that comes with bytes in it was written or moved in: it is told as written;
 *   - what is in a file that may not be read, or (without O_PATH or O_EVTONLY) in what is neither file nor folder. They come
 *     and go, and a rename is that too.
 * In exchange the kernel keeps a set of flags for each file and no queue that could overflow. What it costs is a descriptor for
 * each name, and a reading of the whole folder whenever names change in it.
 */
import { constants as os } from 'node:os'
import { native } from '../native.js'
import { type Job, nextTurn } from '../runtime/turn.js'
import type { ChangeSink, ChangeSource, OpenSource, WatchTarget } from './event-source.js'
import { QueueDescriptor } from './queue-descriptor.js'
import type { VnodeEntry } from './vnode-entry.js'
import {
  ATTRIBUTES,
  KernelFiles,
  MAX_RECORDS,
  MOVED,
  REMOVED,
  type VnodeFiles,
  vnodeError,
  WRITTEN,
} from './vnode-files.js'
import { VnodeLook } from './vnode-look.js'
import { VnodeReport } from './vnode-report.js'
import { remember, VnodeTree } from './vnode-tree.js'

export const openVnodeSource: OpenSource = (target, sink) => {
  const fd = native.watchOpen()
  if (fd < 0) throw vnodeError('kqueue', fd, target.path)
  const files = new KernelFiles(fd, target.path)
  let source: VnodeSource | null = null
  const queue = new QueueDescriptor(fd, () => source?.read())
  try {
    const folder = target.isDirectory
      ? target.real
      : target.real.slice(0, target.real.lastIndexOf('/')) || '/'
    const id = files.open(folder, WRITTEN | ATTRIBUTES | MOVED | REMOVED)
    source = new VnodeSource(target, sink, files, id, () => queue.close())
  } catch (error) {
    queue.close()
    throw error
  }
  return source
}

export class VnodeSource implements ChangeSource, Job {
  readonly #sink: ChangeSink
  readonly #files: VnodeFiles
  readonly #tree: VnodeTree
  readonly #onClose: () => void
  /** What the kernel spoke of and nobody was told yet. */
  #changed = new Set<VnodeEntry>()
  #isClosed = false
  #isTurnAsked = false

  /** `id` is the folder that is watched, or that the watched file is in. Throws what ends a watcher; then all is closed but `files`. */
  constructor(target: WatchTarget, sink: ChangeSink, files: VnodeFiles, id: number, onClose: () => void) {
    this.#sink = sink
    this.#files = files
    this.#onClose = onClose
    this.#tree = new VnodeTree(target, files, id)
    try {
      this.#findAll()
    } catch (error) {
      this.#tree.close(this.#tree.root)
      throw error
    }
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#tree.close(this.#tree.root)
    this.#onClose()
  }

  /** The kernel has something to tell. */
  read(): void {
    if (this.#isClosed) return
    try {
      const isMore = this.#take() === MAX_RECORDS
      this.#tell()
      if (!this.#isClosed && (isMore || this.#changed.size > 0)) this.#askTurn()
    } catch (error) {
      this.close()
      this.#sink.fail(error)
    }
  }

  runJob(): void {
    this.#isTurnAsked = false
    this.read()
  }

  #askTurn(): void {
    if (!this.#isTurnAsked) nextTurn(this)
    this.#isTurnAsked = true
  }

  /** What is there at the start is told to nobody. */
  #findAll(): void {
    const { root } = this.#tree
    const look = new VnodeLook(this.#tree, () => [])
    look.run([root])
    if (look.refused.has(root)) throw vnodeError('readdir', -os.errno.EACCES, this.#tree.pathOf(root))
  }

  #take(): number {
    const records = this.#files.take()
    for (const { id, changes } of records) {
      const entry = this.#tree.byId(id)
      if (entry === undefined) continue
      entry.changes |= changes
      this.#changed.add(entry)
    }
    return records.length
  }

  #tell(): void {
    const changed = this.#changed
    const look = new VnodeLook(this.#tree, () => {
      this.#take()
      return foldersOf(changed)
    })
    look.run(foldersOf(changed))
    // A deleted file's last words come before its end, a moved one's after: then they have the path at which it is.
    for (const entry of changed) if (look.hasLost(entry)) this.#tellOf(entry)
    new VnodeReport(this.#tree, look, this.#sink).run()
    this.#changed = new Set()
    for (const entry of changed) {
      if (this.#tree.byId(entry.id) !== entry) continue
      this.#tellOf(entry)
      // Names changed after they were read.
      if (entry.children !== null && (entry.changes & WRITTEN) !== 0) this.#changed.add(entry)
    }
    if ((this.#tree.root.changes & (MOVED | REMOVED)) !== 0) this.#end()
  }

  #tellOf(entry: VnodeEntry): void {
    const { changes, size } = entry
    if (entry.kind === 'd') {
      entry.changes &= ~ATTRIBUTES
      if ((changes & ATTRIBUTES) !== 0 && !(entry === this.#tree.root && this.#tree.isOneName))
        this.#push('attrib', entry)
      return
    }
    entry.changes = 0
    if (changes === 0) return
    const isOther = remember(entry, this.#tree.facts(entry))
    const isWritten = (changes & WRITTEN) !== 0
    // FreeBSD calls it a change of attributes when a file is cut.
    const isCut = !isWritten && entry.size !== size
    if (isWritten || isCut) this.#push('modify', entry)
    if ((changes & ATTRIBUTES) !== 0 && (!isCut || isOther)) this.#push('attrib', entry)
  }

  #push(type: 'modify' | 'attrib', entry: VnodeEntry): void {
    this.#sink.push({ type, path: this.#tree.pathOf(entry) })
  }

  /** The folder is no longer where it was. */
  #end(): void {
    const { root } = this.#tree
    if (!this.#tree.isOneName || root.children?.size === 1) {
      this.#sink.push({ type: 'delete', path: this.#tree.pathOf(root) })
    }
    this.close()
    this.#sink.end()
  }
}

/** Those in which names changed. */
function foldersOf(entries: Iterable<VnodeEntry>): VnodeEntry[] {
  return [...entries].filter(({ children, changes }) => children !== null && (changes & WRITTEN) !== 0)
}
