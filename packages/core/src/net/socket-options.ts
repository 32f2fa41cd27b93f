/** Socket options by name, for those that are one number. */
import { checkInteger, outOfRange } from '../errors.js'
import { type ConstantName, native } from '../native.js'
import { systemError } from '../system-error.js'

/** Level and name in the kernel's terms: socket(7), tcp(7), ip(7), ipv6(7). */
const OPTIONS = {
  broadcast: ['SOL_SOCKET', 'SO_BROADCAST'],
  keepAlive: ['SOL_SOCKET', 'SO_KEEPALIVE'],
  keepAliveIdleSeconds: ['IPPROTO_TCP', 'TCP_KEEPIDLE'],
  keepAliveIntervalSeconds: ['IPPROTO_TCP', 'TCP_KEEPINTVL'],
  keepAliveProbes: ['IPPROTO_TCP', 'TCP_KEEPCNT'],
  noDelay: ['IPPROTO_TCP', 'TCP_NODELAY'],
  receiveBufferBytes: ['SOL_SOCKET', 'SO_RCVBUF'],
  reuseAddress: ['SOL_SOCKET', 'SO_REUSEADDR'],
  reusePort: ['SOL_SOCKET', 'SO_REUSEPORT'],
  sendBufferBytes: ['SOL_SOCKET', 'SO_SNDBUF'],
  timeToLive: ['IPPROTO_IP', 'IP_TTL'],
  ipv6Only: ['IPPROTO_IPV6', 'IPV6_V6ONLY'],
} as const satisfies Record<string, readonly [ConstantName, ConstantName]>

export type SocketOption = keyof typeof OPTIONS

const value = new Int32Array(2)

export function getOption(fd: number, option: SocketOption): number {
  const [level, name] = codes(option)
  const result = native.getOption(fd, level, name, value)
  if (result < 0) throw systemError(`getsockopt ${option}`, result)
  return value[0] as number
}

export function setOption(fd: number, option: SocketOption, to: number | boolean): void {
  const [level, name] = codes(option)
  const number = typeof to === 'boolean' ? Number(to) : checkInteger('value', to, -(2 ** 31), 2 ** 31 - 1)
  const result = native.setOption(fd, level, name, number)
  if (result < 0) throw systemError(`setsockopt ${option}`, result)
}

function codes(option: SocketOption): readonly [number, number] {
  if (!Object.hasOwn(OPTIONS, option))
    throw outOfRange('option', `one of ${Object.keys(OPTIONS).join(', ')}`, option)
  const [level, name] = OPTIONS[option]
  return [native.constants[level], native.constants[name]]
}
