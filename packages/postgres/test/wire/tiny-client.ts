/** The smallest client that can ask a server for a value in either format: for comparing codecs with what the server does. It reads to the end of each answer before it asks again. */
import { connect, type Socket } from 'node:net'
import { decodeRowDescription, decodeServerReport } from '../../src/wire/backend-decode.js'
import type { ColumnDescription } from '../../src/wire/backend-message.js'
import * as write from '../../src/wire/frontend-encode.js'
import { MessageCutter } from '../../src/wire/message-cutter.js'
import { Backend, type Format } from '../../src/wire/message-types.js'
import { MessageWriter } from '../../src/wire/message-writer.js'

export interface Answer {
  readonly columns: readonly ColumnDescription[]
  /** The body of each DataRow. */
  readonly rows: readonly Buffer[]
  readonly copyData: readonly Buffer[]
  readonly parameterOids: readonly number[]
}

export class TinyClient implements AsyncDisposable {
  readonly #socket: Socket
  readonly #chunks: AsyncIterator<Buffer>
  readonly #cutter = new MessageCutter()
  readonly writer = new MessageWriter()
  /** All bytes that have come, for goldens. */
  readonly received: Buffer[] = []

  private constructor(socket: Socket) {
    this.#socket = socket
    this.#chunks = socket[Symbol.asyncIterator]() as AsyncIterator<Buffer>
  }

  static async open(port: number, options: Record<string, string> = {}): Promise<TinyClient> {
    const client = new TinyClient(connect(port, '127.0.0.1'))
    const parameters = { user: 'postgres', database: 'postgres', client_encoding: 'UTF8', ...options }
    write.encodeStartup(client.writer, Object.entries(parameters))
    await client.answer()
    return client
  }

  /** The simple protocol: all in text. */
  async query(text: string): Promise<Answer> {
    write.encodeQuery(this.writer, text)
    return await this.answer()
  }

  async extended(
    text: string,
    typeOids: readonly number[],
    bind: (writer: MessageWriter) => void,
  ): Promise<Answer> {
    write.encodeParse(this.writer, '', text, typeOids)
    bind(this.writer)
    write.encodeDescribe(this.writer, 'portal', '')
    write.encodeExecute(this.writer, '')
    write.encodeSync(this.writer)
    return await this.answer()
  }

  async value(text: string, format: Format): Promise<Answer> {
    return await this.extended(text, [], (writer) => write.encodeBind(writer, '', '', [], [], [format]))
  }

  /** Until ReadyForQuery, or until `count` CopyData have come of what never ends. */
  async answer(count = Infinity): Promise<Answer> {
    this.#socket.write(this.writer.take())
    let columns: readonly ColumnDescription[] = []
    const rows: Buffer[] = []
    const copyData: Buffer[] = []
    let failure: Error | undefined
    for (;;) {
      while (this.#cutter.next()) {
        const { type, bytes, from, to } = this.#cutter
        if (type === Backend.rowDescription) columns = decodeRowDescription(bytes, from, to)
        else if (type === Backend.dataRow) rows.push(Buffer.from(bytes.subarray(from, to)))
        else if (type === Backend.copyData) copyData.push(Buffer.from(bytes.subarray(from, to)))
        else if (type === Backend.errorResponse) {
          const report = decodeServerReport(bytes, from, to)
          failure = Object.assign(new Error(report.message), { report })
        } else if (type === Backend.copyBothResponse && count === 0)
          return { columns, rows, copyData, parameterOids: [] }
        else if (type === Backend.readyForQuery || type === Backend.copyInResponse) {
          if (failure !== undefined) throw failure
          return { columns, rows, copyData, parameterOids: [] }
        }
        if (copyData.length >= count) return { columns, rows, copyData, parameterOids: [] }
      }
      const { value, done } = await this.#chunks.next()
      if (done === true) throw failure ?? new Error('the server closed')
      this.received.push(value)
      this.#cutter.push(value)
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#socket.destroy()
    return Promise.resolve()
  }
}
