/**
 * Serves queries by TCP and TLS (RFC 7766): many on a connection, answered as they are ready. A connection ends when its client has
 * nothing under way for as long as it may, when it is slow with a message or with reading, and when it closes: what it asked for before
 * that is still answered, unless it cannot be reached any more.
 */
import {
  BufferedReader,
  BufferedWriter,
  isDisconnect,
  Semaphore,
  type SocketAddress,
  type Stream,
  TimeoutError,
  withTimeout,
} from '@shrapnel/core'
import type { Transport } from '../resolution.js'
import { Brood } from './brood.js'
import type { QueryDesk } from './query-desk.js'

export interface ConnectionFacts {
  readonly transport: Transport
  readonly from: SocketAddress | undefined
}

export interface ConnectionLimits {
  readonly idleTimeoutMs: number
  readonly maxQueriesPerConnection: number
}

/** RFC 1035, 4.2.2. */
const LENGTH_BYTES = 2
/** Most queries are far shorter. */
const CHUNK_BYTES = 4_096

/** Serves until the connection ends, and closes it. */
export async function serveConnection(
  stream: Stream,
  facts: ConnectionFacts,
  desk: QueryDesk,
  limits: ConnectionLimits,
): Promise<void> {
  const connection = new Connection(stream, facts, desk, limits)
  try {
    await connection.serve()
  } catch (error) {
    if (!isClientsDoing(error)) throw error
  } finally {
    connection.close()
  }
}

/** A client that goes, is slow, or breaks the rules of TLS. Many end without close_notify, which matters to nobody behind a whole message. */
function isClientsDoing(error: unknown): boolean {
  if (error instanceof TimeoutError || isDisconnect(error)) return true
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return code === 'TRUNCATED' || code.startsWith('TLS_')
}

class Connection {
  readonly #stream: Stream
  readonly #reader: BufferedReader
  readonly #writer: BufferedWriter
  readonly #facts: ConnectionFacts
  readonly #desk: QueryDesk
  readonly #limits: ConnectionLimits
  readonly #brood: Brood
  readonly #seats: Semaphore

  constructor(stream: Stream, facts: ConnectionFacts, desk: QueryDesk, limits: ConnectionLimits) {
    this.#stream = stream
    this.#reader = new BufferedReader(stream, { chunkBytes: CHUNK_BYTES })
    this.#writer = new BufferedWriter(stream)
    this.#facts = facts
    this.#desk = desk
    this.#limits = limits
    this.#brood = new Brood(`DNS query by ${facts.transport.toUpperCase()}`)
    this.#seats = new Semaphore(limits.maxQueriesPerConnection)
  }

  async serve(): Promise<void> {
    const { maxQueriesPerConnection, idleTimeoutMs } = this.#limits
    const sendBack = (response: Buffer): Promise<void> => this.#send(response)
    for (let message = await this.#next(); message !== undefined; message = await this.#next()) {
      const seat = await this.#seats.acquire()
      await this.#desk.begin(message, this.#facts, this.#brood, sendBack, seat)
    }
    // The client asks no more, and may read still what it asked for.
    await this.#seats.acquire(maxQueriesPerConnection)
    await withTimeout(idleTimeoutMs, async () => {
      await this.#writer.flush()
      await this.#stream.shutdown()
    })
  }

  /** The next message; undefined at the end, and after the idle time. */
  async #next(): Promise<Buffer | undefined> {
    if (this.#reader.bufferedBytes === 0 && !(await this.#isMoreComing())) return undefined
    const length = this.#reader.tryPeekView(LENGTH_BYTES)?.readUInt16BE()
    if (length !== undefined && this.#reader.bufferedBytes >= LENGTH_BYTES + length)
      return this.#reader.tryReadExact(LENGTH_BYTES + length)?.subarray(LENGTH_BYTES)
    return await withTimeout(this.#limits.idleTimeoutMs, async () => {
      const prefix = await this.#reader.readExact(LENGTH_BYTES)
      return await this.#reader.readExact(prefix.readUInt16BE())
    })
  }

  async #isMoreComing(): Promise<boolean> {
    for (;;) {
      try {
        return await withTimeout(this.#limits.idleTimeoutMs, () => this.#reader.fill())
      } catch (error) {
        if (!(error instanceof TimeoutError)) throw error
        // Who waits for an answer is not idle.
        if (this.#brood.size === 0) return false
      }
    }
  }

  /** Answers of one turn go out together. A client that does not read loses its connection. */
  async #send(response: Buffer): Promise<void> {
    const prefix = Buffer.allocUnsafe(LENGTH_BYTES)
    prefix.writeUInt16BE(response.length)
    try {
      await withTimeout(this.#limits.idleTimeoutMs, () =>
        this.#writer.write(Buffer.concat([prefix, response])),
      )
    } catch (error) {
      if (!isClientsDoing(error)) throw error
      this.close()
    }
  }

  close(): void {
    this.#stream.close()
    this.#brood.shutdown('the connection was closed')
  }
}
