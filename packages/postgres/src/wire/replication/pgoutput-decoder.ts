/**
 * Reads pgoutput's messages, versions 1 to 3 of its protocol (4 but for what a parallel abort adds). It keeps what Relation messages say, as
 * the server says it once for each; rows become objects by the same types as results. One decoder for one stream, from its start.
 */
import { BodyReader } from '../body-reader.js'
import { fail, failLimit } from '../errors.js'
import { MAX_COLUMNS, MAX_RELATIONS } from '../limits.js'
import type { Row } from '../rows/row-factory.js'
import { binaryValue, type TypeLookup } from '../types/type-lookup.js'
import { readTime } from './envelope.js'
import { type PgoutputMessage, type Relation, type RelationColumn, UNCHANGED } from './pgoutput-message.js'

const letter = (text: string) => text.charCodeAt(0)
const NEW = letter('N')
const OLD = letter('O')
const KEY = letter('K')
const NULL = letter('n')
const TOAST = letter('u')
const TEXT = letter('t')
const BINARY = letter('b')
const IDENTITIES: Readonly<Record<number, Relation['replicaIdentity']>> = {
  [letter('d')]: 'default',
  [letter('n')]: 'nothing',
  [letter('f')]: 'full',
  [letter('i')]: 'index',
}

export class PgoutputDecoder {
  readonly #types: TypeLookup
  readonly #relations = new Map<number, Relation>()
  /** Between stream-start and stream-stop: messages have the number of their transaction first. */
  #isStreaming = false

  constructor(types: TypeLookup) {
    this.#types = types
  }

  /** One message: the data of an XLogData. Throws PG_REPLICATION, PG_SHORT, PG_TRAILING, PG_FIELD, PG_LIMIT. */
  decode(bytes: Buffer, from: number, to: number): PgoutputMessage {
    const reader = new BodyReader(bytes, from, to)
    const message = this.#read(String.fromCharCode(reader.uint8()), reader)
    reader.finish()
    return message
  }

  #read(type: string, reader: BodyReader): PgoutputMessage {
    switch (type) {
      case 'B':
        return {
          kind: 'begin',
          finalLsn: reader.uint64(),
          committedAt: readTime(reader),
          transactionId: reader.uint32(),
        }
      case 'C':
        checkFlags(reader)
        return {
          kind: 'commit',
          commitLsn: reader.uint64(),
          endLsn: reader.uint64(),
          committedAt: readTime(reader),
        }
      case 'O':
        return { kind: 'origin', commitLsn: reader.uint64(), name: reader.cstring() }
      case 'R':
        return { kind: 'relation', ...this.#transaction(reader), relation: this.#relation(reader) }
      case 'Y':
        return {
          kind: 'type',
          ...this.#transaction(reader),
          oid: reader.uint32(),
          schema: reader.cstring(),
          name: reader.cstring(),
        }
      case 'I':
        return this.#insert(reader)
      case 'U':
        return this.#update(reader)
      case 'D':
        return this.#delete(reader)
      case 'T':
        return this.#truncate(reader)
      case 'M':
        return this.#message(reader)
      default:
        return this.#readStream(type, reader)
    }
  }

  #readStream(type: string, reader: BodyReader): PgoutputMessage {
    switch (type) {
      case 'S':
        if (this.#isStreaming) fail('PG_REPLICATION', 'a stream inside of a stream', 0)
        this.#isStreaming = true
        return { kind: 'stream-start', transactionId: reader.uint32(), isFirst: reader.uint8() === 1 }
      case 'E':
        if (!this.#isStreaming) fail('PG_REPLICATION', 'the end of a stream that has not begun', 0)
        this.#isStreaming = false
        return { kind: 'stream-stop' }
      case 'c': {
        const transactionId = reader.uint32()
        checkFlags(reader)
        const [commitLsn, endLsn] = [reader.uint64(), reader.uint64()]
        return { kind: 'stream-commit', transactionId, commitLsn, endLsn, committedAt: readTime(reader) }
      }
      case 'A':
        return { kind: 'stream-abort', transactionId: reader.uint32(), subtransactionId: reader.uint32() }
      case 'b':
        return readPrepared('begin-prepare', reader)
      case 'P':
        checkFlags(reader)
        return readPrepared('prepare', reader)
      case 'p':
        checkFlags(reader)
        return readPrepared('stream-prepare', reader)
      case 'K':
        checkFlags(reader)
        return {
          kind: 'commit-prepared',
          commitLsn: reader.uint64(),
          endLsn: reader.uint64(),
          committedAt: readTime(reader),
          transactionId: reader.uint32(),
          name: reader.cstring(),
        }
      case 'r':
        checkFlags(reader)
        return {
          kind: 'rollback-prepared',
          preparedEndLsn: reader.uint64(),
          rollbackEndLsn: reader.uint64(),
          preparedAt: readTime(reader),
          rolledBackAt: readTime(reader),
          transactionId: reader.uint32(),
          name: reader.cstring(),
        }
      default:
        return fail('PG_REPLICATION', `a message of the unknown type ${JSON.stringify(type)}`, 0)
    }
  }

  #transaction(reader: BodyReader): { readonly transactionId?: number } {
    return this.#isStreaming ? { transactionId: reader.uint32() } : {}
  }

