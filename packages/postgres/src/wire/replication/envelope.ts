/** What the CopyData of a replication connection holds. PostgreSQL documentation, "Streaming Replication Protocol". */
import { BodyReader } from '../body-reader.js'
import { fail } from '../errors.js'
import { Frontend } from '../message-types.js'
import type { MessageWriter } from '../message-writer.js'
import { EPOCH_MS } from '../types/calendar.js'

const XLOG_DATA = 0x77
const KEEPALIVE = 0x6b
const STANDBY_STATUS = 0x72
const HOT_STANDBY_FEEDBACK = 0x68

export type ReplicationEnvelope =
  | {
      readonly kind: 'data'
      /** Where the data begins in the log. */
      readonly walStart: bigint
      /** Where the server's log ends now. */
      readonly walEnd: bigint
      readonly sentAt: Date
      /** Where the message of the plug-in is: in the bytes that were decoded. */
      readonly from: number
      readonly to: number
    }
  | {
      readonly kind: 'keepalive'
      readonly walEnd: bigint
      readonly sentAt: Date
      /** A status must be sent at once, or the server takes us for dead. */
      readonly isReplyRequested: boolean
    }

/** The body of a CopyData. Nothing is copied: the data is in `bytes`. */
export function decodeEnvelope(bytes: Buffer, from: number, to: number): ReplicationEnvelope {
  const reader = new BodyReader(bytes, from, to)
  const kind = reader.uint8()
  if (kind === XLOG_DATA) {
    const [walStart, walEnd] = [reader.uint64(), reader.uint64()]
    const sentAt = readTime(reader)
    return { kind: 'data', walStart, walEnd, sentAt, from: reader.at, to }
  }
  if (kind !== KEEPALIVE) fail('PG_REPLICATION', `a message of the unknown type ${kind}`, 0)
  const walEnd = reader.uint64()
  const sentAt = readTime(reader)
  const isReplyRequested = reader.uint8() !== 0
  reader.finish()
  return { kind: 'keepalive', walEnd, sentAt, isReplyRequested }
}

/** Microseconds since 2000-01-01. */
export function readTime(reader: BodyReader): Date {
  return new Date(Number(reader.int64() / 1000n) + EPOCH_MS)
}

function writeTime(writer: MessageWriter, time: Date): void {
  writer.int64(BigInt(time.getTime() - EPOCH_MS) * 1000n)
}

export interface StandbyStatus {
  /** Each is the last byte plus one: of what was written, */
  readonly written: bigint
  /** of what will not be lost (the server may forget it), */
  readonly flushed: bigint
  /** of what can be seen. */
  readonly applied: bigint
  readonly isReplyRequested?: boolean | undefined
}

/** A whole CopyData. */
export function encodeStandbyStatus(writer: MessageWriter, status: StandbyStatus, now: Date): void {
  writer.begin(Frontend.copyData)
  writer.uint8(STANDBY_STATUS)
  writer.int64(status.written)
  writer.int64(status.flushed)
  writer.int64(status.applied)
  writeTime(writer, now)
  writer.uint8(status.isReplyRequested === true ? 1 : 0)
  writer.end()
}

/** The oldest transactions that the standby needs; 0 for none. A whole CopyData. */
export function encodeHotStandbyFeedback(
  writer: MessageWriter,
  feedback: {
    readonly xmin: number
    readonly xminEpoch: number
    readonly catalogXmin: number
    readonly catalogXminEpoch: number
  },
  now: Date,
): void {
  writer.begin(Frontend.copyData)
  writer.uint8(HOT_STANDBY_FEEDBACK)
  writeTime(writer, now)
  writer.int32(feedback.xmin)
  writer.int32(feedback.xminEpoch)
  writer.int32(feedback.catalogXmin)
  writer.int32(feedback.catalogXminEpoch)
  writer.end()
}

/** For servers that tests play: a whole CopyData, to be sent by them. */
export function encodeXLogData(
  writer: MessageWriter,
  envelope: {
    readonly walStart: bigint
    readonly walEnd: bigint
    readonly sentAt: Date
    readonly data: Uint8Array
  },
): void {
  writer.begin(Frontend.copyData)
  writer.uint8(XLOG_DATA)
  writer.int64(envelope.walStart)
  writer.int64(envelope.walEnd)
  writeTime(writer, envelope.sentAt)
  writer.put(envelope.data)
  writer.end()
}

export function encodeKeepalive(
  writer: MessageWriter,
  envelope: { readonly walEnd: bigint; readonly sentAt: Date; readonly isReplyRequested: boolean },
): void {
  writer.begin(Frontend.copyData)
  writer.uint8(KEEPALIVE)
  writer.int64(envelope.walEnd)
  writeTime(writer, envelope.sentAt)
  writer.uint8(envelope.isReplyRequested ? 1 : 0)
  writer.end()
}

/** What a client answers with, for servers that tests play. */
export function decodeStandbyStatus(
  bytes: Buffer,
  from: number,
  to: number,
): StandbyStatus & { readonly sentAt: Date } {
  const reader = new BodyReader(bytes, from, to)
  if (reader.uint8() !== STANDBY_STATUS) fail('PG_REPLICATION', 'this is no status', 0)
  const [written, flushed, applied] = [reader.uint64(), reader.uint64(), reader.uint64()]
  const sentAt = readTime(reader)
  const isReplyRequested = reader.uint8() !== 0
  reader.finish()
  return { written, flushed, applied, sentAt, isReplyRequested }
}
