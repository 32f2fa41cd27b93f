/**
 * Writes a client's messages, each at the end of a MessageWriter. Text with a NUL in it is refused (PG_PARAMETER) before anything of the
 * message is there. The values of a Bind come already as bytes; src/wire/types/parameters.ts writes one from JavaScript's values.
 */
import { fail, failLimit } from './errors.js'
import { MAX_PARAMETERS, MAX_SECRET_KEY_BYTES, MIN_SECRET_KEY_BYTES } from './limits.js'
import { type Format, Frontend, StartupCode } from './message-types.js'
import type { MessageWriter } from './message-writer.js'

const STATEMENT = 0x53
const PORTAL = 0x50

/** `parameters`: `user` and `database` first of all. Minor version 2 asks for long cancel keys (PostgreSQL 18); older servers negotiate. */
export function encodeStartup(
  writer: MessageWriter,
  parameters: Iterable<readonly [string, string]>,
  minorVersion: 0 | 2 = 0,
): void {
  writer.begin(0)
  writer.int32(minorVersion === 2 ? StartupCode.protocol32 : StartupCode.protocol30)
  for (const [name, value] of parameters) {
    if (name === '') {
      writer.abandon()
      fail('PG_PARAMETER', 'an option of the start-up without a name')
    }
    writer.cstring(name, 'the name of an option')
    writer.cstring(value, `the option ${name}`)
  }
  writer.uint8(0)
  writer.end()
}

/** Answered by a single byte, `S` or `N`: decodeEncryptionAnswer. */
export function encodeSslRequest(writer: MessageWriter): void {
  writer.begin(0)
  writer.int32(StartupCode.sslRequest)
  writer.end()
}

/** Answered by a single byte, `G` or `N`. */
export function encodeGssEncRequest(writer: MessageWriter): void {
  writer.begin(0)
  writer.int32(StartupCode.gssEncRequest)
  writer.end()
}

/** On a connection of its own, as the only message. The server answers nothing and closes. */
export function encodeCancelRequest(writer: MessageWriter, processId: number, secretKey: Uint8Array): void {
  const { length } = secretKey
  if (length < MIN_SECRET_KEY_BYTES || length > MAX_SECRET_KEY_BYTES)
    fail('PG_PARAMETER', `a cancel key of ${length} bytes`)
  writer.begin(0)
  writer.int32(StartupCode.cancelRequest)
  writer.int32(processId)
  writer.put(secretKey)
  writer.end()
}

/** In clear text, or what md5Response made of it. */
export function encodePassword(writer: MessageWriter, password: string): void {
  writer.begin(Frontend.authentication)
  writer.cstring(password, 'the password')
  writer.end()
}

export function encodeSaslInitialResponse(
  writer: MessageWriter,
  mechanism: string,
  data: Uint8Array | null,
): void {
  writer.begin(Frontend.authentication)
  writer.cstring(mechanism, 'the mechanism')
  writer.countedBytes(data)
  writer.end()
}

export function encodeSaslResponse(writer: MessageWriter, data: Uint8Array): void {
  writer.begin(Frontend.authentication)
  writer.put(data)
  writer.end()
}

export function encodeQuery(writer: MessageWriter, text: string): void {
  writer.begin(Frontend.query)
  writer.cstring(text, 'the query')
  writer.end()
}

/** A type of 0 is for the server to find out. */
export function encodeParse(
  writer: MessageWriter,
  statement: string,
  text: string,
  typeOids: readonly number[] = NONE,
): void {
  checkParameterCount(typeOids.length)
  writer.begin(Frontend.parse)
  writer.cstring(statement, 'the name of a statement')
  writer.cstring(text, 'the query')
  writer.int16(typeOids.length)
  for (const oid of typeOids) writer.int32(oid)
  writer.end()
}

/** No format is text for all, a single one is for all. */
export function encodeBind(
  writer: MessageWriter,
  portal: string,
  statement: string,
  parameterFormats: readonly Format[],
  parameters: readonly (Uint8Array | null)[],
  resultFormats: readonly Format[],
): void {
  checkParameterCount(parameters.length)
  writer.begin(Frontend.bind)
  writer.cstring(portal, 'the name of a portal')
  writer.cstring(statement, 'the name of a statement')
  writeFormats(writer, parameterFormats)
  writer.int16(parameters.length)
  for (const value of parameters) writer.countedBytes(value)
  writeFormats(writer, resultFormats)
  writer.end()
}

export function writeFormats(writer: MessageWriter, formats: readonly Format[]): void {
  writer.int16(formats.length)
  for (let i = 0; i < formats.length; i++) writer.int16(formats[i] as number)
}

export function checkParameterCount(count: number): void {
  if (count > MAX_PARAMETERS) failLimit('MAX_PARAMETERS', MAX_PARAMETERS, `${count} parameters`)
}

export function encodeDescribe(writer: MessageWriter, target: 'statement' | 'portal', name: string): void {
  writeTarget(writer, Frontend.describe, target, name)
}

export function encodeClose(writer: MessageWriter, target: 'statement' | 'portal', name: string): void {
  writeTarget(writer, Frontend.close, target, name)
}

function writeTarget(
  writer: MessageWriter,
  type: number,
  target: 'statement' | 'portal',
  name: string,
): void {
  writer.begin(type)
  writer.uint8(target === 'statement' ? STATEMENT : PORTAL)
  writer.cstring(name, `the name of a ${target}`)
  writer.end()
}

/** `maxRows` 0 is all of them. */
export function encodeExecute(writer: MessageWriter, portal: string, maxRows = 0): void {
  writer.begin(Frontend.execute)
  writer.cstring(portal, 'the name of a portal')
  writer.int32(maxRows)
  writer.end()
}

export function encodeSync(writer: MessageWriter): void {
  writer.begin(Frontend.sync)
  writer.end()
}

export function encodeFlush(writer: MessageWriter): void {
  writer.begin(Frontend.flush)
  writer.end()
}

export function encodeTerminate(writer: MessageWriter): void {
  writer.begin(Frontend.terminate)
  writer.end()
}

export function encodeCopyData(writer: MessageWriter, data: Uint8Array): void {
  writer.begin(Frontend.copyData)
  writer.put(data)
  writer.end()
}

export function encodeCopyDone(writer: MessageWriter): void {
  writer.begin(Frontend.copyDone)
  writer.end()
}

/** The reason is in the error that the server answers with. */
export function encodeCopyFail(writer: MessageWriter, reason: string): void {
  writer.begin(Frontend.copyFail)
  writer.cstring(reason, 'the reason')
  writer.end()
}

export function encodeFunctionCall(
  writer: MessageWriter,
  functionOid: number,
  argumentFormats: readonly Format[],
  values: readonly (Uint8Array | null)[],
  resultFormat: Format,
): void {
  writer.begin(Frontend.functionCall)
  writer.int32(functionOid)
  writeFormats(writer, argumentFormats)
  writer.int16(values.length)
  for (const value of values) writer.countedBytes(value)
  writer.int16(resultFormat)
  writer.end()
}

const NONE: readonly number[] = []
