/** watch: the door. It checks, resolves, and picks the source that the kernel has. */
import { realpathSync, statSync } from 'node:fs'
import { checkInteger, checkOptionNames, outOfRange, wrongType } from '../errors.js'
import { native } from '../native.js'
import { systemError } from '../system-error.js'
import type { OpenSource } from './event-source.js'
import { openInotifySource } from './inotify-source.js'
import { openVnodeSource } from './vnode-source.js'
import { Watcher } from './watcher.js'

export interface WatchOptions {
  /** The folders below as well, those that are still to be made too. False unless given; without meaning for a file. */
  readonly recursive?: boolean
  /** So many events wait to be taken, at most; past that one `overflow` stands for the rest. 16,384 unless given. */
  readonly maxQueuedEvents?: number
}

/** What Linux itself queues (fs.inotify.max_queued_events). */
const MAX_QUEUED_EVENTS = 16_384

const NAMES: ReadonlySet<string> = new Set<keyof WatchOptions>(['recursive', 'maxQueuedEvents'])

const SOURCES: Readonly<Record<ReturnType<typeof native.watchKind>, OpenSource>> = {
  inotify: openInotifySource,
  vnode: openVnodeSource,
}

/**
 * Watches the file or folder at `path`. Returns at once; changes from then on are told.
 *
 * - A folder: its entries. When the folder itself is deleted or renamed, a last `delete` of `path`, and the end.
 * - A file: its name. It may go and come again, or be replaced by another file's rename, which are `delete` and `create`.
 * - Symlinks in `path` are followed once, now. Those below are entries and are not followed.
 * - Names that are not UTF-8 have U+FFFD in `path`.
 * - Folders below that may not be read are entries, and nothing is told of what is in them.
 * - Recursive, it reads all folders before it returns: some 20 µs a folder.
 * - On BSD and macOS every file and folder takes a descriptor, and what comes and goes at once may not be seen.
 *
 * Throws `ENOENT`, `ENOTDIR`, `EACCES`, `ELOOP`; `ENOSPC` and `EMFILE` when a limit of the kernel is reached, which the message names
 * (inotify(7), kqueue(2)).
 */
export function watch(path: string, options: WatchOptions = {}): Watcher {
  if (typeof path !== 'string') throw wrongType('path', 'a string', path)
  if (path === '' || path.includes('\0')) throw outOfRange('path', 'a path', JSON.stringify(path))
  checkOptionNames(options, NAMES)
  const { recursive = false, maxQueuedEvents = MAX_QUEUED_EVENTS } = options
  if (typeof recursive !== 'boolean') throw wrongType('recursive', 'a boolean', recursive)
  const limit = checkInteger('maxQueuedEvents', maxQueuedEvents, 1, Number.MAX_SAFE_INTEGER)
  const real = resolved(path)
  const isDirectory = statSync(real).isDirectory()
  const target = {
    path,
    real: real.toString('latin1'),
    isDirectory,
    isRecursive: recursive && isDirectory,
  }
  return new Watcher(target, limit, SOURCES[native.watchKind()])
}

/** Fails as `watch`, of which the caller knows, and not as what it calls. */
function resolved(path: string): Buffer {
  try {
    return realpathSync.native(path, { encoding: 'buffer' })
  } catch (error) {
    const { errno } = error as NodeJS.ErrnoException
    throw errno === undefined ? error : systemError('watch', errno, { path })
  }
}
