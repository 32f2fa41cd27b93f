/**
 * Reads a server's messages. Each function takes the body that a MessageCutter found; what it returns are values that own their bytes.
 * Throws PG_SHORT, PG_TRAILING, PG_FIELD, PG_LIMIT with the offset in the message.
 */
import type {
  AuthenticationRequest,
  BackendMessage,
  ColumnDescription,
  CommandTag,
  CopyResponse,
  ServerReport,
  TransactionStatus,
} from './backend-message.js'
import { BodyReader } from './body-reader.js'
import { fail, failLimit } from './errors.js'
import { shortText } from './fast-text.js'
import {
  MAX_COLUMNS,
  MAX_SASL_MECHANISMS,
  MAX_SECRET_KEY_BYTES,
  MAX_UNKNOWN_OPTIONS,
  MIN_SECRET_KEY_BYTES,
} from './limits.js'
import { AuthenticationCode, Backend, type Format } from './message-types.js'
import { readReport } from './server-report.js'

export function decodeBackendMessage(type: number, bytes: Buffer, from: number, to: number): BackendMessage {
  const reader = new BodyReader(bytes, from, to)
  const message = readMessage(type, reader)
  reader.finish()
  return message
}

function readMessage(type: number, reader: BodyReader): BackendMessage {
  switch (type) {
    case Backend.authentication:
      return { kind: 'authentication', request: readAuthentication(reader) }
    case Backend.backendKeyData:
      return readKeyData(reader)
    case Backend.bindComplete:
      return { kind: 'bind-complete' }
    case Backend.closeComplete:
      return { kind: 'close-complete' }
    case Backend.commandComplete:
      return { kind: 'command-complete', tag: reader.cstring() }
    case Backend.copyBothResponse:
      return { kind: 'copy-both', ...readCopyResponse(reader) }
    case Backend.copyInResponse:
      return { kind: 'copy-in', ...readCopyResponse(reader) }
    case Backend.copyOutResponse:
      return { kind: 'copy-out', ...readCopyResponse(reader) }
    case Backend.copyData:
      return { kind: 'copy-data', data: reader.copy(reader.left) }
    case Backend.copyDone:
      return { kind: 'copy-done' }
    case Backend.dataRow:
      return { kind: 'data-row', values: readValues(reader) }
    case Backend.emptyQueryResponse:
      return { kind: 'empty-query' }
    case Backend.errorResponse:
      return { kind: 'error', report: readReport(reader) }
    case Backend.functionCallResponse:
      return { kind: 'function-call', value: readValue(reader) }
    case Backend.negotiateProtocolVersion:
      return readNegotiation(reader)
    case Backend.noData:
      return { kind: 'no-data' }
    case Backend.noticeResponse:
      return { kind: 'notice', report: readReport(reader) }
    case Backend.notificationResponse:
      return {
        kind: 'notification',
        processId: reader.int32(),
        channel: reader.cstring(),
        payload: reader.cstring(),
      }
    case Backend.parameterDescription:
      return { kind: 'parameter-description', typeOids: readTypeOids(reader) }
    case Backend.parameterStatus:
      return { kind: 'parameter-status', name: reader.cstring(), value: reader.cstring() }
    case Backend.parseComplete:
      return { kind: 'parse-complete' }
    case Backend.portalSuspended:
      return { kind: 'portal-suspended' }
    case Backend.readyForQuery:
      return { kind: 'ready-for-query', status: readStatus(reader) }
    case Backend.rowDescription:
      return { kind: 'row-description', columns: readColumns(reader, MAX_COLUMNS) }
    default:
      return fail('PG_MESSAGE_TYPE', `a message of the unknown type ${type}`, 0)
  }
}

/** The columns of a RowDescription. `maxColumns` is 1664 by default. */
export function decodeRowDescription(
  bytes: Buffer,
  from: number,
  to: number,
  maxColumns = MAX_COLUMNS,
): readonly ColumnDescription[] {
  const reader = new BodyReader(bytes, from, to)
  const columns = readColumns(reader, maxColumns)
  reader.finish()
  return columns
}

