/** Listening: a coroutine for each connection, as many as the limit says, and the two ways to end. */
import {
  type Awaitable,
  current,
  Socket,
  type SocketAddress,
  type Stream,
  spawn,
  TimeoutError,
  tcp,
  unix,
  withTimeout,
} from '@shrapnel/core'
import {
  checkDuration,
  checkFunction,
  checkInteger,
  checkOptions,
  currentScope,
  type Scope,
  Wait,
} from '@shrapnel/core/parts'
import { SocketLink } from '../connection/socket-link.js'
import { StreamLink } from '../connection/stream-link.js'
import type { Handler } from '../message.js'
import { Connection, type ConnectionOwner } from './connection.js'
import {
  type ConnectionOptions,
  type ConnectionSettings,
  type ConnectionSource,
  connectionSettings,
  type ServeOptions,
} from './options.js'

const DEFAULT_MAX_CONNECTIONS = 50_000
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
  readonly #ends = new Set<EmptyWait>()

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
    const connection = makeConnection(this.#owner, stream)
    this.#connections.add(connection)
    return connection.run()
  }

  #ended(connection: Connection): void {
    this.#connections.delete(connection)
    this.#wakeIfEmpty()
  }

  #wakeIfEmpty(): void {
    if (this.connections === 0) for (const end of this.#ends) end.wake()
  }

  /** Accepts no more and cuts every connection off; their handlers are cancelled. Again without effect. Does not wait. */
  close(): void {
    this.#owner.isStopping = true
    this.#source.close()
    for (const { coroutine } of this.#connections) coroutine.shutdown('the server was closed')
  }

  /**
   * Accepts no more; connections that wait for a request close, and the others after the answer they are at. Waits until all have,
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

  #untilEmpty(): Awaitable<void> {
    if (this.connections === 0) return
    const scope = currentScope()
    const refused = scope.refuse()
    if (refused !== null) return refused
    const wait = new EmptyWait(scope, this.#ends)
    this.#ends.add(wait)
    return wait.suspend()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }
}

function session(server: Server, stream: Stream): Awaitable<void> {
  return server.serve(stream)
}

function makeConnection(owner: ConnectionOwner, stream: Stream): Connection {
  const coroutine = current()
  return new Connection(owner, coroutine, (receiver) =>
    stream instanceof Socket
      ? new SocketLink(stream, receiver, coroutine)
      : new StreamLink(stream, receiver, coroutine),
  )
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

class EmptyWait extends Wait<void> {
  readonly #waits: Set<EmptyWait>
  constructor(scope: Scope, waits: Set<EmptyWait>) {
    super(scope)
    this.#waits = waits
  }
  override wake(): void {
    this.#waits.delete(this)
    super.wake()
  }
  protected unlink(): void {
    this.#waits.delete(this)
  }
  describe(): string {
    return 'the end of the connections of an http server'
  }
}

/**
 * Serves HTTP/1.1 with `handler`, which is called for each request in a scope of its own: it is cancelled when the client goes away.
 * Waits only to load what TLS needs. Fails with `EADDRINUSE`, `EACCES`, `EADDRNOTAVAIL`, `TLS_OPTION`, and Node's errors for arguments.
 */
export async function serve(options: ServeOptions, handler: Handler): Promise<Server> {
  const settings = connectionSettings(options, true)
  checkFunction('handler', handler)
  const maxConnections = checkInteger(
    'maxConnections',
    options.maxConnections ?? DEFAULT_MAX_CONNECTIONS,
    1,
    Number.MAX_SAFE_INTEGER,
  )
  return new Server(await listen(options), handler, settings, maxConnections, options.tls !== undefined)
}

async function listen(options: ServeOptions): Promise<ConnectionSource> {
  const { port, host, path, listener, tls: tlsOptions, backlog, reusePort } = options
  const places = [port, path, listener].filter((place) => place !== undefined)
  if (places.length !== 1)
    throw Object.assign(new TypeError('serve takes one of port, path and listener'), {
      code: 'ERR_INCOMPATIBLE_OPTION_PAIR' as const,
    })
  if (listener !== undefined) return listener
  if (path !== undefined) return unix.listen({ path, ...(backlog === undefined ? {} : { backlog }) })
  const where = {
    port: port as number,
    ...(host === undefined ? {} : { host }),
    ...(backlog === undefined ? {} : { backlog }),
    ...(reusePort === undefined ? {} : { reusePort }),
  }
  if (tlsOptions === undefined) return tcp.listen(where)
  const { tls } = await import('@shrapnel/tls')
  return tls.listen({ alpn: ['http/1.1'], ...tlsOptions, ...where })
}

/**
 * Serves the requests that come on one stream, and closes it: for streams that no listener accepted. Waits until it has ended.
 * Cancelling cancels the handler that waits.
 */
export async function serveStream(
  stream: Stream,
  handler: Handler,
  options: ConnectionOptions = {},
): Promise<void> {
  const settings = connectionSettings(options)
  checkFunction('handler', handler)
  await makeConnection({ handler, settings, isStopping: false, ended: () => {} }, stream).run()
}