  #relation(reader: BodyReader): Relation {
    const oid = reader.uint32()
    const schema = reader.cstring()
    const table = reader.cstring()
    const replicaIdentity = IDENTITIES[reader.uint8()]
    if (replicaIdentity === undefined) fail('PG_FIELD', 'an unknown replica identity', reader.offset)
    const count = reader.int16()
    if (count < 0) fail('PG_FIELD', `${count} columns`, reader.offset)
    if (count > MAX_COLUMNS) failLimit('MAX_COLUMNS', MAX_COLUMNS, `${count} columns`, reader.offset)
    const columns: RelationColumn[] = []
    for (let i = 0; i < count; i++)
      columns.push({
        isKey: (reader.uint8() & 1) !== 0,
        name: reader.cstring(),
        typeOid: reader.uint32(),
        typeModifier: reader.int32(),
      })
    // The schema of what is in every database has no name on the wire.
    const relation = { oid, schema: schema === '' ? 'pg_catalog' : schema, table, replicaIdentity, columns }
    if (!this.#relations.has(oid) && this.#relations.size === MAX_RELATIONS)
      failLimit('MAX_RELATIONS', MAX_RELATIONS, 'the tables of a stream')
    this.#relations.set(oid, relation)
    return relation
  }

  #known(reader: BodyReader): Relation {
    const at = reader.offset
    const oid = reader.uint32()
    return (
      this.#relations.get(oid) ??
      fail('PG_REPLICATION', `a change of a table that was not described, ${oid}`, at)
    )
  }

  #insert(reader: BodyReader): PgoutputMessage {
    const transaction = this.#transaction(reader)
    const relation = this.#known(reader)
    expectTuple(reader.uint8(), NEW)
    return { kind: 'insert', ...transaction, relation, row: this.#row(reader, relation) }
  }

  #update(reader: BodyReader): PgoutputMessage {
    const transaction = this.#transaction(reader)
    const relation = this.#known(reader)
    const tuple = reader.uint8()
    const old = tuple === NEW ? {} : this.#oldTuple(tuple, reader, relation)
    if (tuple !== NEW) expectTuple(reader.uint8(), NEW)
    return { kind: 'update', ...transaction, relation, ...old, row: this.#row(reader, relation) }
  }

  #delete(reader: BodyReader): PgoutputMessage {
    const transaction = this.#transaction(reader)
    const relation = this.#known(reader)
    return { kind: 'delete', ...transaction, relation, ...this.#oldTuple(reader.uint8(), reader, relation) }
  }

  #oldTuple(tuple: number, reader: BodyReader, relation: Relation): { oldKey?: Row; oldRow?: Row } {
    if (tuple === OLD) return { oldRow: this.#row(reader, relation) }
    expectTuple(tuple, KEY)
    return { oldKey: this.#row(reader, relation, true) }
  }

  #row(reader: BodyReader, relation: Relation, isKeyOnly = false): Row {
    const count = reader.int16()
    if (count !== relation.columns.length)
      fail('PG_REPLICATION', `a row of ${count} values for ${relation.columns.length} columns`, reader.offset)
    const entries: [string, unknown][] = []
    for (const column of relation.columns) {
      const value = this.#value(reader, column)
      // What is not of the key comes as NULL, and means nothing.
      if (!isKeyOnly || column.isKey) entries.push([column.name, value])
    }
    return Object.fromEntries(entries)
  }

  #value(reader: BodyReader, column: RelationColumn): unknown {
    const kind = reader.uint8()
    if (kind === NULL) return null
    if (kind === TOAST) return UNCHANGED
    if (kind !== TEXT && kind !== BINARY)
      fail('PG_FIELD', `a value of the unknown kind ${kind}`, reader.offset - 1)
    const length = reader.int32()
    const codec = this.#types.get(column.typeOid)
    if (kind === TEXT) return codec.fromText(reader.text(length))
    reader.need(length)
    const value = binaryValue(codec, reader.bytes, reader.at, reader.at + length)
    reader.at += length
    return value
  }

  #truncate(reader: BodyReader): PgoutputMessage {
    const transaction = this.#transaction(reader)
    const count = reader.int32()
    const options = reader.uint8()
    if (count < 0 || count * 4 > reader.left) fail('PG_SHORT', `${count} tables`, reader.offset)
    const relations = Array.from({ length: count }, () => this.#known(reader))
    return {
      kind: 'truncate',
      ...transaction,
      relations,
      isCascade: (options & 1) !== 0,
      restartsIdentity: (options & 2) !== 0,
    }
  }

  #message(reader: BodyReader): PgoutputMessage {
    const transaction = this.#transaction(reader)
    const isTransactional = (reader.uint8() & 1) !== 0
    const lsn = reader.uint64()
    const prefix = reader.cstring()
    const length = reader.int32()
    return { kind: 'message', ...transaction, isTransactional, lsn, prefix, content: reader.copy(length) }
  }
}

function expectTuple(kind: number, expected: number): void {
  if (kind !== expected) fail('PG_FIELD', `a row of the kind ${kind} in place of ${expected}`)
}

/** None are in use. */
function checkFlags(reader: BodyReader): void {
  const flags = reader.uint8()
  if (flags !== 0) fail('PG_FIELD', `the unknown flags ${flags}`, reader.offset - 1)
}

function readPrepared(
  kind: 'begin-prepare' | 'prepare' | 'stream-prepare',
  reader: BodyReader,
): PgoutputMessage {
  return {
    kind,
    prepareLsn: reader.uint64(),
    endLsn: reader.uint64(),
    preparedAt: readTime(reader),
    transactionId: reader.uint32(),
    name: reader.cstring(),
  }
}
