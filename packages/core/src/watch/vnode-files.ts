/**
 * VnodeFiles: the kernel's side of a watcher on kqueue, with failures sorted: what may happen to one file at any time is a
 * value, what ends the watcher is thrown.
 */
import { fstatSync, type Stats } from 'node:fs'
import { constants as os } from 'node:os'
import { EAGAIN, native } from '../native.js'
import { type SystemError, systemError } from '../system-error.js'
import { toBytePath, toTextPath } from './byte-path.js'
import { type ListedEntry, parseListing } from './vnode-listing.js'

/** Bits of a change, as native/watch.h has them. */
export const WRITTEN = 1
export const ATTRIBUTES = 2
export const MOVED = 4
export const REMOVED = 8

/** The name is gone. */
export const GONE = -1
/** It is there, and cannot be opened, or not be watched. */
export const CLOSED = -2

export interface VnodeRecord {
  readonly id: number
  readonly changes: number
}

export interface VnodeFiles {
  /** The id, GONE or CLOSED. */
  add(folder: number, name: string, mask: number): number
  remove(id: number): void
  /** What a folder holds, or only `only` unless that is ''. */
  list(folder: number, only: string): readonly ListedEntry[] | typeof GONE | typeof CLOSED
  facts(id: number): Pick<Stats, 'dev' | 'ino' | 'size' | 'nlink' | 'mode' | 'uid' | 'gid' | 'isDirectory'>
  /** As many changes as fit; fewer than that: there are no more. */
  take(): readonly VnodeRecord[]
}

/** What one `take` gives at most. */
export const MAX_RECORDS = 1_024
const records = new Int32Array(2 * MAX_RECORDS)
const recordBytes = new Uint8Array(records.buffer)

const { errno } = os
const NAME_IS_GONE: ReadonlySet<number> = new Set([-errno.ENOENT, -errno.ENOTDIR])
const NO_DESCRIPTOR: ReadonlySet<number> = new Set([
  -errno.EMFILE,
  -errno.ENFILE,
  -errno.ENOMEM,
  -errno.ENOSPC,
])

export class KernelFiles implements VnodeFiles {
  readonly #queue: number
  readonly #path: string

  /** `path` is for messages. */
  constructor(queue: number, path: string) {
    this.#queue = queue
    this.#path = path
  }

  /** The folder that the watcher begins at. */
  open(path: string, mask: number): number {
    const id = native.watchAdd(this.#queue, toBytePath(path), mask)
    if (id < 0) throw vnodeError('open', id, toTextPath(path))
    if (this.facts(id).isDirectory()) return id
    this.remove(id)
    throw vnodeError('open', -errno.ENOTDIR, toTextPath(path))
  }

  add(folder: number, name: string, mask: number): number {
    const id = native.watchAddIn(this.#queue, folder, toBytePath(name), mask)
    if (id >= 0) return id
    if (NAME_IS_GONE.has(id)) return GONE
    if (NO_DESCRIPTOR.has(id)) throw vnodeError('open', id, `${this.#path} … ${toTextPath(name)}`)
    return CLOSED
  }

  remove(id: number): void {
    native.watchRemove(this.#queue, id)
  }

  list(folder: number, only: string): readonly ListedEntry[] | typeof GONE | typeof CLOSED {
    const listing = native.watchList(folder, toBytePath(only))
    if (typeof listing !== 'number') return parseListing(listing)
    if (NAME_IS_GONE.has(listing)) return GONE
    if (listing === -errno.EACCES || listing === -errno.EPERM) return CLOSED
    throw vnodeError('readdir', listing, this.#path)
  }

  facts(id: number): Stats {
    return fstatSync(id)
  }

  take(): readonly VnodeRecord[] {
    const count = native.watchRead(this.#queue, recordBytes)
    if (count === EAGAIN) return []
    if (count < 0) throw vnodeError('kevent', count, this.#path)
    const taken: VnodeRecord[] = []
    for (let i = 0; i < count / Int32Array.BYTES_PER_ELEMENT; i += 2) {
      taken.push({ id: records[i] as number, changes: records[i + 1] as number })
    }
    return taken
  }
}

/** With the limit behind it by name: here every file takes a descriptor. */
export function vnodeError(syscall: string, result: number, path: string): SystemError {
  const error = systemError(syscall, result, { path })
  if (result === -errno.EMFILE) {
    const limit = native.descriptorLimit()
    error.message += `; a watcher takes a descriptor for each file and folder, and this process may have ${limit} open: raise it with ulimit -n`
  } else if (result === -errno.ENFILE) {
    error.message +=
      '; a watcher takes a descriptor for each file and folder, and the system has no more: raise kern.maxfiles'
  }
  return error
}
