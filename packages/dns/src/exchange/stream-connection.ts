/**
 * One TCP or TLS connection to a server (RFC 7766, RFC 7858): queries go out as they come, replies come back in any order. A coroutine
 * of its own connects, reads and closes it when it was idle; it keeps no process alive. It repeats no query: whoever waits on a
 * connection that breaks is told.
 */
import {
  BufferedReader,
  BufferedWriter,
  type Coroutine,
  now,
  type Stream,
  spawn,
  TimeoutError,
  withTimeout,
} from '@shrapnel/core'
import { inBackground, refillBackground } from '@shrapnel/core/parts'
import { DnsError } from '../errors.js'
import { type Channel, type DropReason, dropReason, idOf, mayBeReply, type Pending } from './pending.js'
import type { RandomUint16 } from './random.js'

const LENGTH_BYTES = 2
const HEADER_BYTES = 12
/** With queries on it and no reply for so long, it is taken for dead: TCP itself needs a quarter of an hour to see it. */
const STALLED_AFTER_MS = 2_000

export interface ConnectionOwner {
  /** For `whereAll()`: `dns tcp 192.0.2.53:53`. */
  readonly name: string
  readonly idleTimeoutMs: number
  open(): Promise<Stream>
  onStray(reason: DropReason): void
  /** A query left, or the connection ended: there is room. */
  onRoom(): void
}

export class StreamConnection implements Channel {
  readonly #owner: ConnectionOwner
  readonly #coroutine: Coroutine<void>
  /** Null: nobody waits for that reply, but it may come. */
  readonly #queries = new Map<number, Pending | null>()
  #waiting = 0
  #stream: Stream | null = null
  #writer: BufferedWriter | null = null
  /** The length of the message that comes; -1: that comes first. */
  #expectedBytes = -1
  #lastUsedAt = now()
  #isRetired = false
  #isEnded = false

  constructor(owner: ConnectionOwner) {
    this.#owner = owner
    this.#coroutine = spawn({ name: owner.name, daemon: true }, () => this.#run())
  }

  get isEnded(): boolean {
    return this.#isEnded
  }

  /** How many queries wait on it. */
  get waiting(): number {
    return this.#waiting
  }

  /** Ids that wait for late replies take places too. */
  hasRoom(maxQueries: number): boolean {
    return !this.#isEnded && !this.#isRetired && this.#queries.size < maxQueries
  }

  /** Gives no place to others. It ends when nobody waits any more. */
  retire(): void {
    this.#isRetired = true
    if (this.#waiting === 0) this.close()
  }

  /** Nothing has come for so long that a query should be sent on another. */
  isStalled(sentAt: number, time: number): boolean {
    return time - Math.max(sentAt, this.#lastUsedAt) >= STALLED_AFTER_MS
  }

  send(pending: Pending, randomUint16: RandomUint16): void {
    let id = randomUint16()
    while (this.#queries.has(id)) id = randomUint16()
    pending.begin(this, id)
    this.#queries.set(id, pending)
    if (this.#waiting++ === 0) this.#lastUsedAt = now()
    if (this.#writer !== null) this.#write(pending)
  }

  leave({ query, isAnswered }: Pending): void {
    if (query === null || this.#isEnded || !this.#queries.get(query.id)) return
    if (isAnswered || this.#writer === null) this.#queries.delete(query.id)
    else this.#queries.set(query.id, null)
    this.#waiting--
    if (this.#waiting === 0) this.#becomeIdle()
    this.#owner.onRoom()
  }

  #becomeIdle(): void {
    // A connection that is not there yet, and that nobody waits for, is not made.
    if (this.#writer === null || this.#isRetired || this.#owner.idleTimeoutMs === 0) this.close()
    this.#lastUsedAt = now()
  }

  close(error: unknown = undefined): void {
    if (this.#isEnded) return
    this.#isEnded = true
    this.#stream?.close()
    this.#coroutine.shutdown()
    const waiting = [...this.#queries.values()]
    this.#queries.clear()
    for (const pending of waiting) pending?.onFailure(error, this.#writer !== null)
    this.#owner.onRoom()
  }

  async #run(): Promise<void> {
    try {
      this.#stream = await this.#owner.open()
      if (this.#isEnded) return
      this.#writer = new BufferedWriter(this.#stream)
      for (const pending of this.#queries.values()) if (pending !== null) this.#write(pending)
      await this.#readAll(new BufferedReader(this.#stream))
    } catch (error) {
      this.close(error)
    } finally {
      this.#stream?.close()
      this.close()
    }
  }

  #write(pending: Pending): void {
    const writer = this.#writer as BufferedWriter
    const bytes = pending.query?.bytes as Buffer
    const framed = Buffer.allocUnsafe(LENGTH_BYTES + bytes.length)
    framed.writeUInt16BE(bytes.length)
    framed.set(bytes, LENGTH_BYTES)
    refillBackground()
    inBackground(
      () => writer.write(framed),
      () => {},
      (error) => this.close(error),
    )
  }

  async #readAll(reader: BufferedReader): Promise<void> {
    const { idleTimeoutMs } = this.#owner
    while (!this.#isEnded) {
      const idleForMs = this.#waiting > 0 ? 0 : now() - this.#lastUsedAt
      if (idleForMs >= idleTimeoutMs && this.#waiting === 0) return
      try {
        await withTimeout(idleTimeoutMs === 0 ? Infinity : idleTimeoutMs - idleForMs, () =>
          this.#read(reader),
        )
      } catch (error) {
        if (!(error instanceof TimeoutError)) throw error
      }
    }
  }

  /** Takes messages, until none is there. It may be cancelled, and goes on where it was. */
  async #read(reader: BufferedReader): Promise<void> {
    do {
      if (this.#expectedBytes < 0) {
        const length = reader.tryReadExact(LENGTH_BYTES) ?? (await reader.readExact(LENGTH_BYTES))
        this.#expectedBytes = checkLength(length.readUInt16BE())
      }
      const message =
        reader.tryReadExact(this.#expectedBytes) ?? (await reader.readExact(this.#expectedBytes))
      this.#expectedBytes = -1
      this.#take(message)
    } while (!this.#isEnded && reader.bufferedBytes > 0)
  }

  #take(bytes: Buffer): void {
    const id = idOf(bytes)
    const pending = this.#queries.get(id)
    const verdict = pending?.query?.compare(bytes)
    if (pending && verdict !== undefined && mayBeReply(verdict)) {
      this.#lastUsedAt = now()
      pending.onReply(bytes, verdict)
      return
    }
    this.#owner.onStray(dropReason(bytes, pending, verdict))
    if (pending !== null) return
    this.#queries.delete(id)
    this.#owner.onRoom()
  }
}

/** Who sends less than a header speaks another protocol. */
function checkLength(bytes: number): number {
  if (bytes < HEADER_BYTES) throw new DnsError('EBADRESP', `a message of ${bytes} bytes came over TCP`)
  return bytes
}
