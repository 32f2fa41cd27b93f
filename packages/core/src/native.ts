/**
 * Everything the addon exports, and the only place that loads it. What is not here does not exist. Numbers come back
 * as the kernel gives them: a count or descriptor, and a negative errno for a failure.
 */
import { createRequire } from 'node:module'
import { constants as os } from 'node:os'
import { fileURLToPath } from 'node:url'

/** The kernel's bytes of a socket address. */
export type EncodedAddress = Uint8Array
/** Address family, host or path, port. */
export type DecodedAddress = readonly [family: number, host: string, port: number]

export interface Native {
  start(events: Int32Array, shared: Int32Array, dispatch: (count: number) => void): number
  keepAlive(): void
  poll(): number
  /** Milliseconds since Node's loop last looked at the clock: before its timers, and after it slept. */
  sinceWake(): number

  read(fd: number, buffer: Uint8Array, offset: number, length: number): number
  write(fd: number, buffer: Uint8Array, offset: number, length: number): number
  writev(fd: number, buffers: readonly Uint8Array[], first: number, offset: number): number
  sendFile(fd: number, file: number, offset: number, length: number): number
  sendTo(fd: number, buffer: Uint8Array, offset: number, length: number, to: EncodedAddress): number
  /** `from` gets one byte with the length of the address, then the address. */
  receiveFrom(fd: number, buffer: Uint8Array, from: Uint8Array): number
  /** Datagrams that lie one after another in `buffer`. How many were sent; a negative errno if one failed, which ends it. */
  sendMany(fd: number, buffer: Uint8Array, lengths: Int32Array, count: number): number
  /** Each into `slot` bytes of `buffer`. How many `lengths` there are, of which a negative one is an errno; fewer than fit: no more came. */
  receiveMany(fd: number, buffer: Uint8Array, slot: number, lengths: Int32Array): number

  socket(family: number, type: number, protocol: number): number
  watch(fd: number): number
  /** As `watch`, while `setAccepting(fd, 1)` holds. ENOTSUP: the system has no such thing. */
  watchExclusive(fd: number): number
  setAccepting(fd: number, isAccepting: 0 | 1): number
  socketPair(type: number): readonly [number, number]
  pipe(): readonly [number, number]
  adopt(fd: number): number
  /** EINVAL: it does not listen. It is not watched yet. */
  adoptListener(fd: number): number
  /** 1 when it is sent. */
  sendDescriptor(fd: number, passed: number): number
  /** 1, or 0 at the end. `out`, of three: how many descriptors came with the byte, the one if it was one, and the byte. */
  receiveDescriptor(fd: number, out: Int32Array): number
  /** `out`, of three: pid (0: not known), uid, gid. */
  peerCredentials(fd: number, out: Float64Array): number
  close(fd: number): number
  openCount(): number

  bind(fd: number, address: EncodedAddress): number
  listen(fd: number, backlog: number): number
  accept(fd: number): number
  connect(fd: number, address: EncodedAddress): number
  shutdown(fd: number, how: number): number
  getOption(fd: number, level: number, name: number, out: Int32Array): number
  setOption(fd: number, level: number, name: number, value: number): number
  setLinger(fd: number, seconds: number): number

  /** The descriptor that becomes readable with a signal. Main thread only, once. */
  openSignals(): number
  catchSignal(signum: number): number
  releaseSignal(signum: number): number
  /** 1: nobody takes this signal, and it is to end the program. */
  setSignalDefault(signum: number, isOn: 0 | 1): void
  /** `counts` gets two numbers a signal: deliveries, and those of them while the default was on. Gives how many signals have any. */
  takeSignals(fd: number, counts: Int32Array): number

  encodeInternet(host: string, port: number): Buffer | number
  encodeUnix(path: string): Buffer | number
  decode(address: EncodedAddress): DecodedAddress
  socketName(fd: number): DecodedAddress | number
  peerName(fd: number): DecodedAddress | number

