/**
 * A conversation of one alone with a server: simple queries, and the copy in both directions that replication is. Nobody pipelines here, and
 * whoever receives decides when: what is not received stays in the kernel, and the server waits. It owns the stream.
 */
import { Interrupted, type Stream } from '@shrapnel/core'
import { openBackend } from '../connect/open-backend.js'
import type { OpenHooks, ResolvedConnect } from '../connect/resolved-connect.js'
import { connectionFailure, outOfPlace, serverError } from '../connection/failures.js'
import type { OpenedBackend } from '../connection/opened-backend.js'
import { PostgresError } from '../errors.js'
import { decodeBackendMessage, decodeServerReport } from '../wire/backend-decode.js'
import { encodeQuery, encodeTerminate } from '../wire/frontend-encode.js'
import type { MessageCutter } from '../wire/message-cutter.js'
import { Backend } from '../wire/message-types.js'
import { MessageWriter } from '../wire/message-writer.js'

export type TextRow = readonly (string | null)[]
/** Rows that a question of ours may have: types of users, most of all. */
const MAX_ROWS = 1_000_000

export interface TalkSettings extends OpenHooks {
  readonly maxMessageBytes: number
}

export class Talk {
  readonly target: string
  /** The message that has come: its type, and where it is. Good until the next one is received. */
  readonly message: MessageCutter
  readonly #stream: Stream
  readonly #onNotice: OpenHooks['onNotice']
  readonly #writer = new MessageWriter()

  private constructor(backend: OpenedBackend, settings: TalkSettings) {
    this.target = backend.target
    this.message = backend.cutter
    this.message.maxMessageBytes = settings.maxMessageBytes
    this.#stream = backend.stream
    this.#onNotice = settings.onNotice
  }

  /** Waits, and fails, as connecting does. */
  static async open(resolved: ResolvedConnect, settings: TalkSettings): Promise<Talk> {
    return new Talk(await openBackend(resolved, settings), settings)
  }

  /** Writes messages and sends them. One at a time. */
  async send(write: (writer: MessageWriter) => void): Promise<void> {
    this.#writer.clear()
    write(this.#writer)
    try {
      await this.#stream.send(this.#writer.take())
    } catch (error) {
      throw this.#failure(error)
    }
  }

  /** Moves on to a message that has come already. What a server says unasked is dealt with. False: one has to wait for it. */
  tryReceive(): boolean {
    const cutter = this.message
    try {
      while (cutter.next()) {
        const { type, bytes, from, to } = cutter
        if (type === Backend.noticeResponse) this.#onNotice?.(decodeServerReport(bytes, from, to))
        else if (type !== Backend.parameterStatus && type !== Backend.notificationResponse) return true
      }
      return false
    } catch (error) {
      throw connectionFailure(error, this.target)
    }
  }

  /** Waits for a message, and gives its type. Fails with PG_BROKEN, PG_PROTOCOL, PG_LIMIT. */
  async receive(): Promise<number> {
    while (!this.tryReceive()) this.message.push(await this.#chunk())
    return this.message.type
  }

  async #chunk(): Promise<Buffer> {
    let chunk: Buffer
    try {
      chunk = await this.#stream.recv()
    } catch (error) {
      throw this.#failure(error)
    }
    if (chunk.length > 0) return chunk
    const where = this.message.isInside ? ' in the middle of a message' : ''
    throw new PostgresError('PG_BROKEN', `${this.target} closed the connection${where}`)
  }

  /** The error that has come: of the query, or, if it is the last that the server says, of the connection. */
  errorOf(query?: string): PostgresError {
    const { bytes, from, to } = this.message
    try {
      const report = decodeServerReport(bytes, from, to)
      if (report.severity !== 'FATAL' && report.severity !== 'PANIC') return serverError(report, { query })
      const text = `${this.target} ended the connection: ${report.message}`
      return new PostgresError('PG_BROKEN', text, { report })
    } catch (error) {
      return connectionFailure(error, this.target)
    }
  }

  /** Rows of one simple query, as text. Fails with PG_SERVER, and as `receive` does. */
  async ask(text: string): Promise<TextRow[]> {
    await this.send((writer) => encodeQuery(writer, text))
    const rows: TextRow[] = []
    let failure: PostgresError | undefined
    for (;;) {
      const type = await this.receive()
      if (type === Backend.readyForQuery) break
      if (type === Backend.errorResponse) {
        failure = this.errorOf(text)
        if (failure.code !== 'PG_SERVER') throw failure
      } else if (type === Backend.dataRow) {
        if (rows.push(this.#row()) > MAX_ROWS) throw this.unexpected(`more than ${MAX_ROWS} rows`)
      } else if (type !== Backend.rowDescription && type !== Backend.commandComplete)
        throw this.unexpected(`an answer to a query of the type ${type}`)
    }
    if (failure !== undefined) throw failure
    return rows
  }

  #row(): TextRow {
    const { type, bytes, from, to } = this.message
    try {
      const message = decodeBackendMessage(type, bytes, from, to)
      if (message.kind !== 'data-row') throw outOfPlace(message.kind)
      return message.values.map((value) => (value === null ? null : value.toString()))
    } catch (error) {
      throw connectionFailure(error, this.target)
    }
  }

  /** A cancellation stays what it is. */
  #failure(error: unknown): unknown {
    return error instanceof Interrupted ? error : connectionFailure(error, this.target)
  }

  unexpected(what: string): PostgresError {
    return connectionFailure(outOfPlace(what), this.target)
  }

  /** Says goodbye and closes. Waits until that is sent, if it has to. */
  async end(): Promise<void> {
    try {
      await this.send(encodeTerminate)
    } catch {
      // A server that is gone needs no goodbye.
    } finally {
      this.close()
    }
  }

  close(): void {
    this.#stream.close()
  }
}
