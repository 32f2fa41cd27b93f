/** Connections of a server: a coroutine for each, as many as the limit says, and the two ways to end them. */
import {
  type Awaitable,
  current,
  Event,
  Socket,
  type SocketAddress,
  type Stream,
  spawn,
  TimeoutError,
  withTimeout,
} from '@shrapnel/core'
import { checkDuration, checkOptions } from '@shrapnel/core/parts'
import { SocketLink } from '../connection/socket-link.js'
import { StreamLink } from '../connection/stream-link.js'
import type { Handler } from '../message.js'
import { Connection, type ConnectionOwner } from './connection.js'
import type { ConnectionSettings, ConnectionSource } from './options.js'

const DEFAULT_GRACE_MS = 10_000
const BUSY = 'HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'

export class Server implements AsyncDisposable {
  readonly #source: ConnectionSource
  readonly #owner: ConnectionOwner & { isStopping: boolean }
  readonly #maxConnections: number
  readonly #isTls: boolean
  readonly #connections = new Set<Connection>()
  /** Those whose coroutine has not begun. */
  readonly #accepted = new Set<Stream>()
  /** Set and reset each time the last one has ended. */
  readonly #emptied = new Event()

  /** @internal */
  constructor(
    source: ConnectionSource,
    handler: Handler,
    settings: ConnectionSettings,
    maxConnections: number,
    isTls: boolean,
  ) {
    this.#source = source
    this.#owner = { handler, settings, isStopping: false, ended: (connection) => this.#ended(connection) }
    this.#maxConnections = maxConnections
    this.#isTls = isTls
    spawn({ name: `http server ${this.port}` }, () => this.#acceptAll())
  }

  /** Where it listens, or did; undefined for a UNIX socket. */
  get address(): SocketAddress | undefined {
    return this.#source.address
  }

  /** 0 for a UNIX socket. */
  get port(): number {
    return this.address?.port ?? 0
  }

  /** `http://127.0.0.1:8080`, of the address it listens on. */
  get url(): string {
    const { address } = this
    const host = address?.family === 'IPv6' ? `[${address.address}]` : (address?.address ?? 'localhost')
    return `${this.#isTls ? 'https' : 'http'}://${host}${address === undefined ? '' : `:${address.port}`}`
  }

  /** Connections that are open. */
  get connections(): number {
    return this.#connections.size + this.#accepted.size
  }

  get isClosed(): boolean {
    return this.#source.isClosed
  }

  async #acceptAll(): Promise<void> {
    try {
      for (;;) {
        const accepted = this.#source.accept()
        const stream = accepted instanceof Promise ? await accepted : accepted
        if (this.connections >= this.#maxConnections) turnAway(stream)
        else {
          this.#accepted.add(stream)
          spawn({ name: 'http' }, session, this, stream)
        }
      }
    } catch (error) {
      if (!this.isClosed) throw error
    } finally {
      this.#source.close()
    }
  }

  /** @internal */
  serve(stream: Stream): Awaitable<void> {
    this.#accepted.delete(stream)
    if (this.#owner.isStopping) {
      stream.close()
      this.#wakeIfEmpty()
      return
    }
    const connection = connectionOf(this.#owner, stream)
    this.#connections.add(connection)
    return connection.run()
  }

  #ended(connection: Connection): void {
    this.#connections.delete(connection)
    this.#wakeIfEmpty()
  }

  #wakeIfEmpty(): void {
    if (this.connections > 0) return
    this.#emptied.set()
    this.#emptied.reset()
  }

  /** Accepts no more and cuts every connection off; their handlers are cancelled. Again without effect. Does not wait. */
  close(): void {
    this.#owner.isStopping = true
    this.#source.close()
    for (const { coroutine } of this.#connections) coroutine.shutdown('the server was closed')
  }

  /**
   * Accepts no more; connections that wait for a request close, and the others after the answer they are at; WebSockets are closed with 1001
   * (going away), behind what they are just sending. Waits until all have,
   * `graceMs` milliseconds at most (10,000 unless given), then cuts off those that are left. Gives how many those were. Cancelled, it
   * leaves them to go on.
   */
  async stop(options: { readonly graceMs?: number } = {}): Promise<number> {
    checkOptions(options)
    const graceMs = checkDuration('graceMs', options.graceMs ?? DEFAULT_GRACE_MS)
    this.#owner.isStopping = true
    this.#source.close()
    for (const connection of this.#connections) connection.stop()
    try {
      await withTimeout(graceMs, () => this.#untilEmpty())
      return 0
    } catch (error) {
      if (!(error instanceof TimeoutError)) throw error
      const left = this.connections
      this.close()
      await this.#untilEmpty()
      return left
    }
  }

  async #untilEmpty(): Promise<void> {
    while (this.connections > 0) await this.#emptied.wait()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }
}

function session(server: Server, stream: Stream): Awaitable<void> {
  return server.serve(stream)
}

/** Too many: says so without waiting for anybody. */
function turnAway(stream: Stream): void {
  const close = (): void => stream.close()
  try {
    const sent = stream.send(BUSY)
    if (sent instanceof Promise) sent.then(close, close)
    else close()
  } catch {
    close()
  }
}

/** In the coroutine that serves it. */
export function connectionOf(owner: ConnectionOwner, stream: Stream): Connection {
  const coroutine = current()
  return new Connection(owner, coroutine, (receiver) =>
    stream instanceof Socket
      ? new SocketLink(stream, receiver, coroutine)
      : new StreamLink(stream, receiver, coroutine),
  )
}
