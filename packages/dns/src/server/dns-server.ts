/** A DNS server that listens, as `serve` gives it. */
import {
  type Listener,
  Semaphore,
  type Socket,
  type SocketAddress,
  type Stream,
  spawn,
  tcp,
  UdpSocket,
} from '@shrapnel/core'
import { closeOnExit } from '@shrapnel/core/parts'
import { Brood } from './brood.js'
import { serveConnection } from './connection-service.js'
import { DatagramService } from './datagram-service.js'
import type { ServeSettings } from './options.js'
import type { QueryHandler } from './query.js'
import { QueryDesk } from './query-desk.js'

/** Makes TLS of an accepted connection. Closes it if that fails. */
export type Securing = (socket: Socket) => Promise<Stream>

/** Between learning a port that TCP has free and binding it for UDP, somebody else may have got that one. */
const MOST_ATTEMPTS = 20

export class DnsServer implements AsyncDisposable {
  readonly #settings: ServeSettings
  readonly #desk: QueryDesk
  readonly #datagrams: DatagramService
  readonly #listeners: Listener[] = []
  readonly #tlsListener: Listener | undefined
  readonly #connectionPlaces: Semaphore
  readonly #connections = new Brood('DNS connection')
  readonly #address: SocketAddress
  readonly #forget: () => void
  #isClosed = false

  /** @internal */
  constructor(settings: ServeSettings, handler: QueryHandler, securing: Securing | undefined) {
    const { host, tls } = settings
    this.#settings = settings
    this.#desk = new QueryDesk(handler, settings)
    this.#connectionPlaces = new Semaphore(settings.maxConnections)
    const { socket, listener } = bind(settings)
    this.#address = socket.address
    if (listener !== undefined) this.#listeners.push(listener)
    try {
      if (tls !== undefined && securing !== undefined) {
        this.#tlsListener = tcp.listen({ host, port: tls.port })
        this.#listeners.push(this.#tlsListener)
      }
    } catch (error) {
      socket.close()
      listener?.close()
      throw error
    }
    this.#datagrams = new DatagramService(socket, this.#desk)
    this.#forget = closeOnExit(this)
    spawn({ name: `DNS server ${this.port}` }, () => this.#ending(this.#datagrams.serve()))
    for (const each of this.#listeners)
      spawn({ name: `DNS listener ${each.port}` }, () =>
        this.#ending(this.#acceptAll(each, each === this.#tlsListener ? securing : undefined)),
      )
  }

  /** Where it answers, or did, by UDP and TCP. */
  get address(): SocketAddress {
    return this.#address
  }

  /** The port of UDP and TCP. */
  get port(): number {
    return this.#address.port
  }

  /** The port of DNS over TLS. Undefined without. */
  get tlsPort(): number | undefined {
    return this.#tlsListener?.port
  }

  /** How many queries are with the handler, or on their way back. */
  get queriesInFlight(): number {
    return this.#desk.inFlight
  }

  /** How many connections are open, those included that are in their handshake. */
  get connections(): number {
    return this.#connections.size
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** One part that fails is the end of all: a server that answers by half is none. */
  async #ending(part: Promise<void>): Promise<void> {
    try {
      await part
    } catch (error) {
      if (!this.#isClosed) throw error
    } finally {
      this.close()
    }
  }

  async #acceptAll(listener: Listener, securing: Securing | undefined): Promise<void> {
    while (!listener.isClosed) {
      // First the place and then the client: those that find none wait in the kernel.
      const place = await this.#connectionPlaces.acquire()
      const socket = await listener.accept()
      this.#connections.spawn(place, () => this.#serve(socket, securing))
    }
  }

  async #serve(socket: Socket, securing: Securing | undefined): Promise<void> {
    using _ = socket
    const from = socket.remoteAddress
    let stream: Stream = socket
    if (securing !== undefined) {
      try {
        stream = await securing(socket)
      } catch {
        // A client whose handshake fails: a scanner, an old certificate store. It was told by an alert.
        return
      }
    }
    const transport = securing === undefined ? 'tcp' : 'tls'
    await serveConnection(stream, { transport, from }, this.#desk, this.#settings)
  }

  /** Answers no more, and returns at once; again without effect. Connections are closed and handlers that run are shut down. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#forget()
    for (const listener of this.#listeners) listener.close()
    this.#datagrams.close()
    this.#connections.shutdown('the DNS server was closed')
  }

  [Symbol.dispose](): void {
    this.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close()
  }
}

interface Bound {
  readonly socket: UdpSocket
  readonly listener: Listener | undefined
}

/** UDP and TCP on the same port, which the kernel chooses where it may. Throws what the last attempt threw. */
function bind({ host, port, tcp: hasTcp }: ServeSettings): Bound {
  if (!hasTcp) return { socket: new UdpSocket({ host, port }), listener: undefined }
  for (let attempt = 1; ; attempt++) {
    const listener = tcp.listen({ host, port })
    try {
      return { socket: new UdpSocket({ host, port: listener.port }), listener }
    } catch (error) {
      listener.close()
      const isTaken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE'
      if (!isTaken || port !== 0 || attempt === MOST_ATTEMPTS) throw error
    }
  }
}
