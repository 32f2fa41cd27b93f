/** Large objects: what is too large for a value. They are opened inside of a transaction, and what is done to them is part of it. */
import type { Stream } from '@shrapnel/core'
import { checkInteger, outOfRange, wrongType } from '@shrapnel/core/parts'
import { ReservedConnection } from '../connection/reserved-connection.js'
import { piecesOf } from '../copy/copy-source.js'
import type { Queryable } from '../query.js'
import { Transaction } from '../transaction/transaction.js'
import { bytesOf, LargeObject, type LargeObjectMode, PIECE_BYTES } from './large-object.js'

/** libpq-fs.h: INV_READ and INV_WRITE. */
const MODES: Readonly<Record<LargeObjectMode, number>> = { r: 0x4_0000, w: 0x2_0000, rw: 0x6_0000 }
const MOST_OID = 2 ** 32 - 1

/** What is imported: anything that can be looped over and gives bytes or texts, or a Stream up to its end, which stays open. */
export type LargeObjectSource =
  | Iterable<Uint8Array | string>
  | AsyncIterable<Uint8Array | string>
  | Pick<Stream, 'recv'>

/** The large objects of the database, as a transaction has them: `largeObjects(tx)`; or a reserved connection, between a BEGIN and a COMMIT of its own. */
export function largeObjects(session: Transaction | ReservedConnection): LargeObjects {
  if (!(session instanceof Transaction) && !(session instanceof ReservedConnection))
    throw wrongType('session', 'a transaction, or a reserved connection', session)
  return new LargeObjects(session)
}

export class LargeObjects {
  readonly #session: Queryable
  readonly #opened = new Set<LargeObject>()

  /** @internal */
  constructor(session: Queryable) {
    this.#session = session
  }

  /** Makes an empty one and gives its number; one that is given must be free (PG_SERVER 23505). */
  async create(oid = 0): Promise<number> {
    checkOid(oid)
    return Number(await this.#value('select lo_create($1)', oid))
  }

  /** Opens it: at its beginning, with what it held when the transaction began if it is only read. PG_SERVER 42704 if there is none. */
  async open(oid: number, mode: LargeObjectMode = 'r'): Promise<LargeObject> {
    checkOid(oid)
    const flags = Object.hasOwn(MODES, mode) ? MODES[mode] : undefined
    if (flags === undefined) throw outOfRange('mode', 'r, w or rw', mode)
    const descriptor = Number(await this.#value('select lo_open($1, $2)', oid, flags))
    const object = new LargeObject(this.#session, oid, mode, descriptor, (closed) =>
      this.#opened.delete(closed),
    )
    this.#opened.add(object)
    return object
  }

  /** Deletes it, and closes it if it was opened by this. PG_SERVER 42704 if there is none. */
  async unlink(oid: number): Promise<void> {
    checkOid(oid)
    await this.#value('select lo_unlink($1)', oid)
    for (const object of this.#opened) if (object.oid === oid) object.deleted()
  }

  /**
   * Makes one of all that `source` gives, and gives its number. The source is asked for more as the server takes it. If it fails, the object is
   * deleted, and the error is the source's.
   */
  async import(source: LargeObjectSource, oid = 0): Promise<number> {
    const pieces = piecesOf(source)
    const made = await this.create(oid)
    try {
      const object = await this.open(made, 'w')
      let gathered: Uint8Array[] = []
      let bytes = 0
      for (;;) {
        const next = pieces.next()
        const piece = next instanceof Promise ? await next : next
        if (piece !== null) {
          const each = bytesOf(piece)
          gathered.push(each)
          bytes += each.length
        }
        // Many small ones would be a round trip each.
        if (bytes >= PIECE_BYTES || (piece === null && bytes > 0)) {
          await object.write(gathered.length === 1 ? (gathered[0] as Uint8Array) : Buffer.concat(gathered))
          gathered = []
          bytes = 0
        }
        if (piece === null) break
      }
      await object.close()
      return made
    } catch (error) {
      await this.#undo(made)
      await pieces.close()
      throw error
    }
  }

  /** Sends all of it to a Stream, which stays open, and gives how many bytes that were. The stream is waited for, and no more is read than it takes. */
  async export(oid: number, target: Pick<Stream, 'send'>): Promise<number> {
    const object = await this.open(oid, 'r')
    let bytes = 0
    for (;;) {
      const piece = await object.read(PIECE_BYTES)
      if (piece.length === 0) break
      await target.send(piece)
      bytes += piece.length
    }
    await object.close()
    return bytes
  }

  /** If the transaction can still do something: else it goes with that. */
  async #undo(oid: number): Promise<void> {
    try {
      await this.unlink(oid)
    } catch {
      // What failed first is what the caller gets to know.
    }
  }

  async #value(text: string, ...values: readonly unknown[]): Promise<unknown> {
    const [row] = await this.#session.query<unknown[]>(text, values, { rows: 'arrays' })
    return row?.[0]
  }
}

function checkOid(oid: number): void {
  checkInteger('oid', oid, 0, MOST_OID)
}
