/**
 * A TLS server. Connections are accepted by a coroutine of the listener, and each makes its handshake in a coroutine of its own: one
 * that stalls keeps nobody waiting. So many handshakes may go on at a time; more clients wait in the kernel. A connection that is ready
 * and that nobody has taken counts as one of them: a flood of good handshakes is held too.
 */
import {
  type Awaitable,
  ChannelClosed,
  ClosedError,
  type Coroutine,
  Fifo,
  type Listener,
  Semaphore,
  type Socket,
  type SocketAddress,
  type SpawnOptions,
  spawn,
  tcp,
} from '@shrapnel/core'
import { checkFunction, checkInteger, checkOptionNames, closeOnExit, keepAlive } from '@shrapnel/core/parts'
import { TlsError } from './errors.js'
import { LISTEN_NAMES, SERVER_NAMES, TCP_LISTEN_NAMES } from './option-names.js'
import { DEFAULT_PENDING_HANDSHAKES, type ListenOptions, type ServerOptions } from './options.js'
import { mergedOptions } from './server-names.js'
import { type Side, serverSide } from './side.js'
import type { TlsStream } from './tls-stream.js'
import { secure } from './upgrade.js'

/** Listens. Returns at once; throws as `tcp.listen` does (`EADDRINUSE`, `EACCES`, `EADDRNOTAVAIL`, …), and `TLS_OPTION`. */
export function listen(options: ListenOptions): TlsListener {
  checkOptionNames(options, LISTEN_NAMES)
  const side = serverSide(options)
  const { onHandshakeFailure = () => {}, onNotTls } = options
  checkFunction('onHandshakeFailure', onHandshakeFailure)
  if (onNotTls !== undefined) checkFunction('onNotTls', onNotTls)
  const pending = checkInteger(
    'maxPendingHandshakes',
    options.maxPendingHandshakes ?? DEFAULT_PENDING_HANDSHAKES,
    1,
    2 ** 31 - 1,
  )
  const place = Object.entries(options).filter(([name]) => TCP_LISTEN_NAMES.has(name))
  const listener = tcp.listen(Object.fromEntries(place) as unknown as ListenOptions)
  return new TlsListener(listener, options, side, pending, { onHandshakeFailure, onNotTls })
}

/** Who is told of handshakes that came to nothing. */
interface Told {
  readonly onHandshakeFailure: (error: unknown) => void
  readonly onNotTls: ListenOptions['onNotTls']
}

/** A connection whose handshake is done, and the place it takes until somebody has it. */
interface Ready {
  readonly stream: TlsStream
  readonly place: Disposable
}

function taken({ stream, place }: Ready): TlsStream {
  place[Symbol.dispose]()
  return stream
}

function notAccepted(error: unknown): never {
  throw error instanceof ChannelClosed
    ? new ClosedError('cannot accept: the listener was closed', 'CLOSED')
    : error
}

const END: IteratorReturnResult<undefined> = { done: true, value: undefined }

export class TlsListener implements AsyncIterable<TlsStream>, AsyncDisposable {
  readonly #listener: Listener
  #options: ServerOptions
  #side: Side
  readonly #places: Semaphore
  readonly #told: Told
  readonly #ready = new Fifo<Ready>()
  readonly #handshakes = new Set<Coroutine<void>>()
  readonly #forget: () => void

