/** What PostgreSQL's own plug-in for logical replication says. PostgreSQL documentation, "Logical Replication Message Formats". */
import type { Row } from '../rows/row-factory.js'

export interface RelationColumn {
  readonly name: string
  readonly typeOid: number
  readonly typeModifier: number
  /** Of the replica identity: what finds the row. */
  readonly isKey: boolean
}

export interface Relation {
  readonly oid: number
  readonly schema: string
  readonly table: string
  readonly replicaIdentity: 'default' | 'nothing' | 'full' | 'index'
  readonly columns: readonly RelationColumn[]
}

/** Of a column that was not changed and is too large to be in the log: its value did not come. */
export const UNCHANGED: unique symbol = Symbol('unchanged')

interface Change {
  readonly relation: Relation
  /** In a transaction that is not over yet (streaming): its number. */
  readonly transactionId?: number
}

export type PgoutputMessage =
  | {
      readonly kind: 'begin'
      /** Of the end of the transaction. */
      readonly finalLsn: bigint
      readonly committedAt: Date
      readonly transactionId: number
    }
  | {
      readonly kind: 'commit'
      readonly commitLsn: bigint
      readonly endLsn: bigint
      readonly committedAt: Date
    }
  | { readonly kind: 'origin'; readonly commitLsn: bigint; readonly name: string }
  | { readonly kind: 'relation'; readonly relation: Relation; readonly transactionId?: number }
  | {
      readonly kind: 'type'
      readonly oid: number
      readonly schema: string
      readonly name: string
      readonly transactionId?: number
    }
  | ({ readonly kind: 'insert'; readonly row: Row } & Change)
  | ({
      readonly kind: 'update'
      readonly row: Row
      /** The key as it was, if it was changed; */
      readonly oldKey?: Row
      /** or all as it was, if the replica identity is full. */
      readonly oldRow?: Row
    } & Change)
  | ({ readonly kind: 'delete'; readonly oldKey?: Row; readonly oldRow?: Row } & Change)
  | {
      readonly kind: 'truncate'
      readonly relations: readonly Relation[]
      readonly isCascade: boolean
      readonly restartsIdentity: boolean
      readonly transactionId?: number
    }
  | {
      readonly kind: 'message'
      readonly isTransactional: boolean
      readonly lsn: bigint
      readonly prefix: string
      readonly content: Buffer
      readonly transactionId?: number
    }
  | { readonly kind: 'stream-start'; readonly transactionId: number; readonly isFirst: boolean }
  | { readonly kind: 'stream-stop' }
  | {
      readonly kind: 'stream-commit'
      readonly transactionId: number
      readonly commitLsn: bigint
      readonly endLsn: bigint
      readonly committedAt: Date
    }
  | { readonly kind: 'stream-abort'; readonly transactionId: number; readonly subtransactionId: number }
  | {
      readonly kind: 'begin-prepare' | 'prepare' | 'stream-prepare'
      readonly prepareLsn: bigint
      readonly endLsn: bigint
      readonly preparedAt: Date
      readonly transactionId: number
      readonly name: string
    }
  | {
      readonly kind: 'commit-prepared'
      readonly commitLsn: bigint
      readonly endLsn: bigint
      readonly committedAt: Date
      readonly transactionId: number
      readonly name: string
    }
  | {
      readonly kind: 'rollback-prepared'
      readonly preparedEndLsn: bigint
      readonly rollbackEndLsn: bigint
      readonly preparedAt: Date
      readonly rolledBackAt: Date
      readonly transactionId: number
      readonly name: string
    }
