/**
 * A proxy that spoils connections on purpose: it stands on loopback in front of a real or fake server and cuts, delays,
 * splits and throttles what passes, each direction by itself. Promise: a cut comes after exactly the bytes asked for,
 * and until then every byte passes unchanged. It speaks no protocol and no TLS.
 */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { type ConnectionPlan, ProxiedConnection } from './proxied-connection.js'
import { type Cut, checkShape, type TrafficShape } from './traffic-shape.js'

export type Upstream =
  | { readonly port: number; readonly host?: string | undefined }
  | { readonly unixPath: string }

export interface CuttingProxyOptions {
  readonly upstream: Upstream
  /** Listens on this UNIX socket instead of a port of 127.0.0.1. */
  readonly unixPath?: string | undefined
  /** What happens to the client's bytes. */
  readonly toUpstream?: TrafficShape | undefined
  /** What happens to the server's bytes. */
  readonly toClient?: TrafficShape | undefined
}

/** Starts one; it accepts connections when the call returns. */
export async function startCuttingProxy(options: CuttingProxyOptions): Promise<CuttingProxy> {
  const proxy = new CuttingProxy(options)
  await proxy.listen(options.unixPath)
  return proxy
}

export class CuttingProxy implements AsyncDisposable {
  readonly #upstream: Upstream
  // Half-open: each direction ends by itself, as with a peer that is not there.
  readonly #server: Server = createServer({ allowHalfOpen: true, noDelay: true })
  readonly #connections = new Set<ProxiedConnection>()
  readonly #gate = new Gate()
  #shapes: Pick<ConnectionPlan, 'toUpstream' | 'toClient'>
  #accepted = 0
  #bytesToUpstream = 0
  #bytesToClient = 0
  #lastError: Error | undefined
  #closed: Promise<void> | undefined

  constructor(options: CuttingProxyOptions) {
    this.#upstream = options.upstream
    this.#shapes = {
      toUpstream: checkShape(options.toUpstream ?? {}),
      toClient: checkShape(options.toClient ?? {}),
    }
    this.#server.on('connection', (client: Socket) => this.#accept(client))
  }

  /** @internal `startCuttingProxy` calls it. */
  async listen(unixPath: string | undefined): Promise<void> {
    this.#server.listen(unixPath === undefined ? { port: 0, host: '127.0.0.1' } : { path: unixPath })
    await once(this.#server, 'listening')
  }

  /** The port on 127.0.0.1. Throws if it listens on a UNIX socket. */
  get port(): number {
    const address: AddressInfo | string | null = this.#server.address()
    if (address === null || typeof address === 'string') throw new Error('this proxy has no TCP port')
    return address.port
  }

  /** How many connections are open now. */
  get connections(): number {
    return this.#connections.size
  }

  /** How many have been accepted in all. */
  get accepted(): number {
    return this.#accepted
  }

  /** Bytes passed on to the server, over all connections. */
  get bytesToUpstream(): number {
    return this.#bytesToUpstream
  }

  /** Bytes passed on to clients, over all connections. */
  get bytesToClient(): number {
    return this.#bytesToClient
  }

  /** The last error of a socket, for finding out why a test went wrong: a server that could not be reached, a reset. */
  get lastError(): Error | undefined {
    return this.#lastError
  }

  /** Shapes the connections that come from now on; a direction that is not given passes everything unhindered. */
  reshape(shapes: Pick<CuttingProxyOptions, 'toUpstream' | 'toClient'>): void {
    this.#shapes = {
      toUpstream: checkShape(shapes.toUpstream ?? {}),
      toClient: checkShape(shapes.toClient ?? {}),
    }
  }

  /** Cuts every open connection in both directions, wherever it is. What is under way inside the proxy is lost. */
  cutNow(cut: Cut = 'reset'): void {
    for (const connection of this.#connections) connection.cut(cut)
  }

  /** Holds back all bytes of all connections, of new ones too. Nothing is lost; back pressure reaches the senders. */
  pause(): void {
    this.#gate.close()
  }

  resume(): void {
    this.#gate.open()
  }

  /** Stops listening and breaks what is open. Returns when every socket is closed. Calls after the first wait for it. */
  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.cutNow('reset')
    this.#gate.open()
    await closed
    await Promise.all([...this.#connections].map((connection) => connection.over))
  }

  #accept(client: Socket): void {
    this.#accepted++
    const to = this.#upstream
    const upstream = connect({
      ...('unixPath' in to ? { path: to.unixPath } : { port: to.port, host: to.host ?? '127.0.0.1' }),
      allowHalfOpen: true,
      noDelay: true,
    })
    const connection = new ProxiedConnection(client, upstream, {
      ...this.#shapes,
      whenOpen: () => this.#gate.whenOpen,
      onPassedToUpstream: (bytes) => {
        this.#bytesToUpstream += bytes
      },
      onPassedToClient: (bytes) => {
        this.#bytesToClient += bytes
      },
      onError: (error) => {
        this.#lastError = error
      },
    })
    this.#connections.add(connection)
    void connection.over.then(() => this.#connections.delete(connection))
  }
}

class Gate {
  #whenOpen: Promise<void> = Promise.resolve()
  #release: (() => void) | undefined

  get whenOpen(): Promise<void> {
    return this.#whenOpen
  }

  close(): void {
    if (this.#release !== undefined) return
    this.#whenOpen = new Promise((resolve) => {
      this.#release = resolve
    })
  }

  open(): void {
    this.#release?.()
    this.#release = undefined
  }
}
