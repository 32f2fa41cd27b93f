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
import { checkDuration, checkOptions, currentScope } from '@shrapnel/core/parts'
import { SocketLink } from '../connection/socket-link.js'
import { StreamLink } from '../connection/stream-link.js'
import type { Handler } from '../message.js'
import { Connection, type ConnectionOwner } from './connection.js'
import type { ConnectionSettings, ConnectionSource } from './options.js'
import { TurningAway } from './turn-away.js'

const DEFAULT_GRACE_MS = 10_000

export class Server implements AsyncDisposable {
  readonly #source: ConnectionSource
  readonly #owner: ConnectionOwner & { isStopping: boolean }
  readonly #maxConnections: number
  readonly #turningAway: TurningAway
  readonly #isTls: boolean
  readonly #connections = new Set<Connection>()
  /** Those whose coroutine has not begun. */
  readonly #accepted = new Set<Stream>()
  /** Those whose own handler waits in `stop`: it cannot wait for itself. */
  readonly #stopping = new Set<Connection>()
  /** Set and reset each time the last of the others has ended. */
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
    this.#turningAway = new TurningAway(settings)
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

  /** Connections that are open, or on their way through the handshake of TLS. */
  get connections(): number {
    return this.#connections.size + this.#accepted.size + (this.#source.handshakes ?? 0)
  }

  /** Those that a `stop` waits for, which was called by the handler of `own`, or from elsewhere. */
  #waitedFor(own: Connection | null): number {
    return this.#connections.size + this.#accepted.size - (own === null ? 0 : this.#stopping.size)
  }

  get isClosed(): boolean {
    return this.#source.isClosed
  }

  async #acceptAll(): Promise<void> {
    try {
      for (;;) {
        const accepted = this.#source.accept()
        const stream = accepted instanceof Promise ? await accepted : accepted
        if (this.connections >= this.#maxConnections) this.#turningAway.tooMany(stream)
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
    this.#stopping.delete(connection)
    this.#wakeIfEmpty()
  }

  #wakeIfEmpty(): void {
    const { size } = this.#stopping
    if (this.#connections.size + this.#accepted.size > size) return
    this.#emptied.set()
    this.#emptied.reset()
  }

  /** Accepts no more and cuts every connection off; their handlers are cancelled. Again without effect. Does not wait. */
  close(): void {
    this.#owner.isStopping = true
    this.#source.close()
    this.#cutOff()
  }

  #cutOff(own: Connection | null = null): void {
    for (const connection of this.#connections)
      if (connection !== own) connection.coroutine.shutdown('the server was closed')
  }

  /**
   * Accepts no more; connections that wait for a request close, and the others after the answer they are at; WebSockets are closed with 1001
   * (going away), behind what they are just sending. Waits until all have,
   * `graceMs` milliseconds at most (10,000 unless given), then cuts off those that are left. Gives how many those were. Cancelled, it
   * leaves them to go on. Called by a handler, it waits for all but the handler's own connection, which closes behind its answer.
   */
  async stop(options: { readonly graceMs?: number } = {}): Promise<number> {
    checkOptions(options)
    const graceMs = checkDuration('graceMs', options.graceMs ?? DEFAULT_GRACE_MS)
    this.#owner.isStopping = true
    this.#source.close()
    for (const connection of this.#connections) connection.stop()
    const own = this.#ownConnection()
    if (own === null) return this.#stop(graceMs, null)
    this.#stopping.add(own)
    this.#wakeIfEmpty()
    try {
      return await this.#stop(graceMs, own)
    } finally {
      this.#stopping.delete(own)
    }
  }

  async #stop(graceMs: number, own: Connection | null): Promise<number> {
    try {
      await withTimeout(graceMs, () => this.#untilEmpty(own))
      return 0
    } catch (error) {
      if (!(error instanceof TimeoutError)) throw error
      const left = this.#waitedFor(own)
      this.#cutOff(own)
      await this.#untilEmpty(own)
      return left
    }
  }

  /** That of the handler that calls; null: it is called from elsewhere. */
  #ownConnection(): Connection | null {
    const { coroutine } = currentScope()
    for (const connection of this.#connections) if (connection.coroutine === coroutine) return connection
    return null
  }

  async #untilEmpty(own: Connection | null): Promise<void> {
    while (this.#waitedFor(own) > 0) await this.#emptied.wait()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }
}

function session(server: Server, stream: Stream): Awaitable<void> {
  return server.serve(stream)
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
