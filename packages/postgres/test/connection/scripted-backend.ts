/** A server in memory that says what a test tells it to, and a connection to it. */
import { Event, type MemoryStream, memoryStreamPair, withTimeout } from '@shrapnel/core'
import { PostgresConnection } from '../../src/connection/connection.js'
import type { QuerySettings } from '../../src/connection/settings.js'
import { encodeBackendMessage } from '../../src/wire/backend-encode.js'
import type { BackendMessage, ColumnDescription } from '../../src/wire/backend-message.js'
import { decodeFrontendMessage } from '../../src/wire/frontend-decode.js'
import { encodeStartup } from '../../src/wire/frontend-encode.js'
import type { FrontendMessage } from '../../src/wire/frontend-message.js'
import { MessageCutter } from '../../src/wire/message-cutter.js'
import { MessageWriter } from '../../src/wire/message-writer.js'

export const column = (name: string, typeOid: number): ColumnDescription => ({
  name,
  tableOid: 0,
  attributeNumber: 0,
  typeOid,
  typeSize: -1,
  typeModifier: -1,
  format: 0,
})

export function bytesOf(messages: readonly BackendMessage[]): Buffer {
  const writer = new MessageWriter()
  for (const message of messages) encodeBackendMessage(writer, message)
  return writer.take()
}

export const ready = (status: 'idle' | 'transaction' | 'failed' = 'idle'): BackendMessage => ({
  kind: 'ready-for-query',
  status,
})
export const failure = (sqlState: string, severity = 'ERROR'): BackendMessage => ({
  kind: 'error',
  report: { severity, sqlState, message: `it is ${sqlState}` },
})

/** The whole answer to a query that is prepared and run: one column of text. */
export function answer(...values: readonly string[]): BackendMessage[] {
  return [
    { kind: 'parse-complete' },
    { kind: 'parameter-description', typeOids: [] },
    { kind: 'row-description', columns: [column('v', 25)] },
    { kind: 'bind-complete' },
    ...values.map((value): BackendMessage => ({ kind: 'data-row', values: [Buffer.from(value)] })),
    { kind: 'command-complete', tag: `SELECT ${values.length}` },
    ready(),
  ]
}

export class ScriptedBackend {
  readonly db: PostgresConnection
  readonly peer: MemoryStream
  /** How often a cancel was asked for; `cancelDone` ends those requests. */
  cancels = 0
  cancelAsked = new Event()
  cancelDone = new Event<Error | undefined>()
  readonly #cutter = new MessageCutter({ side: 'frontend' })

  constructor(settings: QuerySettings = {}) {
    const [stream, peer] = memoryStreamPair()
    this.peer = peer
    const writer = new MessageWriter()
    encodeStartup(writer, [['user', 'u']])
    this.#cutter.push(writer.take())
    this.#cutter.next()
    const requestCancel = async () => {
      this.cancels++
      this.cancelAsked.set()
      const problem = await this.cancelDone.wait()
      if (problem !== undefined) throw problem
    }
    this.db = new PostgresConnection(
      {
        stream,
        cutter: new MessageCutter(),
        parameters: new Map(),
        processId: 1,
        secretKey: Buffer.alloc(4),
        status: 'idle',
        minorVersion: 0,
        target: 'script/db',
        requestCancel,
      },
      settings,
    )
  }

  async say(...messages: readonly BackendMessage[]): Promise<void> {
    await this.peer.send(bytesOf(messages))
  }

  /** What the client sends, up to its next `count` Syncs or Queries. */
  hear(count = 1): Promise<FrontendMessage[]> {
    return this.hearUpTo(['sync', 'query'], count)
  }

  /** What the client sends, up to `count` messages of these kinds. */
  async hearUpTo(kinds: readonly FrontendMessage['kind'][], count = 1): Promise<FrontendMessage[]> {
    const heard: FrontendMessage[] = []
    for (let ends = 0; ends < count; ) {
      if (!this.#cutter.next()) {
        const bytes = await withTimeout(5_000, () => this.peer.recv())
        if (bytes.length === 0) throw new Error('the client closed')
        this.#cutter.push(bytes)
        continue
      }
      const { type, bytes, from, to } = this.#cutter
      const message = decodeFrontendMessage(type, bytes, from, to)
      heard.push(message)
      if (kinds.includes(message.kind)) ends++
    }
    return heard
  }
}
