/** TCP: connecting and listening. */
import { checkDuration, checkInteger, checkOptions, outOfRange, wrongType } from '../errors.js'
import { native } from '../native.js'
import { withTimeout } from '../scope/with-timeout.js'
import { type SystemErrorFacts, systemError } from '../system-error.js'
import { checkPort, encodeInternet, isAddress } from './address.js'
import { connectTo } from './connecting.js'
import { connectFirst } from './happy-eyeballs.js'
import { type InheritedListenOptions, inheritListener, isInherited } from './inherited-listener.js'
import { Listener, watchListener } from './listener.js'
import { resolve } from './resolver.js'
import type { Socket } from './socket.js'
import { setOption } from './socket-options.js'

export interface ConnectOptions {
  /** Time for name lookup and all attempts together, in milliseconds; then `TimeoutError`. No limit unless given. */
  readonly timeoutMs?: number
  /** Sends small writes at once (TCP_NODELAY). True unless given. */
  readonly noDelay?: boolean
  /** The address to connect from. The kernel's choice unless given. */
  readonly localAddress?: string
}

export interface ListenOptions {
  /** 0 to 65535; 0 lets the kernel choose. */
  readonly port: number
  /** An IPv4 or IPv6 address, or `localhost`. `127.0.0.1` unless given; `::` and `0.0.0.0` are every interface. */
  readonly host?: string
  /** How many connections wait for `accept` in the kernel; its own maximum applies. 511 unless given. */
  readonly backlog?: number
  /** For connections that are accepted. True unless given. */
  readonly noDelay?: boolean
  /** Lets several sockets listen on the port, and the kernel share connections out (SO_REUSEPORT). False unless given. */
  readonly reusePort?: boolean
  /** On an IPv6 address: no IPv4 connections. False unless given. */
  readonly ipv6Only?: boolean
  /**
   * For a listener that several processes share: a connection wakes one of them and not all (EPOLLEXCLUSIVE on Linux; elsewhere the
   * kernel has no such thing, and it changes nothing). False unless given.
   */
  readonly exclusive?: boolean
}

const DEFAULT_BACKLOG = 511

/**
 * Connects to `host`, an address or a name. A name with several addresses is tried as RFC 8305 says. Waits for lookup and
 * connection; cancelling leaves nothing open. Fails with `ECONNREFUSED`, `ENOTFOUND`, … and with `TIMEOUT` by `timeoutMs`.
 */
async function connect(host: string, port: number, options: ConnectOptions = {}): Promise<Socket> {
  if (typeof host !== 'string') throw wrongType('host', 'a string', host)
  if (host === '') throw outOfRange('host', 'not empty', '""')
  checkPort('port', port, 1)
  checkOptions(options)
  const timeoutMs = checkDuration('timeoutMs', options.timeoutMs ?? Infinity)
  const attempt = async (): Promise<Socket> => {
    const addresses = isAddress(host) ? [host] : await resolve(host)
    if (addresses.length === 0)
      throw Object.assign(new Error(`lookup ENOTFOUND ${host}`), { code: 'ENOTFOUND', hostname: host })
    return connectFirst(addresses, (address) => connectAddress(address, port, options))
  }
  return timeoutMs === Infinity ? attempt() : withTimeout(timeoutMs, attempt)
}

function connectAddress(address: string, port: number, options: ConnectOptions): Promise<Socket> {
  return connectTo({
    family: familyOf(address),
    to: encodeInternet(address, port),
    from: options.localAddress === undefined ? undefined : encodeInternet(options.localAddress, 0),
    noDelay: options.noDelay ?? true,
    facts: { address, port },
  })
}

function familyOf(address: string): number {
  return address.includes(':') ? native.constants.AF_INET6 : native.constants.AF_INET
}

/**
 * Listens. Returns at once; throws `EADDRINUSE`, `EACCES`, `EADDRNOTAVAIL`. With `fd` it takes over a socket that listens already;
 * throws `ENOTSOCK`, `EBADF`, `EEXIST` (it is ours already), `ERR_OUT_OF_RANGE` for what does not listen or is not TCP, and
 * `ERR_INCOMPATIBLE_OPTION_PAIR`.
 */
function listen(options: ListenOptions | InheritedListenOptions): Listener {
  checkOptions(options)
  if (isInherited(options)) {
    const { AF_INET, AF_INET6 } = native.constants
    const { fd, isExclusive } = inheritListener(options, 'TCP', [AF_INET, AF_INET6])
    return new Listener(fd, true, options.noDelay ?? true, isExclusive)
  }
  const { host = '127.0.0.1', noDelay = true } = options
  const port = checkPort('port', options.port)
  const backlog = checkInteger('backlog', options.backlog ?? DEFAULT_BACKLOG, 1, 2 ** 31 - 1)
  const address = encodeInternet(host, port)
  const facts = { address: host, port }
  const fd = native.socket(familyOf(host), native.constants.SOCK_STREAM, 0)
  if (fd < 0) throw systemError('socket', fd, facts)
  try {
    setOption(fd, 'reuseAddress', true)
    if (options.reusePort) setOption(fd, 'reusePort', true)
    if (host.includes(':')) setOption(fd, 'ipv6Only', options.ipv6Only ?? false)
    openForAccept(fd, address, backlog, facts)
    return new Listener(fd, true, noDelay, watchListener(fd, options.exclusive ?? false, facts))
  } catch (error) {
    native.close(fd)
    throw error
  }
}

/** `afterBind` is called when the address is taken and nobody can connect yet. @internal */
export function openForAccept(
  fd: number,
  address: Uint8Array,
  backlog: number,
  facts: SystemErrorFacts,
  afterBind: () => void = () => {},
): void {
  const check = (syscall: string, result: number): void => {
    if (result < 0) throw systemError(syscall, result, facts)
  }
  check('bind', native.bind(fd, address))
  afterBind()
  check('listen', native.listen(fd, backlog))
}

export const tcp = { connect, listen } as const
