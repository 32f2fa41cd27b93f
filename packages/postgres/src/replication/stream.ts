/**
 * One connection that replicates, from its opening to its end. Two coroutines: one receives, takes changes apart and waits while the program
 * is behind; the other reports to the server, at intervals and when something was acknowledged, whatever the first one waits for. The server
 * reads reports even while it cannot send, and so never takes a slow program for a dead one.
 */
import { Event, GroupError, group, Interrupted, now, sleep, TimeoutError, withTimeout } from '@shrapnel/core'
import type { ResolvedConnect } from '../connect/resolved-connect.js'
import { connectionFailure } from '../connection/failures.js'
import type { SessionTypes } from '../connection/session-types.js'
import { PostgresError } from '../errors.js'
import { PostgresWireError } from '../wire/errors.js'
import { encodeCopyDone, encodeQuery } from '../wire/frontend-encode.js'
import { Backend } from '../wire/message-types.js'
import { decodeEnvelope, encodeStandbyStatus } from '../wire/replication/envelope.js'
import { PgoutputDecoder } from '../wire/replication/pgoutput-decoder.js'
import { learnTypes, unknownTypes } from './catalog.js'
import type { ReplicationChange } from './change.js'
import { createSlotCommand, startCommand } from './commands.js'
import { parseLsn } from './lsn.js'
import type { Positions } from './positions.js'
import type { ReplicationSettings } from './replication-options.js'
import { Talk, type TalkSettings } from './talk.js'

const DUPLICATE_OBJECT = '42710'

export interface StreamSettings extends ReplicationSettings, TalkSettings {
  /** How to reach the server for replication, and for questions. */
  readonly resolved: ResolvedConnect
  readonly plain: ResolvedConnect
  readonly types: SessionTypes
  readonly drainTimeoutMs: number
}

/** Who gets the changes. */
export interface ChangeTaker {
  /** A change, and the bytes that it came in. */
  take(change: ReplicationChange, bytes: number): void
  /** There is no room for more. */
  readonly isFull: boolean
  room(): Promise<void>
}

export class ReplicationStream {
  /** Where the slot that was created for this begins; undefined if it was there. */
  consistentPoint: bigint | undefined
  readonly #talk: Talk
  readonly #settings: StreamSettings
  readonly #positions: Positions
  readonly #decoder: PgoutputDecoder
  readonly #news = new Event()
  #intervalMs: number
  #heardAt = now()
  /** It waits for the server, and not for the program. */
  #isReceiving = false
  #isEnding = false
  #endedByServer = false

  private constructor(talk: Talk, settings: StreamSettings, positions: Positions) {
    this.#talk = talk
    this.#settings = settings
    this.#positions = positions
    this.#decoder = new PgoutputDecoder(settings.types)
    this.#intervalMs = Math.min(settings.statusIntervalMs, settings.serverTimeoutMs / 2)
  }

  /** Connects, sees to the slot, and has the server begin behind what was acknowledged. Cancelled, it leaves nothing open; but the slot, if it was made. */
  static async open(settings: StreamSettings, positions: Positions): Promise<ReplicationStream> {
    const talk = await Talk.open(settings.resolved, settings)
    try {
      const stream = new ReplicationStream(talk, settings, positions)
      await limited(settings.serverTimeoutMs, talk, () => stream.#prepare())
      return stream
    } catch (error) {
      talk.close()
      throw error
    }
  }

  async #prepare(): Promise<void> {
    const talk = this.#talk
    const settings = this.#settings
    const [[timeout] = []] = await talk.ask(
      "select setting from pg_settings where name = 'wal_sender_timeout'",
    )
    const senderTimeoutMs = Number(timeout ?? 0)
    if (senderTimeoutMs > 0) this.#intervalMs = Math.min(this.#intervalMs, senderTimeoutMs / 3)
    if (settings.createSlot) await this.#createSlot()
    const positions = this.#positions
    positions.begin()
    const from = positions.resume
    await talk.send((writer) => encodeQuery(writer, startCommand(settings, from)))
    const type = await talk.receive()
    if (type === Backend.errorResponse) throw talk.errorOf()
    if (type !== Backend.copyBothResponse)
      throw talk.unexpected(`an answer to START_REPLICATION of the type ${type}`)
  }

  async #createSlot(): Promise<void> {
    try {
      const [[, point] = []] = await this.#talk.ask(createSlotCommand(this.#settings))
      if (typeof point === 'string') this.consistentPoint = parseLsn(point)
    } catch (error) {
      const isThere = error instanceof PostgresError && error.sqlState === DUPLICATE_OBJECT
      if (!isThere || this.#settings.temporary) throw error
    }
  }

  /** Something was acknowledged. */
  report(): void {
    this.#news.set()
  }

  /** The server is asked to end: `run` returns when it has, or when it was given the time to. */
  finish(): void {
    this.#isEnding = true
    this.#news.set()
  }

