/** A server that says what a test wants it to say, whatever it is asked: on a port of 127.0.0.1 of its own, with TLS if the script begins it. */
import { isDisconnect, type Listener, type Socket, type Stream, spawn, tcp } from '@shrapnel/core'
import { TlsError, tls } from '@shrapnel/tls'
import { encodeBackendMessage } from '../../src/wire/backend-encode.js'
import type { AuthenticationRequest, BackendMessage } from '../../src/wire/backend-message.js'
import { decodeFrontendMessage } from '../../src/wire/frontend-decode.js'
import type { FrontendMessage } from '../../src/wire/frontend-message.js'
import { MessageCutter } from '../../src/wire/message-cutter.js'
import { MessageWriter } from '../../src/wire/message-writer.js'

export type Script = (peer: ScriptedPeer, number: number) => Promise<void>

export class ScriptedServer implements AsyncDisposable {
  readonly #listener: Listener
  /** What clients have sent first, by connection. */
  readonly startups: FrontendMessage[] = []
  /** What went wrong in a script: a test looks at it. Clients that go away, or like no certificate, are no failure. */
  readonly failures: unknown[] = []
  connections = 0
  /** How many scripts have come so far that they only wait for the client to go. */
  silent = 0

  constructor(script: Script) {
    this.#listener = tcp.listen({ port: 0 })
    spawn({ daemon: true, name: 'scripted server' }, () =>
      this.#listener.serve(async (socket) => {
        const number = this.connections++
        try {
          await script(new ScriptedPeer(socket, this), number)
        } catch (error) {
          if (!isDisconnect(error) && !(error instanceof TlsError)) this.failures.push(error)
        }
      }),
    )
  }

  get port(): number {
    return this.#listener.port
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close()
    if (this.failures.length > 0) throw new AggregateError(this.failures, 'a script failed')
  }
}

export class ScriptedPeer {
  stream: Stream
  readonly socket: Socket
  readonly #server: ScriptedServer
  #peeked: FrontendMessage | undefined
  readonly #cutter = new MessageCutter({ side: 'frontend' })

  constructor(socket: Socket, server: ScriptedServer) {
    this.socket = socket
    this.stream = socket
    this.#server = server
  }

  /** What the next message is, which stays to be taken. */
  async peek(): Promise<FrontendMessage['kind']> {
    this.#peeked ??= await this.next()
    return this.#peeked.kind
  }

  async next(): Promise<FrontendMessage> {
    const peeked = this.#peeked
    this.#peeked = undefined
    if (peeked !== undefined) return peeked
    while (!this.#cutter.next()) {
      const chunk = await this.stream.recv()
      if (chunk.length === 0) throw Object.assign(new Error('the client has gone'), { code: 'END_OF_STREAM' })
      this.#cutter.push(chunk)
    }
    const { type, bytes, from, to } = this.#cutter
    return decodeFrontendMessage(type, bytes, from, to)
  }

  /** Takes the start-up message; a request for TLS before it is refused. */
  async startup(): Promise<FrontendMessage> {
    for (;;) {
      const message = await this.next()
      this.#server.startups.push(message)
      if (message.kind !== 'ssl-request') return message
      await this.stream.send('N')
    }
  }

  async send(...parts: readonly (BackendMessage | Uint8Array | string)[]): Promise<void> {
    await this.stream.send(bytesOf(parts))
  }

  /** Takes the request, and becomes the server's side of TLS. */
  async secure(options: Parameters<typeof tls.upgrade>[1] & { isServer: true }): Promise<void> {
    this.stream = await tls.upgrade(this.socket, options)
  }

  /** Waits until the client has closed. */
  async untilClosed(): Promise<void> {
    this.#server.silent++
    while ((await this.stream.recv()).length > 0);
  }
}

export function bytesOf(parts: readonly (BackendMessage | Uint8Array | string)[]): Buffer {
  return Buffer.concat(
    parts.map((part) => {
      if (typeof part === 'string') return Buffer.from(part)
      if (part instanceof Uint8Array) return part
      const writer = new MessageWriter()
      encodeBackendMessage(writer, part)
      return writer.take()
    }),
  )
}

export const authentication = (request: AuthenticationRequest): BackendMessage => ({
  kind: 'authentication',
  request,
})
export const OK = authentication({ method: 'ok' })
export const READY: BackendMessage = { kind: 'ready-for-query', status: 'idle' }
export const KEY: BackendMessage = {
  kind: 'backend-key-data',
  processId: 4711,
  secretKey: Buffer.from('01020304', 'hex'),
}

export function refusal(sqlState: string, message: string): BackendMessage {
  return { kind: 'error', report: { severity: 'FATAL', localizedSeverity: 'FATAL', sqlState, message } }
}

export function parameter(name: string, value: string): BackendMessage {
  return { kind: 'parameter-status', name, value }
}
