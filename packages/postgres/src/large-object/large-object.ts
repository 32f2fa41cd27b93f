/**
 * A large object that is open: a file in the database, read and written in pieces. It lives as long as the transaction that opened it. What it
 * holds in memory is one piece, however large the object is.
 */
import type { Stream } from '@shrapnel/core'
import { checkInteger, outOfRange, wrongType } from '@shrapnel/core/parts'
import { PostgresError } from '../errors.js'
import type { Queryable } from '../query.js'
import { LargeObjectStream } from './large-object-stream.js'

export type LargeObjectMode = 'r' | 'w' | 'rw'
/** From where an offset counts: the beginning, the present place, the end. */
export type SeekFrom = 'start' | 'current' | 'end'

/** What goes to the server or comes from it at once: larger ones are hardly faster, and each is in memory several times. */
export const PIECE_BYTES = 256 * 1024
/** PostgreSQL's own limit: 2^31 pages of 2,048 bytes. */
const MOST_BYTES = 2 ** 42
const MOST_READ_BYTES = 2 ** 30
const FROM: Readonly<Record<SeekFrom, number>> = { start: 0, current: 1, end: 2 }

const SIZE = `select size, lo_lseek64($1, at, 0) from
  (select at, lo_lseek64($1, 0, 2) as size from (select lo_tell64($1) as at offset 0) here offset 0) there`

export class LargeObject implements AsyncDisposable {
  readonly oid: number
  readonly mode: LargeObjectMode
  readonly #session: Queryable
  readonly #descriptor: number
  readonly #closed: (object: LargeObject) => void
  #isClosed = false

  /** @internal */
  constructor(
    session: Queryable,
    oid: number,
    mode: LargeObjectMode,
    descriptor: number,
    closed: (object: LargeObject) => void,
  ) {
    this.#closed = closed
    this.#session = session
    this.oid = oid
    this.mode = mode
    this.#descriptor = descriptor
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** Up to `bytes` from the present place on; fewer only at the end, none behind it. Waits for the server. Cancelled, the transaction can only be rolled back. */
  async read(bytes: number): Promise<Buffer> {
    checkInteger('bytes', bytes, 0, MOST_READ_BYTES)
    const pieces: Buffer[] = []
    let left = bytes
    while (left > 0) {
      const wanted = Math.min(left, PIECE_BYTES)
      const piece = (await this.#value('select loread($1, $2)', wanted)) as Buffer
      if (piece.length > 0) pieces.push(piece)
      left -= piece.length
      if (piece.length < wanted) break
    }
    return pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces)
  }

  /** Writes all of it at the present place; text as UTF-8. Waits for the server. The bytes must not be changed until it is done. */
  async write(data: Uint8Array | string): Promise<void> {
    const bytes = bytesOf(data)
    for (let at = 0; at < bytes.length; at += PIECE_BYTES)
      await this.#value('select lowrite($1, $2)', bytes.subarray(at, at + PIECE_BYTES))
  }

  /** Moves to a place and gives it, in bytes from the beginning. It may be behind the end: what is between is read as zeros once something is written there. */
  async seek(offset: number, from: SeekFrom = 'start'): Promise<number> {
    const whence = FROM[from]
    if (whence === undefined) throw outOfRange('from', 'start, current or end', from)
    checkInteger('offset', offset, from === 'start' ? 0 : -MOST_BYTES, MOST_BYTES)
    return Number(await this.#value('select lo_lseek64($1, $2, $3)', offset, whence))
  }

  /** The present place. */
  async tell(): Promise<number> {
    return Number(await this.#value('select lo_tell64($1)'))
  }

  /** In bytes. Leaves the place as it is. */
  async size(): Promise<number> {
    return Number(await this.#value(SIZE))
  }

  /** Cuts it off there, or makes it longer by zeros. The place stays. */
  async truncate(size: number): Promise<void> {
    checkInteger('size', size, 0, MOST_BYTES)
    await this.#value('select lo_truncate64($1, $2)', size)
  }

  /** It, from the present place on, as a Stream: an end is the object's end, and a reader or a writer that is slow is waited for. */
  stream(): Stream {
    return new LargeObjectStream(this)
  }

  /** Again without effect. The end of the transaction does the same. */
  async close(): Promise<void> {
    if (this.#isClosed) return
    this.deleted()
    await this.#session.query('select lo_close($1)', [this.#descriptor])
  }

  /** As `close`; a transaction that has failed, or is over, has closed it. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.close()
    } catch (error) {
      if (!(error instanceof PostgresError)) throw error
    }
  }

  /** It was deleted, which has closed it. @internal */
  deleted(): void {
    this.#isClosed = true
    this.#closed(this)
  }

  async #value(text: string, ...values: readonly unknown[]): Promise<unknown> {
    if (this.#isClosed) throw new PostgresError('PG_CLOSED', `large object ${this.oid} was closed`)
    const [row] = await this.#session.query<unknown[]>(text, [this.#descriptor, ...values], {
      rows: 'arrays',
    })
    return row?.[0]
  }
}

export function bytesOf(data: unknown): Uint8Array {
  if (typeof data === 'string') return Buffer.from(data)
  if (data instanceof Uint8Array) return data
  throw wrongType('data', 'bytes or text', data)
}