export function decodeParameterDescription(bytes: Buffer, from: number, to: number): readonly number[] {
  const reader = new BodyReader(bytes, from, to)
  const typeOids = readTypeOids(reader)
  reader.finish()
  return typeOids
}

export function decodeServerReport(bytes: Buffer, from: number, to: number): ServerReport {
  return readReport(new BodyReader(bytes, from, to))
}

export function decodeCommandTag(bytes: Buffer, from: number, to: number): CommandTag {
  const end = to - 1
  let at = end
  let rowCount = 0
  for (let unit = 1; at > from && isDigit(bytes[at - 1] as number) && unit < MAX_COUNT; unit *= 10)
    rowCount += ((bytes[--at] as number) - ZERO) * unit
  // One word, SELECT and the like, and a number: nearly all.
  if (at < end && at - 1 > from && bytes[at - 1] === SPACE && bytes[end] === 0) {
    const word = shortText(bytes, from, at - 1)
    if (ONE_WORD.has(word)) return { command: word, rowCount }
  }
  const reader = new BodyReader(bytes, from, to)
  const tag = reader.cstring()
  reader.finish()
  return parseCommandTag(tag)
}

const ONE_WORD: ReadonlySet<string> = new Set([
  'SELECT',
  'UPDATE',
  'DELETE',
  'MERGE',
  'FETCH',
  'MOVE',
  'COPY',
])
const SPACE = 0x20
const ZERO = 0x30
const MAX_COUNT = 1e15

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= ZERO + 9
}

/** `INSERT 0 5` has an OID before its count, `SELECT 5` has none, `CREATE TABLE` has neither. */
export function parseCommandTag(tag: string): CommandTag {
  const words = tag.split(' ')
  const last = words.at(-1) as string
  const hasCount = words.length > 1 && /^[0-9]+$/.test(last)
  while (words.length > 1 && /^[0-9]+$/.test(words.at(-1) as string)) words.pop()
  return { command: words.join(' '), rowCount: hasCount ? Number(last) : undefined }
}

/** The status of a ReadyForQuery, which comes after each query. */
export function decodeStatus(bytes: Buffer, from: number, to: number): TransactionStatus {
  const reader = new BodyReader(bytes, from, to)
  const status = readStatus(reader)
  reader.finish()
  return status
}

function readStatus(reader: BodyReader): TransactionStatus {
  switch (reader.uint8()) {
    case 0x49:
      return 'idle'
    case 0x54:
      return 'transaction'
    case 0x45:
      return 'failed'
    default:
      return fail('PG_FIELD', 'a transaction status that is none of I, T, E', 0)
  }
}

function readAuthentication(reader: BodyReader): AuthenticationRequest {
  const code = reader.int32()
  switch (code) {
    case AuthenticationCode.ok:
      return { method: 'ok' }
    case AuthenticationCode.kerberosV5:
      return { method: 'kerberos-v5' }
    case AuthenticationCode.cleartextPassword:
      return { method: 'cleartext-password' }
    case AuthenticationCode.md5Password:
      return { method: 'md5-password', salt: reader.copy(4) }
    case AuthenticationCode.gss:
      return { method: 'gss' }
    case AuthenticationCode.gssContinue:
      return { method: 'gss-continue', data: reader.copy(reader.left) }
    case AuthenticationCode.sspi:
      return { method: 'sspi' }
    case AuthenticationCode.sasl:
      return { method: 'sasl', mechanisms: readMechanisms(reader) }
    case AuthenticationCode.saslContinue:
      return { method: 'sasl-continue', data: reader.copy(reader.left) }
    case AuthenticationCode.saslFinal:
      return { method: 'sasl-final', data: reader.copy(reader.left) }
    default:
      return fail('PG_FIELD', `an unknown way of authentication, ${code}`, 0)
  }
}

