/**
 * Opens files below one folder, and nothing else. A file is opened first and asked afterwards what it is: its type and size by fstat(2),
 * where it lies by the kernel's own name for the descriptor (`/proc/self/fd`). So a link that somebody swaps between a check and the open
 * changes nothing: what is checked is what will be sent. Where there is no `/proc`, the name is resolved after the open and must still lead
 * to the same inode, which leaves a gap only for somebody who swaps folders twice at the right moments.
 *
 * Hard links and mounts count as being where they are seen. Calls are synchronous, or all in the thread pool.
 */
import {
  close,
  closeSync,
  constants,
  existsSync,
  fstat,
  fstatSync,
  lstatSync,
  open,
  opendirSync,
  openSync,
  readlinkSync,
  realpathSync,
  type Stats,
  stat,
  statSync,
} from 'node:fs'
import { resolve } from 'node:path'
import { promisify } from 'node:util'
import { type Awaitable, interruptible } from '@shrapnel/core'

/** O_NONBLOCK: opening a FIFO does not wait for its other end. It means nothing to a file. */
const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY

/** Why nothing was opened: the status that says so. */
export type Refusal = 403 | 404 | 503

export class OpenFile {
  readonly fd: number
  readonly size: number
  readonly mtimeMs: number
  readonly isFolder: boolean
  readonly #isPooled: boolean
  #isClosed = false

  constructor(fd: number, stats: Stats, isPooled: boolean) {
    this.fd = fd
    this.size = stats.size
    this.mtimeMs = stats.mtimeMs
    this.isFolder = stats.isDirectory()
    this.#isPooled = isPooled
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    // Of what was only read, there is nothing that a failed close could lose.
    if (this.#isPooled) close(this.fd, () => {})
    else closeSync(this.fd)
  }
}

export interface FileRootOptions {
  /** Links may lead out of the root. */
  readonly allowsOutside: boolean
  /** Calls are made by the thread pool. */
  readonly isPooled: boolean
}

export class FileRoot {
  readonly path: string
  readonly #options: FileRootOptions
  #realPath: string

  /** Throws the system's error if there is no such folder. */
  constructor(path: string, options: FileRootOptions) {
    this.path = resolve(path)
    this.#options = options
    opendirSync(path).closeSync()
    this.#realPath = realpathSync.native(path, 'latin1')
  }

  /** `name` as `filePath` gives it. Only files and folders are given; whatever else there is does not exist. */
  open(name: string): Awaitable<OpenFile | Refusal> {
    const path = `${this.path}/${name}`
    if (this.#options.isPooled) return this.#openLater(path)
    try {
      // Most of what is asked for in vain is not there: this costs less than an error. And a device is not touched.
      const found = statSync(path, { throwIfNoEntry: false })
      if (found === undefined || !isServable(found)) return 404
      const fd = openSync(path, FLAGS)
      return this.#admit(path, fd, () => fstatSync(fd))
    } catch (error) {
      return refusalOf(error)
    }
  }

  /** Where an open folder can be read: itself, whatever its name means by now, where the system has a path for that. */
  pathOf(folder: OpenFile, name: string): string {
    const path = `/proc/self/fd/${folder.fd}`
    return existsSync(path) ? path : `${this.path}/${name}`
  }

  /** Takes charge of `fd`. */
  #admit(path: string, fd: number, statOf: () => Stats): OpenFile | Refusal {
    try {
      const stats = statOf()
      if (isServable(stats) && this.#isInside(path, fd, stats))
        return new OpenFile(fd, stats, this.#options.isPooled)
    } catch (error) {
      closeSync(fd)
      throw error
    }
    closeSync(fd)
    return 404
  }

  /** Cancelling ends the waiting; what is opened in vain is closed again. */
  async #openLater(path: string): Promise<OpenFile | Refusal> {
    const opening = openInPool(path).then<OpenFile | Refusal, Refusal>((opened) => {
      if (opened === undefined) return 404
      const { fd, stats } = opened
      return this.#admit(path, fd, () => stats)
    }, refusalOf)
    try {
      return await interruptible(opening)
    } catch (error) {
      opening.then(closeFile, () => {})
      throw error
    }
  }

  #isInside(path: string, fd: number, stats: Stats): boolean {
    if (this.#options.allowsOutside) return true
    const real = realPathOf(path, fd, stats)
    if (real === undefined) return false
    if (isBelow(real, this.#realPath)) return true
    // The root may be a link that leads elsewhere by now, as after a new release.
    this.#realPath = realpathSync.native(this.path, 'latin1')
    return isBelow(real, this.#realPath)
  }
}

function closeFile(file: OpenFile | Refusal): void {
  if (typeof file !== 'number') file.close()
}

async function openInPool(path: string): Promise<{ fd: number; stats: Stats } | undefined> {
  if (!isServable(await promisify(stat)(path))) return undefined
  const fd = await promisify(open)(path, FLAGS)
  try {
    return { fd, stats: await promisify(fstat)(fd) }
  } catch (error) {
    closeSync(fd)
    throw error
  }
}

function isServable(stats: Stats): boolean {
  return stats.isFile() || stats.isDirectory()
}

/** Where the open file lies, in latin1 so that every byte of a name counts. Undefined: that cannot be known. */
function realPathOf(path: string, fd: number, stats: Stats): string | undefined {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`, 'latin1')
  } catch {
    const real = realpathSync.native(path, 'buffer')
    const { dev, ino } = lstatSync(real)
    return dev === stats.dev && ino === stats.ino ? real.toString('latin1') : undefined
  }
}

function isBelow(path: string, folder: string): boolean {
  if (path === folder || folder === '/') return true
  return path.startsWith(folder) && path.charCodeAt(folder.length) === 47
}

const REFUSALS = new Map<string, Refusal>([
  ['ENOENT', 404],
  ['ENOTDIR', 404],
  ['ENAMETOOLONG', 404],
  ['ELOOP', 404],
  // What a socket or a device without a driver says.
  ['ENXIO', 404],
  ['ENODEV', 404],
  ['EACCES', 403],
  ['EPERM', 403],
  ['EMFILE', 503],
  ['ENFILE', 503],
])

/** Throws what nobody but the operator can mend. */
function refusalOf(error: unknown): Refusal {
  const refusal = REFUSALS.get((error as NodeJS.ErrnoException).code ?? '')
  if (refusal === undefined) throw error
  return refusal
}
