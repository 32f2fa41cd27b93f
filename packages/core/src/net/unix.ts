/** UNIX sockets: by path, or by a name with a leading NUL in Linux's abstract namespace. */
import { chmodSync, lstatSync, unlinkSync } from 'node:fs'
import { checkDuration, checkInteger, checkOptions } from '../errors.js'
import { native } from '../native.js'
import { withTimeout } from '../scope/with-timeout.js'
import { systemError } from '../system-error.js'
import { encodeUnix } from './address.js'
import { connectTo } from './connecting.js'
import { type InheritedListenOptions, inheritListener, isInherited } from './inherited-listener.js'
import { Listener, watchListener } from './listener.js'
import type { Socket } from './socket.js'
import { openForAccept } from './tcp.js'

export interface UnixConnectOptions {
  /** In milliseconds; then `TimeoutError`. No limit unless given. */
  readonly timeoutMs?: number
}

export interface UnixListenOptions {
  /** At most 107 bytes on Linux, 103 elsewhere. */
  readonly path: string
  /** Permissions of the socket's file, such as 0o600. What the umask leaves unless given. */
  readonly mode?: number
  /** As in `tcp.listen`. */
  readonly backlog?: number
  /** Removes the file of a socket nobody listens on any more before binding. False unless given: `EADDRINUSE` then. */
  readonly replaceStale?: boolean
  /** Removes the file when the listener is closed, unless another socket has taken its place. True unless given. */
  readonly unlinkOnClose?: boolean
  /** As in `tcp.listen`. */
  readonly exclusive?: boolean
}

const DEFAULT_BACKLOG = 511

/** Connects. Waits also while the listener's queue is full; cancelling leaves nothing open. Fails with `ENOENT`, `ECONNREFUSED`, `EACCES`. */
async function connect(path: string, options: UnixConnectOptions = {}): Promise<Socket> {
  checkOptions(options)
  const timeoutMs = checkDuration('timeoutMs', options.timeoutMs ?? Infinity)
  const attempt = (): Promise<Socket> =>
    connectTo({
      family: native.constants.AF_UNIX,
      to: encodeUnix(path, 'connect'),
      noDelay: false,
      facts: { path },
    })
  return timeoutMs === Infinity ? attempt() : withTimeout(timeoutMs, attempt)
}

/**
 * Listens. Returns at once; throws `EADDRINUSE`, `EACCES`, `ENAMETOOLONG`. Closing the listener removes the file; a process
 * that is killed leaves it, for `replaceStale`. With `fd` it takes over a socket that listens already, as `tcp.listen` does, and
 * leaves its file alone.
 */
function listen(options: UnixListenOptions | InheritedListenOptions): Listener {
  checkOptions(options)
  if (isInherited(options)) {
    const { fd, isExclusive } = inheritListener(options, 'UNIX', [native.constants.AF_UNIX])
    return new Listener(fd, false, false, isExclusive)
  }
  const { path, mode } = options
  const address = encodeUnix(path, 'bind')
  const backlog = checkInteger('backlog', options.backlog ?? DEFAULT_BACKLOG, 1, 2 ** 31 - 1)
  if (mode !== undefined) checkInteger('mode', mode, 0, 0o777)
  if (options.replaceStale) removeStale(path, address)
  const fd = native.socket(native.constants.AF_UNIX, native.constants.SOCK_STREAM, 0)
  if (fd < 0) throw systemError('socket', fd, { path })
  const hasFile = !path.startsWith('\0')
  try {
    // Before listen(2) nobody can connect, however open the umask left the file. (Changing the umask meanwhile would reach the
    // files that other threads make, and Node refuses it in a worker.)
    openForAccept(fd, address, backlog, { path }, () => {
      if (mode !== undefined && hasFile) chmodSync(path, mode)
    })
    const isExclusive = watchListener(fd, options.exclusive ?? false, { path })
    return new UnixListener(fd, isExclusive, hasFile && (options.unlinkOnClose ?? true) ? path : undefined)
  } catch (error) {
    native.close(fd)
    throw error
  }
}

class UnixListener extends Listener {
  readonly #path: string | undefined
  readonly #inode: bigint | undefined

  /** `path`: the file to remove on close, if any. */
  constructor(fd: number, isExclusive: boolean, path: string | undefined) {
    super(fd, false, false, isExclusive)
    this.#path = path
    this.#inode = path === undefined ? undefined : inodeOf(path)
  }

  override close(): void {
    try {
      // Whoever replaced the file keeps it. (Its inode is not used again while this socket is open.)
      if (!this.isClosed && this.#path !== undefined && inodeOf(this.#path) === this.#inode)
        unlinkPath(this.#path)
    } catch {
      // It stays, as that of a process that was killed does: `replaceStale` is for that.
    }
    super.close()
  }
}

/** Unique while the file exists, as far as files of one path go; undefined if there is none. */
function inodeOf(path: string): bigint | undefined {
  return lstatSync(path, { bigint: true, throwIfNoEntry: false })?.ino
}

/** Removes the file at `path` if it is a socket; nothing if it is gone already. */
function unlinkPath(path: string): void {
  if (isSocketFile(path)) unlinkSync(path)
}

/**
 * With `bigint`, as without it Node keeps the answer where its realpath looks at it later: after the lstat of a socket that stops half-way,
 * and `import` finds a package behind a symbolic link a second time, as another one (Node 20.20, lib/fs.js: `realpathSync`).
 */
function isSocketFile(path: string): boolean {
  return lstatSync(path, { bigint: true, throwIfNoEntry: false })?.isSocket() === true
}

/** A socket file that refuses connections belongs to nobody. One that accepts is in use: bind will say so. */
function removeStale(path: string, address: Uint8Array): void {
  if (path.startsWith('\0') || !isSocketFile(path)) return
  const fd = native.socket(native.constants.AF_UNIX, native.constants.SOCK_STREAM, 0)
  if (fd < 0) throw systemError('socket', fd, { path })
  const result = native.connect(fd, address)
  native.close(fd)
  const isRefused = result < 0 && systemError('connect', result).code === 'ECONNREFUSED'
  if (isRefused) unlinkSync(path)
}

export const unix = { connect, listen, unlinkPath } as const
