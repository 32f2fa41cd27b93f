/** One attempt to connect to one address. */
import { EAGAIN, EINPROGRESS, ENOTCONN, type EncodedAddress, native } from '../native.js'
import { currentScope } from '../runtime/current.js'
import type { Scope } from '../runtime/scope.js'
import { sleep } from '../scope/sleep.js'
import { type SystemErrorFacts, systemError } from '../system-error.js'
import { type Descriptor, IoWait, PENDING } from './descriptor.js'
import { Socket } from './socket.js'
import { setOption } from './socket-options.js'

export interface ConnectParts {
  readonly family: number
  readonly to: EncodedAddress
  readonly from?: EncodedAddress | undefined
  readonly noDelay: boolean
  readonly facts: SystemErrorFacts
}

/** A UNIX listener whose queue is full answers EAGAIN at once, and no event says when it has room (unix(7)). */
const FULL_QUEUE_RETRY_MS = 10

/** Connects. Cancelling, and failing, leave no descriptor. Fails with what connect(2) says, `ECONNREFUSED` and the like. */
export async function connectTo(parts: ConnectParts): Promise<Socket> {
  const { family, to, from, noDelay, facts } = parts
  const refused = currentScope().refuse()
  if (refused !== null) return refused
  const fd = native.socket(family, native.constants.SOCK_STREAM, 0)
  if (fd < 0) throw systemError('socket', fd, facts)
  const socket = new ConnectingSocket(fd, family === native.constants.AF_UNIX)
  try {
    if (noDelay) setOption(fd, 'noDelay', true)
    if (from !== undefined) succeed('bind', native.bind(fd, from), facts)
    let result = native.connect(fd, to)
    while (result === EAGAIN) {
      await sleep(FULL_QUEUE_RETRY_MS)
      result = native.connect(fd, to)
    }
    if (result !== EINPROGRESS) succeed('connect', result, facts)
    succeed('epoll_ctl', native.watch(fd), facts)
    // The error is made here and not where the event arrives, so that its stack says who wanted to connect.
    if (result === EINPROGRESS) succeed('connect', await socket.connected(facts), facts)
    return socket
  } catch (error) {
    socket.close()
    throw error
  }
}

function succeed(syscall: string, result: number, facts: SystemErrorFacts): void {
  if (result < 0) throw systemError(syscall, result, facts)
}

class ConnectingSocket extends Socket {
  /** 0, or why it failed, as the negative errno. */
  connected(facts: SystemErrorFacts): Promise<number> {
    // The first event says how it went; until then the socket is neither readable nor writable.
    this.descriptor.writable = false
    return new ConnectWait(currentScope(), this.descriptor, this, facts).begin()
  }
}

const socketError = new Int32Array(2)

class ConnectWait extends IoWait<number> {
  protected readonly verb = 'connect'
  readonly #facts: SystemErrorFacts
  constructor(
    scope: Scope,
    descriptor: Descriptor,
    owner: { describePeer(): string },
    facts: SystemErrorFacts,
  ) {
    super(scope, descriptor, owner, 'write')
    this.#facts = facts
  }
  protected try(): number | typeof PENDING {
    const { SOL_SOCKET, SO_ERROR } = native.constants
    succeed(
      'getsockopt',
      native.getOption(this.descriptor.fd, SOL_SOCKET, SO_ERROR, socketError),
      this.#facts,
    )
    const result = -(socketError[0] as number)
    // An event is a reason to look and no verdict (native/poller.h): without an error, only a peer is a connection.
    return result === 0 && native.peerName(this.descriptor.fd) === ENOTCONN ? PENDING : result
  }
  override describe(): string {
    const { address, port, path } = this.#facts
    return `connect fd ${this.descriptor.fd} ${path ?? `${address}:${port}`}`
  }
}
