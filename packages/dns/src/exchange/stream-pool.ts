/**
 * The connections to one server: one, as long as it has room, and a few at most. Queries that find no room wait for it in their order.
 * However slow the server is, many queries make few connections.
 */
import { type Stream, tcp } from '@shrapnel/core'
import { loadTls } from '../tls-package.js'
import type { Settings } from './options.js'
import type { Channel, DropReason, Pending } from './pending.js'
import type { ServerAddress } from './server-address.js'
import { type ConnectionOwner, StreamConnection } from './stream-connection.js'

export class StreamPool implements Channel, ConnectionOwner {
  readonly name: string
  readonly idleTimeoutMs: number
  readonly #server: ServerAddress
  readonly #settings: Settings
  readonly #onStray: (reason: DropReason) => void
  readonly #connections = new Set<StreamConnection>()
  readonly #queue = new Set<Pending>()
  #isClosed = false

  constructor(server: ServerAddress, settings: Settings, onStray: (reason: DropReason) => void) {
    this.name = `dns ${server.transport === 'udp' ? `tcp://${server.name}` : server.name}`
    this.idleTimeoutMs = settings.idleTimeoutMs
    this.#server = server
    this.#settings = settings
    this.#onStray = onStray
  }

  get connections(): number {
    return this.#connections.size
  }

  /** How many queries wait for room. */
  get queued(): number {
    return this.#queue.size
  }

  send(pending: Pending): void {
    if (this.#isClosed) pending.onFailure(undefined, false)
    else if (this.#queue.size > 0 || !this.#place(pending)) this.#queue.add(pending)
  }

  /** Whether there was a place. */
  #place(pending: Pending): boolean {
    const { maxQueriesPerConnection, maxConnections, randomUint16 } = this.#settings
    for (const connection of this.#connections) {
      if (!connection.hasRoom(maxQueriesPerConnection)) continue
      connection.send(pending, randomUint16)
      return true
    }
    if (this.#connections.size >= maxConnections) return false
    const connection = new StreamConnection(this)
    this.#connections.add(connection)
    connection.send(pending, randomUint16)
    return true
  }

  /** One that waits for room gives up. */
  leave(pending: Pending): void {
    this.#queue.delete(pending)
  }

  /** Connections end when nobody waits on them any more. */
  retire(): void {
    for (const connection of [...this.#connections]) connection.retire()
  }

  close(): void {
    this.#isClosed = true
    const waiting = [...this.#queue]
    this.#queue.clear()
    for (const connection of [...this.#connections]) connection.close()
    for (const pending of waiting) pending.onFailure(undefined, false)
  }

  open(): Promise<Stream> {
    const { address, port, transport } = this.#server
    return transport === 'tls' ? this.#openTls() : tcp.connect(address, port)
  }

  async #openTls(): Promise<Stream> {
    const { address, port, serverName, tls: options } = this.#server
    const tls = await loadTls()
    return tls.connect(address, port, {
      ...options,
      alpn: ['dot'],
      ...(serverName === undefined ? {} : { serverName }),
    })
  }

  readonly onStray = (reason: DropReason): void => this.#onStray(reason)

  readonly onRoom = (): void => {
    for (const connection of this.#connections) if (connection.isEnded) this.#connections.delete(connection)
    for (const pending of this.#queue) {
      if (!this.#place(pending)) return
      this.#queue.delete(pending)
    }
  }
}
