/** A name server that says what a test tells it to: over UDP and TCP on one port, or over TLS. It answers nothing by itself. */
import { BufferedReader, type Coroutine, type Stream, spawn, tcp, UdpSocket } from '@shrapnel/core'
import { type ListenOptions, tls } from '@shrapnel/tls'
import {
  decodeMessage,
  encodeMessage,
  type Message,
  type Question,
  type ResourceRecord,
} from '../../src/wire/index.js'

export const HONEST = '192.0.2.1'
export const FORGED = '203.0.113.66'

/** A query, as it came. */
export interface Heard {
  readonly transport: 'udp' | 'tcp' | 'tls'
  readonly bytes: Buffer
  readonly message: Message
  readonly question: Question
  /** The port that it came from. */
  readonly port: number
  /** Sends a message back, framed where that is needed. */
  say(bytes: Uint8Array): void
  /** Sends bytes as they are: a part of a frame, several datagrams' worth. */
  sayRaw(bytes: Uint8Array): void
  /** Sends from another port. */
  sayFromElsewhere(bytes: Uint8Array): void
  /** Closes the connection. */
  hangUp(): void
}

export type Script = (heard: Heard) => void

export class LyingServer implements Disposable {
  readonly port: number
  readonly heard: Heard[] = []
  /** How many connections it took. */
  connections = 0
  readonly #open = new Set<{ close(): void }>()
  readonly #coroutines: Coroutine<unknown>[] = []
  script: Script

  constructor(script: Script, { only, port = 0, tlsOptions }: LyingOptions = {}) {
    this.script = script
    if (tlsOptions !== undefined) {
      const listener = tls.listen({ ...tlsOptions, port, alpn: ['dot'] })
      this.port = listener.port
      this.#serve(listener, 'tls')
      return
    }
    const listener = only === 'udp' ? undefined : tcp.listen({ port })
    const socket = only === 'tcp' ? undefined : new UdpSocket({ port: listener?.port ?? port })
    this.port = listener?.port ?? socket?.address.port ?? 0
    if (listener !== undefined) this.#serve(listener, 'tcp')
    if (socket !== undefined) this.#serveUdp(socket)
  }

  /** `127.0.0.1:5353`, as `Servers` takes it. */
  get address(): string {
    return `127.0.0.1:${this.port}`
  }

  /** The questions that came, by name and way. */
  get questions(): string[] {
    return this.heard.map(
      ({ transport, question }) => `${transport} ${question.name.toLowerCase()} ${question.type}`,
    )
  }

  #serveUdp(socket: UdpSocket): void {
    this.#open.add(socket)
    const elsewhere = new UdpSocket()
    this.#open.add(elsewhere)
    this.#start(async () => {
      for await (const { data, from } of socket) {
        const say = (bytes: Uint8Array): void => {
          // A server that is closed meanwhile says nothing.
          socket.sendTo(bytes, from.address, from.port).catch(() => {})
        }
        this.#hear('udp', data, from.port, {
          say,
          sayRaw: say,
          sayFromElsewhere: (bytes) => void elsewhere.sendTo(bytes, from.address, from.port),
          hangUp: () => {},
        })
      }
    })
  }

  #serve(
    listener: AsyncIterable<Stream & { remoteAddress?: unknown }> & { close(): void },
    transport: 'tcp' | 'tls',
  ): void {
    this.#open.add(listener)
    this.#start(async () => {
      for await (const connection of listener) {
        this.connections++
        this.#open.add(connection)
        this.#start(async () => {
          try {
            await this.#converse(connection, transport)
          } finally {
            connection.close()
          }
        })
      }
    })
  }

  async #converse(connection: Stream, transport: 'tcp' | 'tls'): Promise<void> {
    const reader = new BufferedReader(connection)
    const sayRaw = (bytes: Uint8Array): void => {
      if (!connection.isClosed) void Promise.resolve(connection.send(bytes)).catch(() => {})
    }
    for (;;) {
      const length = (await reader.readExact(2)).readUInt16BE()
      const bytes = await reader.readExact(length)
      this.#hear(transport, bytes, 0, {
        say: (reply) => sayRaw(Buffer.concat([Buffer.from([reply.length >> 8, reply.length & 255]), reply])),
        sayRaw,
        sayFromElsewhere: () => {},
        hangUp: () => connection.close(),
      })
    }
  }

  #hear(
    transport: Heard['transport'],
    bytes: Buffer,
    port: number,
    ways: Pick<Heard, 'say' | 'sayRaw' | 'sayFromElsewhere' | 'hangUp'>,
  ): void {
    const message = decodeMessage(bytes)
    const heard = { transport, bytes, message, question: message.questions[0] as Question, port, ...ways }
    this.heard.push(heard)
    this.script(heard)
  }

  #start(work: () => Promise<void>): void {
    const quietly = async (): Promise<void> => {
      try {
        await work()
      } catch (error) {
        // Clients hang up; what else goes wrong is the test's to see.
        const { code } = error as { code?: string }
        if (
          !['CLOSED', 'END_OF_STREAM', 'ECONNRESET', 'EPIPE', 'TLS_TRUNCATED', 'SHUTDOWN'].includes(
            code ?? '',
          )
        )
          throw error
      }
    }
    this.#coroutines.push(spawn({ name: 'lying server', daemon: true }, quietly))
  }

  [Symbol.dispose](): void {
    for (const each of this.#open) each.close()
    for (const coroutine of this.#coroutines) coroutine.shutdown()
  }
}

interface LyingOptions {
  readonly only?: 'udp' | 'tcp'
  readonly port?: number
  readonly tlsOptions?: Partial<ListenOptions>
}

/** The answer to a query, as an honest server gives it; `changes` are the lies. */
export function reply(heard: Heard, changes: Partial<Message> = {}): Buffer {
  return encodeMessage({
    ...heard.message,
    isResponse: true,
    recursionAvailable: true,
    answers: [addressOf(heard.question.name, HONEST)],
    edns: heard.message.edns && { ...heard.message.edns, options: [] },
    ...changes,
  })
}

/** The same for an address that must not be believed. */
export function forgery(heard: Heard, changes: Partial<Message> = {}): Buffer {
  return reply(heard, { answers: [addressOf(heard.question.name, FORGED)], ...changes })
}

export function addressOf(name: string, address: string): ResourceRecord {
  return { name, type: 'A', class: 'IN', ttl: 300, data: { address } }
}

/** A reply without answers. */
export function refusal(heard: Heard, rcode: string, changes: Partial<Message> = {}): Buffer {
  return reply(heard, { rcode, answers: [], ...changes })
}

/** The same bytes, some of them changed. */
export function changed(bytes: Buffer, changes: Readonly<Record<number, number>>): Buffer {
  const copy = Buffer.from(bytes)
  for (const [at, value] of Object.entries(changes)) copy[Number(at)] = value
  return copy
}
