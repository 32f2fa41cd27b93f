/** What the proxy's tests share: an echo server, and clients that remember how their connection went. */
import { once } from 'node:events'
import { connect, createServer, type NetConnectOpts, type Server, type Socket } from 'node:net'

export interface EchoServer extends AsyncDisposable {
  readonly to: { readonly port: number } | { readonly unixPath: string }
  /** What each connection has received, in the order of connecting. */
  readonly received: Buffer[][]
  /** How each connection went: 'end', an error's code, 'close'. */
  readonly events: string[][]
}

export async function startEcho(unixPath?: string): Promise<EchoServer> {
  const sockets = new Set<Socket>()
  const received: Buffer[][] = []
  const events: string[][] = []
  const server: Server = createServer((socket) => {
    sockets.add(socket)
    const blocks: Buffer[] = []
    received.push(blocks)
    events.push(record(socket))
    socket.on('data', (block) => blocks.push(block))
    socket.pipe(socket)
  })
  server.listen(unixPath === undefined ? { port: 0, host: '127.0.0.1' } : { path: unixPath })
  await once(server, 'listening')
  const address = server.address()
  const to =
    typeof address === 'object' && address !== null ? { port: address.port } : { unixPath: unixPath ?? '' }
  return {
    to,
    received,
    events,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

export class Client {
  readonly socket: Socket
  readonly blocks: Buffer[] = []
  readonly events: string[]
  readonly #closed: Promise<void>

  constructor(to: NetConnectOpts, { allowHalfOpen = false } = {}) {
    this.socket = connect({ ...to, noDelay: true, allowHalfOpen })
    this.socket.on('data', (block) => this.blocks.push(block))
    this.events = record(this.socket)
    this.#closed = new Promise((resolve) => this.socket.once('close', () => resolve()))
  }

  get text(): string {
    return Buffer.concat(this.blocks).toString()
  }

  /** Resolves when `count` bytes have come; a test's own limit of time is the only other end. */
  async has(count: number): Promise<void> {
    while (Buffer.concat(this.blocks).length < count) await once(this.socket, 'data')
  }

  async saw(event: string): Promise<void> {
    if (event === 'close') await this.#closed
    else if (!this.events.includes(event)) await once(this.socket, event)
  }
}

function record(socket: Socket): string[] {
  const events: string[] = []
  socket.on('end', () => events.push('end'))
  socket.on('error', (error) => events.push(String(Reflect.get(error, 'code'))))
  socket.on('close', () => events.push('close'))
  return events
}
