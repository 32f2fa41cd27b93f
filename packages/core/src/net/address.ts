/** Addresses as Node has them, to and from the kernel's bytes. No names are resolved here. */
import { isIP } from 'node:net'
import { checkInteger, outOfRange, wrongType } from '../errors.js'
import { type DecodedAddress, EINVAL, ENAMETOOLONG, ENODEV, type EncodedAddress, native } from '../native.js'
import { systemError } from '../system-error.js'

export interface SocketAddress {
  /** With `%zone` for a link-local IPv6 address that has a scope id. */
  readonly address: string
  readonly port: number
  readonly family: 'IPv4' | 'IPv6'
}

export function checkPort(name: string, port: unknown, least = 0): number {
  return checkInteger(name, port, least, 65_535)
}

/** Whether `host` is an address and no name; a zone is allowed on IPv6. */
export function isAddress(host: string): boolean {
  return isIP(host) !== 0
}

/** The kernel's bytes of an address and port. `localhost` is 127.0.0.1; other names are refused: they need resolving. */
export function encodeInternet(host: string, port: number): EncodedAddress {
  if (typeof host !== 'string') throw wrongType('host', 'a string', host)
  const encoded = native.encodeInternet(host === 'localhost' ? '127.0.0.1' : host, port)
  if (encoded === ENODEV) throw systemError('if_nametoindex', ENODEV, { address: host })
  if (typeof encoded === 'number') throw outOfRange('host', 'an IPv4 or IPv6 address', host)
  return encoded
}

/**
 * The kernel's bytes of a UNIX socket's path, or with a leading NUL of a name in the abstract namespace (Linux). `syscall` is
 * the one the address is for: errors name it.
 */
export function encodeUnix(path: string, syscall: string): EncodedAddress {
  if (typeof path !== 'string') throw wrongType('path', 'a string', path)
  if (path.lastIndexOf('\0') > 0)
    throw outOfRange('path', 'without NUL behind its first character', JSON.stringify(path))
  const encoded = native.encodeUnix(path)
  if (encoded === ENAMETOOLONG) throw systemError(syscall, ENAMETOOLONG, { path })
  if (encoded === EINVAL) throw outOfRange('path', 'not empty', JSON.stringify(path))
  if (typeof encoded === 'number') throw systemError(syscall, encoded, { path })
  return encoded
}

/** undefined: a UNIX socket, or a peer without a name. */
export function toSocketAddress([family, address, port]: DecodedAddress): SocketAddress | undefined {
  const { AF_INET, AF_INET6 } = native.constants
  if (family !== AF_INET && family !== AF_INET6) return undefined
  return { address, port, family: family === AF_INET ? 'IPv4' : 'IPv6' }
}

/** An abstract name is shown with `@` for its NUL, as Linux tools do. */
export function describeAddress([family, host, port]: DecodedAddress): string {
  if (family === native.constants.AF_UNIX) return host.replace(/^\0/, '@')
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
