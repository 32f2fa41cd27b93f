/**
 * Listening sockets that somebody else opened: a supervisor, systemd's socket activation (sd_listen_fds(3)), a parent
 * process. They are taken over as they are; nothing that was made with them, such as the file of a UNIX socket, is removed.
 */
import { checkInteger, outOfRange } from '../errors.js'
import { EINVAL, native } from '../native.js'
import { systemError } from '../system-error.js'
import { LARGEST_DESCRIPTOR } from './file-descriptor.js'
import { watchListener } from './listener.js'

/** A listening socket by its number; it alone says where, so no other option of a place goes with it. */
export interface InheritedListenOptions {
  /**
   * The descriptor of a socket that listens already, such as 3 under systemd. It becomes non-blocking (for everybody who
   * shares it), closed on exec, and closed with the listener.
   */
  readonly fd: number
  /** As in `tcp.listen`. */
  readonly noDelay?: boolean
  /** As in `tcp.listen`. */
  readonly exclusive?: boolean
}

const COMPATIBLE = new Set(['fd', 'noDelay', 'exclusive'])

export function isInherited(options: object): options is InheritedListenOptions {
  return (options as { fd?: unknown }).fd !== undefined
}

/** Takes `options.fd` over. Throws before it touches what is no listener of these families. */
export function inheritListener(
  options: InheritedListenOptions,
  kind: string,
  families: readonly number[],
): { readonly fd: number; readonly isExclusive: boolean } {
  const fd = checkInteger('fd', options.fd, 0, LARGEST_DESCRIPTOR)
  for (const [name, value] of Object.entries(options)) {
    if (value !== undefined && !COMPATIBLE.has(name)) throw incompatible('fd', name)
  }
  const name = native.socketName(fd)
  if (typeof name === 'number') throw systemError('getsockname', name)
  if (!families.includes(name[0]))
    throw outOfRange('fd', `a listening ${kind} socket`, `${fd}, of another kind`)
  const result = native.adoptListener(fd)
  if (result === EINVAL) throw outOfRange('fd', `a listening ${kind} socket`, `${fd}, which does not listen`)
  if (result < 0) throw systemError('adopt', result)
  try {
    return { fd, isExclusive: watchListener(fd, options.exclusive ?? false) }
  } catch (error) {
    native.close(fd)
    throw error
  }
}

/** With Node's own code for it. */
function incompatible(option: string, other: string): TypeError {
  return Object.assign(new TypeError(`the option ${option} stands alone: it does not go with ${other}`), {
    code: 'ERR_INCOMPATIBLE_OPTION_PAIR' as const,
  })
}
