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

  socket(family: number, type: number, protocol: number): number
  watch(fd: number): number
  socketPair(type: number): readonly [number, number]
  pipe(): readonly [number, number]
  adopt(fd: number): number
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

  encodeInternet(host: string, port: number): Buffer | number
  encodeUnix(path: string): Buffer | number
  decode(address: EncodedAddress): DecodedAddress
  socketName(fd: number): DecodedAddress | number
  peerName(fd: number): DecodedAddress | number

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
  | 'IPPROTO_TCP' | 'TCP_NODELAY' | 'TCP_KEEPINTVL' | 'TCP_KEEPCNT'
  | 'IPPROTO_IP' | 'IP_TTL' | 'IPPROTO_IPV6' | 'IPV6_V6ONLY'
  | 'SHUT_RD' | 'SHUT_WR' | 'SHUT_RDWR' // biome-ignore format: a table

/** Bits of an event, as native/poller.h has them. */
export const READABLE = 1
export const WRITABLE = 2
export const ENDED = 4
export const BROKEN = 8
export const URGENT = 16

const { errno } = os
export const EAGAIN = -errno.EAGAIN
export const ECONNABORTED = -errno.ECONNABORTED
export const EINPROGRESS = -errno.EINPROGRESS
export const EMFILE = -errno.EMFILE
export const ENFILE = -errno.ENFILE
export const ENOBUFS = -errno.ENOBUFS
export const ENOMEM = -errno.ENOMEM
export const EINVAL = -errno.EINVAL
export const ENAMETOOLONG = -errno.ENAMETOOLONG
export const ENODEV = -errno.ENODEV
export const ENOTCONN = -errno.ENOTCONN
export const EPROTO = -errno.EPROTO

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