function readMechanisms(reader: BodyReader): string[] {
  const mechanisms: string[] = []
  for (;;) {
    const name = reader.cstring()
    if (name === '') return mechanisms
    if (mechanisms.length === MAX_SASL_MECHANISMS)
      failLimit('MAX_SASL_MECHANISMS', MAX_SASL_MECHANISMS, 'what SASL offers', reader.offset)
    mechanisms.push(name)
  }
}

function readKeyData(reader: BodyReader): BackendMessage {
  const processId = reader.int32()
  const length = reader.left
  if (length < MIN_SECRET_KEY_BYTES) fail('PG_SHORT', `a cancel key of ${length} bytes`, reader.offset)
  if (length > MAX_SECRET_KEY_BYTES)
    failLimit('MAX_SECRET_KEY_BYTES', MAX_SECRET_KEY_BYTES, `a cancel key of ${length} bytes`, reader.offset)
  return { kind: 'backend-key-data', processId, secretKey: reader.copy(length) }
}

function readNegotiation(reader: BodyReader): BackendMessage {
  const version = reader.int32()
  const count = reader.int32()
  if (count < 0) fail('PG_FIELD', `${count} options that the server does not know`, 4)
  if (count > MAX_UNKNOWN_OPTIONS)
    failLimit('MAX_UNKNOWN_OPTIONS', MAX_UNKNOWN_OPTIONS, `${count} options that the server does not know`, 4)
  const unknownOptions: string[] = []
  for (let i = 0; i < count; i++) unknownOptions.push(reader.cstring())
  return { kind: 'negotiate-protocol-version', minorVersion: version & 0xffff, unknownOptions }
}

function readColumns(reader: BodyReader, maxColumns: number): ColumnDescription[] {
  const count = reader.int16()
  if (count < 0) fail('PG_FIELD', `${count} columns`, 0)
  if (count > maxColumns) failLimit('maxColumns', maxColumns, `${count} columns`, 0)
  const columns: ColumnDescription[] = []
  for (let i = 0; i < count; i++)
    columns.push({
      name: reader.cstring(),
      tableOid: reader.uint32(),
      attributeNumber: reader.int16(),
      typeOid: reader.uint32(),
      typeSize: reader.int16(),
      typeModifier: reader.int32(),
      format: readFormat(reader.int16(), reader),
    })
  return columns
}

function readFormat(code: number, reader: BodyReader): Format {
  if (code === 0 || code === 1) return code
  return fail('PG_FIELD', `a format that is neither text nor binary, ${code}`, reader.offset)
}

function readTypeOids(reader: BodyReader): number[] {
  // PostgreSQL counts to 65535 in these two bytes, whatever their sign is said to be.
  const count = reader.uint16()
  const typeOids: number[] = []
  for (let i = 0; i < count; i++) typeOids.push(reader.uint32())
  return typeOids
}

function readCopyResponse(reader: BodyReader): CopyResponse {
  const format = readFormat(reader.uint8(), reader)
  const count = reader.int16()
  if (count < 0) fail('PG_FIELD', `${count} columns`, 1)
  if (count > MAX_COLUMNS) failLimit('MAX_COLUMNS', MAX_COLUMNS, `${count} columns`, 1)
  const columnFormats: Format[] = []
  for (let i = 0; i < count; i++) columnFormats.push(readFormat(reader.int16(), reader))
  return { format, columnFormats }
}

function readValue(reader: BodyReader): Buffer | null {
  const at = reader.offset
  const length = reader.int32()
  if (length === -1) return null
  if (length < 0) fail('PG_FIELD', `a value of ${length} bytes`, at)
  return reader.copy(length)
}

function readValues(reader: BodyReader): (Buffer | null)[] {
  const count = reader.int16()
  if (count < 0) fail('PG_FIELD', `${count} columns`, 0)
  const values: (Buffer | null)[] = []
  for (let i = 0; i < count; i++) values.push(readValue(reader))
  return values
}
