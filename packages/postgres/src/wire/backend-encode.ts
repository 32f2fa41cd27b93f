/** Writes a server's messages: for servers that tests play, and for proxies. */
import type {
  AuthenticationRequest,
  BackendMessage,
  ColumnDescription,
  CopyResponse,
} from './backend-message.js'
import { AuthenticationCode, Backend } from './message-types.js'
import type { MessageWriter } from './message-writer.js'
import { writeReport } from './server-report.js'

/** The types of messages that are nothing else. */
const EMPTY_MESSAGES = {
  'bind-complete': Backend.bindComplete,
  'close-complete': Backend.closeComplete,
  'copy-done': Backend.copyDone,
  'empty-query': Backend.emptyQueryResponse,
  'no-data': Backend.noData,
  'parse-complete': Backend.parseComplete,
  'portal-suspended': Backend.portalSuspended,
} as const

const COPY_RESPONSES = {
  'copy-both': Backend.copyBothResponse,
  'copy-in': Backend.copyInResponse,
  'copy-out': Backend.copyOutResponse,
} as const

const STATUSES = { idle: 0x49, transaction: 0x54, failed: 0x45 } as const

export function encodeBackendMessage(writer: MessageWriter, message: BackendMessage): void {
  switch (message.kind) {
    case 'authentication':
      writer.begin(Backend.authentication)
      writeAuthentication(writer, message.request)
      break
    case 'backend-key-data':
      writer.begin(Backend.backendKeyData)
      writer.int32(message.processId)
      writer.put(message.secretKey)
      break
    case 'command-complete':
      writer.begin(Backend.commandComplete)
      writer.cstring(message.tag, 'a tag')
      break
    case 'copy-both':
    case 'copy-in':
    case 'copy-out':
      writer.begin(COPY_RESPONSES[message.kind])
      writeCopyResponse(writer, message)
      break
    case 'copy-data':
      writer.begin(Backend.copyData)
      writer.put(message.data)
      break
    case 'data-row':
      writer.begin(Backend.dataRow)
      writer.int16(message.values.length)
      for (const value of message.values) writer.countedBytes(value)
      break
    case 'error':
      writer.begin(Backend.errorResponse)
      writeReport(writer, message.report)
      break
    case 'notice':
      writer.begin(Backend.noticeResponse)
      writeReport(writer, message.report)
      break
    case 'function-call':
      writer.begin(Backend.functionCallResponse)
      writer.countedBytes(message.value)
      break
    case 'negotiate-protocol-version':
      writer.begin(Backend.negotiateProtocolVersion)
      writer.int32(0x0003_0000 | message.minorVersion)
      writer.int32(message.unknownOptions.length)
      for (const name of message.unknownOptions) writer.cstring(name, 'an option')
      break
    case 'notification':
      writer.begin(Backend.notificationResponse)
      writer.int32(message.processId)
      writer.cstring(message.channel, 'a channel')
      writer.cstring(message.payload, 'a payload')
      break
    case 'parameter-description':
      writer.begin(Backend.parameterDescription)
      writer.int16(message.typeOids.length)
      for (const oid of message.typeOids) writer.int32(oid)
      break
    case 'parameter-status':
      writer.begin(Backend.parameterStatus)
      writer.cstring(message.name, 'a parameter')
      writer.cstring(message.value, 'a parameter')
      break
    case 'ready-for-query':
      writer.begin(Backend.readyForQuery)
      writer.uint8(STATUSES[message.status])
      break
    case 'row-description':
      writer.begin(Backend.rowDescription)
      writer.int16(message.columns.length)
      for (const column of message.columns) writeColumn(writer, column)
      break
    default:
      writer.begin(EMPTY_MESSAGES[message.kind])
  }
  writer.end()
}

function writeAuthentication(writer: MessageWriter, request: AuthenticationRequest): void {
  switch (request.method) {
    case 'md5-password':
      writer.int32(AuthenticationCode.md5Password)
      writer.put(request.salt)
      return
    case 'sasl':
      writer.int32(AuthenticationCode.sasl)
      for (const name of request.mechanisms) writer.cstring(name, 'a mechanism')
      writer.uint8(0)
      return
    case 'gss-continue':
    case 'sasl-continue':
    case 'sasl-final':
      writer.int32(AUTHENTICATION_DATA[request.method])
      writer.put(request.data)
      return
    default:
      writer.int32(AUTHENTICATION_WORDS[request.method])
  }
}

const AUTHENTICATION_DATA = {
  'gss-continue': AuthenticationCode.gssContinue,
  'sasl-continue': AuthenticationCode.saslContinue,
  'sasl-final': AuthenticationCode.saslFinal,
} as const

const AUTHENTICATION_WORDS = {
  ok: AuthenticationCode.ok,
  'kerberos-v5': AuthenticationCode.kerberosV5,
  'cleartext-password': AuthenticationCode.cleartextPassword,
  gss: AuthenticationCode.gss,
  sspi: AuthenticationCode.sspi,
} as const

function writeColumn(writer: MessageWriter, column: ColumnDescription): void {
  writer.cstring(column.name, 'a column')
  writer.int32(column.tableOid)
  writer.int16(column.attributeNumber)
  writer.int32(column.typeOid)
  writer.int16(column.typeSize)
  writer.int32(column.typeModifier)
  writer.int16(column.format)
}

function writeCopyResponse(writer: MessageWriter, response: CopyResponse): void {
  writer.uint8(response.format)
  writer.int16(response.columnFormats.length)
  for (const format of response.columnFormats) writer.int16(format)
}
