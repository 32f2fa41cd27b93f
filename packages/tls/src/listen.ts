/**
 * A TLS server. Connections are accepted by a coroutine of the listener, and each makes its handshake in a coroutine of its own: one
 * that stalls keeps nobody waiting. So many handshakes may go on at a time; more clients wait in the kernel. A connection that is ready
 * and that nobody has taken counts as one of them: a flood of good handshakes is held too.
 */
import {
  type Coroutine,
  Fifo,
  type Listener,
  Semaphore,
  type Socket,
  type SocketAddress,
  spawn,
  tcp,
} from '@shrapnel/core'
import { checkFunction, checkInteger, closeOnExit } from '@shrapnel/core/parts'
import {
  checkOptions,
  DEFAULT_PENDING_HANDSHAKES,
  type ListenOptions,
  type ServerOptions,
} from './options.js'
import { mergedOptions } from './server-names.js'
import type { TlsStream } from './tls-stream.js'
import { type Side, secure, serverSide } from './upgrade.js'

/** Listens. Returns at once; throws `EADDRINUSE`, `EACCES`, `EADDRNOTAVAIL`, and `TLS_OPTION`. */
export function listen(options: ListenOptions): TlsListener {
  checkOptions(options)
  const side = serverSide(options)
  const { onHandshakeFailure = () => {} } = options
  checkFunction('onHandshakeFailure', onHandshakeFailure)
  const pending = checkInteger(
    'maxPendingHandshakes',
    options.maxPendingHandshakes ?? DEFAULT_PENDING_HANDSHAKES,
    1,
    2 ** 31 - 1,
  )
  return new TlsListener(tcp.listen(options), options, side, pending, onHandshakeFailure)
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

function takenNext(next: IteratorResult<Ready, undefined>): IteratorResult<TlsStream, undefined> {
  return next.done === true ? next : { done: false, value: taken(next.value) }
}

export class TlsListener implements AsyncIterable<TlsStream>, AsyncDisposable {
  readonly #listener: Listener
  #options: ServerOptions
  #side: Side
  readonly #places: Semaphore
  readonly #onFailure: (error: unknown) => void
  readonly #ready = new Fifo<Ready>()
  readonly #handshakes = new Set<Coroutine<void>>()
  readonly #forget: () => void

  /** @internal */
  constructor(
    listener: Listener,
    options: ServerOptions,
    side: Side,
    pending: number,
    onFailure: (error: unknown) => void,
  ) {
    this.#listener = listener
    this.#options = options
    this.#side = side
    this.#places = new Semaphore(pending)
    this.#onFailure = onFailure
    this.#forget = closeOnExit(this)
    spawn({ name: `TLS listener ${this.port}` }, () => this.#acceptAll())
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

  /** The next connection whose handshake is done. Cancelling loses none. Fails with `CHANNEL_CLOSED` once it is closed. */
  accept(): Promise<TlsStream> | TlsStream {
    const ready = this.#ready.pop()
    return ready instanceof Promise ? ready.then(taken) : taken(ready)
  }

  /**
   * What is given replaces what was said before, and the rest stays: `setContext({ cert, key })` for a renewed certificate. Handshakes
   * that begin from now on use it; connections that are there keep theirs. Throws `TLS_OPTION`, and nothing is changed then.
   */
  setContext(options: Partial<ServerOptions>): void {
    checkOptions(options)
    const merged = mergedOptions(this.#options, options)
    this.#side = serverSide(merged)
    this.#options = merged
  }

  async #acceptAll(): Promise<void> {
    const options = { name: `TLS handshake ${this.port}` }
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
      stream = await secure(socket, this.#side)
    } catch (error) {
      socket.close()
      place[Symbol.dispose]()
      // What was broken off because the listener was closed is no failure.
      if (!this.isClosed) this.#onFailure(error)
      return
    } finally {
      this.#handshakes.delete(self)
    }
    if (this.#ready.isClosed) stream.close()
    else this.#ready.tryPush({ stream, place })
  }

  /** Every connection, until the listener is closed. */
  [Symbol.asyncIterator](): AsyncIterator<TlsStream, undefined> {
    const ready = this.#ready[Symbol.asyncIterator]()
    return { next: () => ready.next().then(takenNext) }
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
