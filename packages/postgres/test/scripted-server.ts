/**
 * A PostgreSQL server that a test plays: each connection goes through a list of steps, and what comes is kept. It knows messages, not SQL;
 * it speaks no TLS. Promise: what a client sends against its script is in `finished()`; nothing escapes as an event, and `close` closes all.
 */
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { encodeBackendMessage } from '../src/wire/backend-encode.js'
import type { BackendMessage, ColumnDescription, ServerReport } from '../src/wire/backend-message.js'
import { decodeFrontendMessage } from '../src/wire/frontend-decode.js'
import type { FrontendMessage } from '../src/wire/frontend-message.js'
import { MessageCutter } from '../src/wire/message-cutter.js'
import { MessageWriter } from '../src/wire/message-writer.js'

type Kind = FrontendMessage['kind']
type OfKind<K extends Kind> = Extract<FrontendMessage, { readonly kind: K }>

/** What happens next on a connection. A script that has come to its end leaves the connection open, and keeps what it reads. */
export type Step = (peer: ScriptedPeer) => void | Promise<void>

/** The next messages are of these kinds, in this order. */
export function expectMessages(...kinds: readonly Kind[]): Step {
  return async (peer) => {
    for (const kind of kinds) await peer.expect(kind)
  }
}

/** Reads on up to a message of that kind: everything up to a Sync, whatever it is. */
export function readUntil(kind: Kind): Step {
  return async (peer) => {
    while ((await peer.next()).kind !== kind);
  }
}

export function send(...messages: readonly BackendMessage[]): Step {
  return (peer) => peer.send(...messages)
}

/** Any bytes, as they are: lengths that lie, half a message, the letter that answers an SSLRequest. */
export function sendRaw(...bytes: readonly (Uint8Array | string)[]): Step {
  return (peer) => {
    for (const each of bytes) peer.sendRaw(each)
  }
}

/** Closes in good order: what was sent arrives. */
export const end: Step = (peer) => peer.end()

/** RST: what was sent may be lost. */
export const reset: Step = (peer) => peer.reset()

/** Reads no more and says no more, until the server is closed. */
export const stall: Step = (peer) => peer.stall()

/** The client says Terminate, if it likes, and closes. */
export const expectEnd: Step = (peer) => peer.ended()

/** Waits for what the test decides. */
export function after(promise: Promise<unknown>): Step {
  return async () => {
    await promise
  }
}

export const READY: BackendMessage = { kind: 'ready-for-query', status: 'idle' }
export const PROCESS_ID = 4711
export const SECRET_KEY = Buffer.from('5ec7e700', 'hex')

/** Start-up without a password, up to the first ReadyForQuery. */
export function letIn(parameters: Readonly<Record<string, string>> = {}): Step {
  const reported = {
    server_version: '15.18',
    client_encoding: 'UTF8',
    standard_conforming_strings: 'on',
    ...parameters,
  }
  return async (peer) => {
    await peer.expect('startup')
    peer.send({ kind: 'authentication', request: { method: 'ok' } })
    for (const [name, value] of Object.entries(reported)) peer.send({ kind: 'parameter-status', name, value })
    peer.send({ kind: 'backend-key-data', processId: PROCESS_ID, secretKey: SECRET_KEY }, READY)
  }
}

/** A column of type `text` in text, but for what `facts` say. */
export function column(name: string, facts: Partial<ColumnDescription> = {}): ColumnDescription {
  return {
    name,
    tableOid: 0,
    attributeNumber: 0,
    typeOid: 25,
    typeSize: -1,
    typeModifier: -1,
    format: 0,
    ...facts,
  }
}

/** An ErrorResponse. */
export function refusal(sqlState: string, facts: Partial<ServerReport> = {}): BackendMessage {
  return {
    kind: 'error',
    report: {
      severity: 'ERROR',
      localizedSeverity: 'ERROR',
      message: 'refused by a script',
      sqlState,
      ...facts,
    },
  }
}

/** A DataRow of texts. */
export function row(...values: readonly (string | null)[]): BackendMessage {
  return { kind: 'data-row', values: values.map((value) => (value === null ? null : Buffer.from(value))) }
}

/**
 * Answers everything as a server would that finds `values` in one text column `v`, Sync after Sync, until the client ends: Parse, Bind,
 * Describe, Execute, Close and the simple Query.
 */
export function answerAll(...values: readonly string[]): Step {
  const described: BackendMessage = { kind: 'row-description', columns: [column('v')] }
  const rows: BackendMessage[] = [
    ...values.map((value) => row(value)),
    { kind: 'command-complete', tag: `SELECT ${values.length}` },
  ]
  return async (peer) => {
    for (;;) {
      const message = await peer.nextOrEnd()
      if (message === undefined) return
      switch (message.kind) {
        case 'parse':
          peer.send({ kind: 'parse-complete' })
          break
        case 'bind':
          peer.send({ kind: 'bind-complete' })
          break
        case 'close':
          peer.send({ kind: 'close-complete' })
          break
        case 'describe':
          if (message.target === 'statement') peer.send({ kind: 'parameter-description', typeOids: [] })
          peer.send(described)
          break
        case 'execute':
          peer.send(...rows)
          break
        case 'query':
          peer.send(described, ...rows, READY)
          break
        case 'sync':
          peer.send(READY)
          break
        case 'terminate':
          return
        case 'flush':
          break
        default:
          throw new Error(`answerAll has no answer to ${message.kind}`)
      }
    }
  }
}

/** One connection, from the server's end. */
export class ScriptedPeer {
  /** Everything that was read, in order. */
  readonly received: FrontendMessage[] = []
  readonly #socket: Socket
  readonly #cutter = new MessageCutter({ side: 'frontend' })
  readonly #writer = new MessageWriter()
  readonly #over: Promise<void>
  #taken = 0
  #failure: Error | undefined
  #isOver = false
  #wake: () => void = () => {}

  constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (chunk: Buffer) => this.#read(chunk))
    socket.on('error', (error) => {
      this.#failure ??= error
    })
    this.#over = new Promise((resolve) => {
      const over = () => {
        this.#isOver = true
        this.#wake()
        resolve()
      }
      // `end` is the client's; a reset has only `close`.
      socket.once('end', over).once('close', over)
    })
  }

  /** The next message; undefined when the client has ended. */
  async nextOrEnd(): Promise<FrontendMessage | undefined> {
    try {
      return await this.next()
    } catch (error) {
      if (this.#failure !== undefined) throw error
      return undefined
    }
  }

  /** The next message. Rejects when the client has ended, or sent what cannot be read. */
  async next(): Promise<FrontendMessage> {
    const message = await this.peek()
    this.#taken++
    return message
  }

  /** The message that `next` will give. */
  async peek(): Promise<FrontendMessage> {
    for (;;) {
      const message = this.received[this.#taken]
      if (message !== undefined) return message
      if (this.#isOver || this.#failure !== undefined)
        throw this.#failure ?? new Error('the client ended where its script goes on')
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  async expect<K extends Kind>(kind: K): Promise<OfKind<K>> {
    const message = await this.next()
    if (message.kind !== kind) throw new Error(`the client sent ${message.kind}, not ${kind}`)
    return message as OfKind<K>
  }

  /** Messages of one call are one write. */
  send(...messages: readonly BackendMessage[]): void {
    for (const message of messages) encodeBackendMessage(this.#writer, message)
    this.sendRaw(this.#writer.take())
  }

  sendRaw(bytes: Uint8Array | string): void {
    if (this.#socket.writable) this.#socket.write(bytes)
  }

  end(): void {
    this.#socket.end()
  }

  reset(): void {
    this.#socket.resetAndDestroy()
  }

  stall(): void {
    this.#socket.pause()
  }

  /** Waits until the client has ended its side, or broken the connection. */
  ended(): Promise<void> {
    return this.#over
  }

  /** Whether the client has ended. */
  get isOver(): boolean {
    return this.#isOver
  }

  destroy(): void {
    this.#socket.destroy()
  }

  /** The script is at its end: closes when the client does. */
  release(): void {
    void this.#over.then(() => this.#socket.end())
  }

  #read(chunk: Buffer): void {
    try {
      this.#cutter.push(chunk)
      while (this.#cutter.next()) {
        const { type, bytes, from, to } = this.#cutter
        this.received.push(decodeFrontendMessage(type, bytes, from, to))
      }
    } catch (error) {
      this.#failure ??= error as Error
    }
    this.#wake()
  }
}

export interface ScriptedServerOptions {
  /** Listens there instead of on a port of 127.0.0.1. */
  readonly unixPath?: string | undefined
  /** What is done with a CancelRequest. The connection is closed, after it was kept in `cancels`, by default. */
  readonly onCancel?:
    | ((cancel: OfKind<'cancel-request'>, peer: ScriptedPeer) => void | Promise<void>)
    | undefined
}

/** The first connection plays the first script, and so on; one that is too many is a failure. CancelRequests are not counted. */
export async function startScriptedServer(
  scripts: readonly (readonly Step[])[],
  options: ScriptedServerOptions = {},
): Promise<ScriptedServer> {
  const server = new ScriptedServer(scripts, options)
  await server.listen()
  return server
}

export class ScriptedServer implements AsyncDisposable {
  /** By number of connection, without those of CancelRequests. */
  readonly peers: ScriptedPeer[] = []
  readonly cancels: OfKind<'cancel-request'>[] = []
  readonly #scripts: readonly (readonly Step[])[]
  readonly #options: ScriptedServerOptions
  readonly #server: Server = createServer({ allowHalfOpen: true, noDelay: true })
  readonly #all = new Set<ScriptedPeer>()
  readonly #runs: Promise<void>[] = []
  #failure: Error | undefined

  constructor(scripts: readonly (readonly Step[])[], options: ScriptedServerOptions) {
    this.#scripts = scripts
    this.#options = options
    this.#server.on('connection', (socket: Socket) => {
      const peer = new ScriptedPeer(socket)
      this.#all.add(peer)
      const run = this.#play(peer).catch((error: Error) => {
        this.#failure ??= error
        peer.destroy()
      })
      this.#runs.push(run)
    })
  }

  /** @internal `startScriptedServer` calls it. */
  async listen(): Promise<void> {
    const { unixPath } = this.#options
    this.#server.listen(unixPath === undefined ? { port: 0, host: '127.0.0.1' } : { path: unixPath })
    await once(this.#server, 'listening')
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** What a client connects to; without TLS, for there is none. */
  get url(): string {
    return `postgres://user@127.0.0.1:${this.port}/database?sslmode=disable`
  }

  /** Waits until all scripts that were begun have come to their ends. Rejects with what went against one of them. */
  async finished(): Promise<void> {
    await Promise.all(this.#runs)
    if (this.#failure !== undefined) throw this.#failure
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    for (const peer of this.#all) peer.destroy()
    await closed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #play(peer: ScriptedPeer): Promise<void> {
    // The first message says whether this connection counts; a script reads it again.
    const first = await peer.peek()
    if (first.kind === 'cancel-request') {
      this.cancels.push(first)
      if (this.#options.onCancel === undefined) peer.end()
      else await this.#options.onCancel(first, peer)
      return
    }
    const script = this.#scripts[this.peers.length]
    this.peers.push(peer)
    if (script === undefined) throw new Error(`there is no script for connection ${this.peers.length}`)
    for (const step of script) await step(peer)
    peer.release()
  }
}