  /** @internal */
  constructor(listener: Listener, options: ServerOptions, side: Side, pending: number, told: Told) {
    this.#listener = listener
    this.#options = options
    this.#side = side
    this.#places = new Semaphore(pending)
    this.#told = told
    this.#forget = closeOnExit(this)
    // A daemon: as with the core's listener it is whoever waits in `accept` that keeps the process alive.
    spawn({ name: `TLS listener ${this.port}`, daemon: true }, () => this.#acceptAll())
  }

  /** Where it listens, or did. */
  get address(): SocketAddress | undefined {
    return this.#listener.address
  }

  /** The port it listens on, or did. */
  get port(): number {
    return this.#listener.port
  }

  get isClosed(): boolean {
    return this.#listener.isClosed
  }

  /** Handshakes that go on. */
  get handshakes(): number {
    return this.#handshakes.size
  }

  /** The next connection whose handshake is done. Cancelling loses none. Fails with `CLOSED` once it is closed. */
  accept(): Awaitable<TlsStream> {
    const ready = this.#ready.pop()
    return ready instanceof Promise ? keepAlive(ready.then(taken, notAccepted)) : taken(ready)
  }

  /**
   * What is given replaces what was said before, and the rest stays: `setContext({ cert, key })` for a renewed certificate. Handshakes
   * that begin from now on use it; connections that are there keep theirs. Throws `TLS_OPTION`, and nothing is changed then.
   */
  setContext(options: Partial<ServerOptions>): void {
    checkOptionNames(options, SERVER_NAMES)
    const merged = mergedOptions(this.#options, options)
    this.#side = serverSide(merged)
    this.#options = merged
  }

  async #acceptAll(): Promise<void> {
    const options = { name: `TLS handshake ${this.port}`, daemon: true }
    try {
      for (;;) {
        // First the place and then the client: those that find none wait in the kernel.
        const place = await this.#places.acquire()
        const socket = await this.#listener.accept()
        const handshake: Coroutine<void> = spawn(options, () => this.#handshake(socket, place, handshake))
        this.#handshakes.add(handshake)
      }
    } catch (error) {
      if (!this.isClosed) throw error
    } finally {
      this.close()
    }
  }

  async #handshake(socket: Socket, place: Disposable, self: Coroutine<void>): Promise<void> {
    let stream: TlsStream
    try {
      stream = await secure(socket, this.#sideNow())
    } catch (error) {
      try {
        await this.#failed(socket, error)
      } finally {
        place[Symbol.dispose]()
      }
      return
    } finally {
      this.#handshakes.delete(self)
    }
    if (this.#ready.isClosed) stream.close()
    else this.#ready.tryPush({ stream, place })
  }

  #sideNow(): Side {
    return this.#told.onNotTls === undefined ? this.#side : { ...this.#side, keepsNotTls: true }
  }

  async #failed(socket: Socket, error: unknown): Promise<void> {
    const { onNotTls, onHandshakeFailure } = this.#told
    try {
      if (!socket.isClosed && onNotTls !== undefined && error instanceof TlsError)
        await onNotTls(socket, error)
    } catch (second) {
      if (!this.isClosed) throw second
    } finally {
      socket.close()
      // What was broken off because the listener was closed is no failure.
      if (!this.isClosed) onHandshakeFailure(error)
    }
  }

  /** Every connection, until the listener is closed. Leaving the loop closes nothing. */
  [Symbol.asyncIterator](): AsyncIterator<TlsStream, undefined> {
    let isLeft = false
    return {
      next: async () => {
        if (isLeft || this.isClosed) return END
        try {
          return { done: false, value: await this.accept() }
        } catch (error) {
          if (this.isClosed) return END
          throw error
        }
      },
      return: async () => {
        isLeft = true
        return END
      },
    }
  }

  /**
   * Calls `session(connection)` in a coroutine of its own for every connection, and closes the connection when that has ended. Waits
   * until the listener is closed; sessions go on then.
   */
  async serve(session: (connection: TlsStream) => unknown, options: SpawnOptions = {}): Promise<void> {
    checkFunction('session', session)
    const name = options.name ?? (session.name || 'session')
    const run = async (connection: TlsStream): Promise<void> => {
      using open = connection
      await session(open)
    }
    for await (const connection of this) spawn({ ...options, name }, run, connection)
  }

  /** Accepts no more; again without effect. Handshakes that go on are broken off, connections that nobody has taken are closed. */
  close(): void {
    if (this.#ready.isClosed) return
    this.#forget()
    this.#listener.close()
    for (let ready = this.#ready.tryPop(); ready !== undefined; ready = this.#ready.tryPop())
      taken(ready).close()
    this.#ready.close()
    for (const handshake of this.#handshakes) handshake.interrupt('the listener was closed')
  }

  [Symbol.dispose](): void {
    this.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close()
  }
}