  /** Receives until the end. Returns when it was finished in good order; fails with what has ended it. */
  async run(taker: ChangeTaker): Promise<void> {
    const talk = this.#talk
    try {
      await group(async (both) => {
        both.spawn({ name: `replication of ${this.#settings.slot}, reports`, daemon: true }, () =>
          this.#reports(),
        )
        try {
          await this.#receive(taker)
        } catch (error) {
          throw failureOf(error, talk)
        }
        both.cancel()
      })
      await limited(this.#settings.drainTimeoutMs, talk, () => talk.end())
    } catch (error) {
      throw error instanceof GroupError ? error.errors[0] : error
    } finally {
      talk.close()
    }
  }

  async #receive(taker: ChangeTaker): Promise<void> {
    const talk = this.#talk
    for (;;) {
      if (!talk.tryReceive()) {
        this.#heardAt = now()
        this.#isReceiving = true
        await talk.receive()
        this.#isReceiving = false
      }
      switch (talk.message.type) {
        case Backend.copyData: {
          const waiting = this.#data(taker)
          if (waiting !== undefined) await waiting
          break
        }
        case Backend.copyDone:
        case Backend.commandComplete:
          // Unasked, it is a server that shuts down: it is answered, and closes.
          this.#endedByServer ||= !this.#isEnding
          this.#isEnding = true
          this.#news.set()
          break
        case Backend.readyForQuery:
          if (!this.#endedByServer) return
          throw new PostgresError('PG_BROKEN', `${talk.target} has ended the replication`)
        case Backend.errorResponse:
          throw talk.errorOf()
        default:
          throw talk.unexpected(`a message of the type ${talk.message.type}`)
      }
    }
  }

  /** What has to be waited for before the next message, if there is something. */
  #data(taker: ChangeTaker): Promise<void> | undefined {
    if (this.#isEnding) return undefined
    const { bytes, from, to } = this.#talk.message
    const envelope = decodeEnvelope(bytes, from, to)
    if (envelope.kind === 'keepalive') {
      this.#positions.heard(envelope.walEnd)
      if (envelope.isReplyRequested) this.#news.set()
      return undefined
    }
    const message = this.#decoder.decode(bytes, envelope.from, envelope.to)
    const lsn = this.#positions.came(message, envelope.walStart)
    taker.take(Object.assign(message, { lsn }), to - from)
    if (message.kind === 'relation') {
      const unknown = unknownTypes(message.relation, this.#settings.types)
      if (unknown.length > 0) return this.#learn(unknown, taker)
    }
    return taker.isFull ? taker.room() : undefined
  }

  async #learn(unknown: readonly number[], taker: ChangeTaker): Promise<void> {
    const { plain, types } = this.#settings
    await limited(this.#settings.serverTimeoutMs, this.#talk, () =>
      learnTypes(plain, this.#settings, types, unknown),
    )
    await taker.room()
  }

  /** Reports until all is over. */
  async #reports(): Promise<void> {
    const talk = this.#talk
    const { serverTimeoutMs, drainTimeoutMs } = this.#settings
    for (;;) {
      this.#news.reset()
      const isEnding = this.#isEnding
      const silenceMs = this.#isReceiving ? now() - this.#heardAt : 0
      if (silenceMs >= serverTimeoutMs) throw silent(talk, serverTimeoutMs)
      const isReplyRequested = silenceMs * 2 >= serverTimeoutMs
      await limited(serverTimeoutMs, talk, () =>
        talk.send((writer) => {
          const { received, flushed } = this.#positions
          const status = { written: received, flushed, applied: flushed, isReplyRequested }
          encodeStandbyStatus(writer, status, new Date())
          if (isEnding) encodeCopyDone(writer)
        }),
      )
      if (isEnding) {
        await sleep(drainTimeoutMs)
        throw silent(talk, drainTimeoutMs, 'drainTimeoutMs')
      }
      await this.#interval()
    }
  }

  /** Waits until there is news, or it is time. */
  async #interval(): Promise<void> {
    try {
      await withTimeout(this.#intervalMs, () => this.#news.wait())
    } catch (error) {
      if (!(error instanceof TimeoutError)) throw error
    }
  }
}

/** What the wire complains of, or the program's own codec, as what a program gets. */
function failureOf(error: unknown, talk: Talk): unknown {
  if (error instanceof Interrupted || error instanceof PostgresError) return error
  if (error instanceof PostgresWireError) return connectionFailure(error, talk.target)
  const text = error instanceof Error ? error.message : String(error)
  return new PostgresError('PG_PROTOCOL', `${talk.target}: a change that cannot be read: ${text}`, {
    cause: error,
  })
}

async function limited<T>(serverTimeoutMs: number, talk: Talk, fn: () => Promise<T>): Promise<T> {
  try {
    return await withTimeout(serverTimeoutMs, fn)
  } catch (error) {
    throw error instanceof TimeoutError ? silent(talk, serverTimeoutMs) : error
  }
}

function silent(talk: Talk, ms: number, limit = 'serverTimeoutMs'): PostgresError {
  return new PostgresError('PG_TIMEOUT', `${talk.target} gave no answer within ${ms} ms`, { limit })
}
