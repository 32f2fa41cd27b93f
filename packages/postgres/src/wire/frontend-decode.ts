/** Reads a client's messages: for servers that tests play, and for proxies. Throws as backend-decode.ts does. */
import { BodyReader } from './body-reader.js'
import { fail, failLimit } from './errors.js'
import type { FrontendMessage } from './frontend-message.js'
import { MAX_SECRET_KEY_BYTES, MAX_UNKNOWN_OPTIONS, MIN_SECRET_KEY_BYTES } from './limits.js'
import { type Format, Frontend, StartupCode } from './message-types.js'

/** Type 0 is a message of the start-up. */
export function decodeFrontendMessage(
  type: number,
  bytes: Buffer,
  from: number,
  to: number,
): FrontendMessage {
  const reader = new BodyReader(bytes, from, to)
  const message = type === 0 ? readStartup(reader) : readMessage(type, reader)
  reader.finish()
  return message
}

function readStartup(reader: BodyReader): FrontendMessage {
  const code = reader.int32()
  if (code === StartupCode.sslRequest) return { kind: 'ssl-request' }
  if (code === StartupCode.gssEncRequest) return { kind: 'gss-enc-request' }
  if (code === StartupCode.cancelRequest) return readCancel(reader)
  const parameters = new Map<string, string>()
  for (;;) {
    const name = reader.cstring()
    if (name === '') break
    if (parameters.size === MAX_UNKNOWN_OPTIONS)
      failLimit('MAX_UNKNOWN_OPTIONS', MAX_UNKNOWN_OPTIONS, 'the options of a start-up', reader.offset)
    parameters.set(name, reader.cstring())
  }
  return { kind: 'startup', majorVersion: code >>> 16, minorVersion: code & 0xffff, parameters }
}

function readCancel(reader: BodyReader): FrontendMessage {
  const processId = reader.int32()
  const length = reader.left
  if (length < MIN_SECRET_KEY_BYTES) fail('PG_SHORT', `a cancel key of ${length} bytes`, reader.offset)
  if (length > MAX_SECRET_KEY_BYTES)
    failLimit('MAX_SECRET_KEY_BYTES', MAX_SECRET_KEY_BYTES, `a cancel key of ${length} bytes`, reader.offset)
  return { kind: 'cancel-request', processId, secretKey: reader.copy(length) }
}

function readMessage(type: number, reader: BodyReader): FrontendMessage {
  switch (type) {
    case Frontend.authentication:
      return { kind: 'authentication-response', data: reader.copy(reader.left) }
    case Frontend.bind:
      return {
        kind: 'bind',
        portal: reader.cstring(),
        statement: reader.cstring(),
        parameterFormats: readFormats(reader),
        parameters: readValues(reader),
        resultFormats: readFormats(reader),
      }
    case Frontend.close:
      return { kind: 'close', target: readTarget(reader), name: reader.cstring() }
    case Frontend.describe:
      return { kind: 'describe', target: readTarget(reader), name: reader.cstring() }
    case Frontend.copyData:
      return { kind: 'copy-data', data: reader.copy(reader.left) }
    case Frontend.copyDone:
      return { kind: 'copy-done' }
    case Frontend.copyFail:
      return { kind: 'copy-fail', reason: reader.cstring() }
    case Frontend.execute:
      return { kind: 'execute', portal: reader.cstring(), maxRows: reader.int32() }
    case Frontend.flush:
      return { kind: 'flush' }
    case Frontend.functionCall:
      return {
        kind: 'function-call',
        functionOid: reader.uint32(),
        argumentFormats: readFormats(reader),
        arguments: readValues(reader),
        resultFormat: readFormat(reader),
      }
    case Frontend.parse:
      return {
        kind: 'parse',
        statement: reader.cstring(),
        text: reader.cstring(),
        typeOids: Array.from({ length: reader.uint16() }, () => reader.uint32()),
      }
    case Frontend.query:
      return { kind: 'query', text: reader.cstring() }
    case Frontend.sync:
      return { kind: 'sync' }
    case Frontend.terminate:
      return { kind: 'terminate' }
    default:
      return fail('PG_MESSAGE_TYPE', `a message of the unknown type ${type}`, 0)
  }
}

function readTarget(reader: BodyReader): 'statement' | 'portal' {
  const letter = reader.uint8()
  if (letter === 0x53) return 'statement'
  if (letter === 0x50) return 'portal'
  return fail('PG_FIELD', 'neither a statement nor a portal', 0)
}

function readFormat(reader: BodyReader): Format {
  const code = reader.int16()
  if (code === 0 || code === 1) return code
  return fail('PG_FIELD', `a format that is neither text nor binary, ${code}`, reader.offset)
}

function readFormats(reader: BodyReader): Format[] {
  const formats: Format[] = []
  for (let count = reader.uint16(); count > 0; count--) formats.push(readFormat(reader))
  return formats
}

function readValues(reader: BodyReader): (Buffer | null)[] {
  const values: (Buffer | null)[] = []
  for (let count = reader.uint16(); count > 0; count--) {
    const length = reader.int32()
    if (length < -1) fail('PG_FIELD', `a value of ${length} bytes`, reader.offset)
    values.push(length === -1 ? null : reader.copy(length))
  }
  return values
}

/** What an authentication-response holds if a password was asked for. */
export function decodePassword(data: Buffer): string {
  const reader = new BodyReader(data, 0, data.length)
  const password = reader.cstring()
  reader.finish()
  return password
}

/** What an authentication-response holds after `sasl`. */
export function decodeSaslInitialResponse(data: Buffer): { mechanism: string; data: Buffer | null } {
  const reader = new BodyReader(data, 0, data.length)
  const mechanism = reader.cstring()
  const length = reader.int32()
  if (length < -1) fail('PG_FIELD', `a response of ${length} bytes`, reader.offset)
  const response = length === -1 ? null : reader.copy(length)
  reader.finish()
  return { mechanism, data: response }
}
