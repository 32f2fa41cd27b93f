/** Where a worker's connections come from, for each strategy: something that accepts, and that can be told to come to an end. */
import { EndOfStream } from '../errors.js'
import { isDisconnect } from '../is-disconnect.js'
import type { Listener } from '../net/listener.js'
import { fromDescriptor } from '../net/pair.js'
import { Socket } from '../net/socket.js'
import { tcp } from '../net/tcp.js'
import { unix } from '../net/unix.js'
import { takeQueued } from './listening.js'
import type { PreforkListenOptions } from './options.js'
import { type Role, STRATEGY_FD } from './role.js'

export interface Source {
  /** The next connection; undefined when there will be none any more. Cancelling loses none. */
  next(): Promise<Socket | undefined>
  /** Takes no more; `withQueued`: but those that the kernel has queued, which it gives, because nobody else will take them. */
  end(withQueued: boolean): Socket[]
}

export function sourceFor(role: Role, listen: PreforkListenOptions): Source {
  switch (role.strategy) {
    case 'shared-accept':
      return new ListenerSource(inheritedListener(listen, true))
    case 'reuse-port':
      return new ListenerSource(inheritedListener(listen, false))
    case 'pass-descriptor':
      return new PassedSource(inheritedSocket())
    case 'child-per-connection':
      return new SingleSource(inheritedSocket())
  }
}

function inheritedListener(listen: PreforkListenOptions, exclusive: boolean): Listener {
  if ('path' in listen) return unix.listen({ fd: STRATEGY_FD, exclusive })
  return tcp.listen({
    fd: STRATEGY_FD,
    exclusive,
    ...(listen.noDelay !== undefined && { noDelay: listen.noDelay }),
  })
}

function inheritedSocket(): Socket {
  const socket = fromDescriptor(STRATEGY_FD)
  if (socket instanceof Socket) return socket
  throw new Error(`descriptor ${STRATEGY_FD}, inherited from the supervisor, is no socket`)
}

/** A listening socket of one's own, or one that all workers share. */
class ListenerSource implements Source {
  readonly #listener: Listener
  constructor(listener: Listener) {
    this.#listener = listener
  }

  async next(): Promise<Socket | undefined> {
    try {
      return await this.#listener.accept()
    } catch (error) {
      if (this.#listener.isClosed) return undefined
      throw error
    }
  }

  end(withQueued: boolean): Socket[] {
    const queued = withQueued ? takeQueued(this.#listener) : []
    this.#listener.close()
    return queued
  }
}

/** Connections that the supervisor accepted and sends, one descriptor a message. It ends the channel when there are no more. */
class PassedSource implements Source {
  readonly #channel: Socket
  constructor(channel: Socket) {
    this.#channel = channel
  }

  async next(): Promise<Socket | undefined> {
    for (;;) {
      let fd: number
      try {
        fd = await this.#channel.receiveDescriptor()
      } catch (error) {
        if (error instanceof EndOfStream || isDisconnect(error)) return undefined
        throw error
      }
      const socket = fromDescriptor(fd)
      if (socket instanceof Socket) return socket
      socket.close()
    }
  }

  // What was sent is here already, and `next` gives it before the end.
  end(): Socket[] {
    return []
  }
}

/** The one connection this process was started for. */
class SingleSource implements Source {
  #connection: Socket | undefined
  constructor(connection: Socket) {
    this.#connection = connection
  }

  async next(): Promise<Socket | undefined> {
    const connection = this.#connection
    this.#connection = undefined
    return connection
  }

  end(): Socket[] {
    return []
  }
}