  /** The new process's number. `out` gets what tells of its end, then our ends of the pipes; see native/binding/process_calls.cc. */
  spawn(
    path: string,
    args: Uint8Array,
    env: Uint8Array,
    cwd: string,
    descriptors: Int32Array,
    flags: number,
    out: Int32Array,
  ): number
  hasEnded(watch: number, pid: number): number
  reap(pid: number): number
  kill(pid: number, signal: number): number
  /** Which queue of file changes the kernel has. */
  watchKind(): 'inotify' | 'vnode'
  watchOpen(): number
  /** `path` in bytes, as names need not be UTF-8. A number that names the file in the queue's records. */
  watchAdd(fd: number, path: Uint8Array, mask: number): number
  /** For vnodes: the entry `name` of a folder that was added. */
  watchAddIn(fd: number, folder: number, name: Uint8Array, mask: number): number
  watchRemove(fd: number, id: number): number
  /** Bytes of the kernel's records. */
  watchRead(fd: number, buffer: Uint8Array): number
  /** For vnodes: what a folder that was added holds, or of that only one name unless it is empty. */
  watchList(id: number, only: Uint8Array): Buffer | number
  /** How many descriptors this process may have open. */
  descriptorLimit(): number

  readonly constants: Readonly<Record<ConstantName, number>>
}

export type ConstantName =
  | 'AF_INET' | 'AF_INET6' | 'AF_UNIX' | 'SOCK_STREAM' | 'SOCK_DGRAM'
  | 'SOL_SOCKET' | 'SO_BROADCAST' | 'SO_ERROR' | 'SO_KEEPALIVE' | 'SO_RCVBUF' | 'SO_REUSEADDR' | 'SO_REUSEPORT' | 'SO_SNDBUF' | 'SO_TYPE'
  | 'IPPROTO_TCP' | 'TCP_CORK' | 'TCP_NODELAY' | 'TCP_KEEPIDLE' | 'TCP_KEEPINTVL' | 'TCP_KEEPCNT'
  | 'IPPROTO_IP' | 'IP_TTL' | 'IPPROTO_IPV6' | 'IPV6_V6ONLY'
  | 'SHUT_RD' | 'SHUT_WR' | 'SHUT_RDWR'
  | 'ETOOMANYREFS' // biome-ignore format: a table

/** Bits of an event, as native/poller.h has them. */
export const READABLE = 1
export const WRITABLE = 2
export const ENDED = 4
export const BROKEN = 8
export const URGENT = 16

const { errno } = os
export const EACCES = -errno.EACCES
export const EAGAIN = -errno.EAGAIN
export const EBADF = -errno.EBADF
export const ECONNABORTED = -errno.ECONNABORTED
export const EINPROGRESS = -errno.EINPROGRESS
export const EMFILE = -errno.EMFILE
export const ENFILE = -errno.ENFILE
export const ENOBUFS = -errno.ENOBUFS
export const ENOMEM = -errno.ENOMEM
export const EINVAL = -errno.EINVAL
export const ENAMETOOLONG = -errno.ENAMETOOLONG
export const ENODEV = -errno.ENODEV
export const ENOENT = -errno.ENOENT
export const ENOEXEC = -errno.ENOEXEC
export const ENOSYS = -errno.ENOSYS
export const ENOTSUP = -errno.ENOTSUP
export const ENOTCONN = -errno.ENOTCONN
export const ENOTDIR = -errno.ENOTDIR
export const EPERM = -errno.EPERM
export const EPROTO = -errno.EPROTO
export const ESRCH = -errno.ESRCH

function load(): Native {
  if (process.platform === 'win32') {
    throw new Error('@shrapnel/core runs on Linux, macOS and the BSDs: Windows has neither epoll nor kqueue')
  }
  const require = createRequire(import.meta.url)
  // The tests of the package run it on other builds of the addon (kqueue, sanitizers).
  const override = process.env.SHRAPNEL_CORE_ADDON
  if (override !== undefined && override !== '') return require(override) as Native
  const root = fileURLToPath(new URL('..', import.meta.url))
  return require('pkg-prebuilds')(root, require(`${root}binding-options.cjs`)) as Native
}

export const native: Native = load()
