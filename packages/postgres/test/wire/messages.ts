/** One message of each kind, in both directions, and the two codecs as decoders that can be fed. */
import type { Feedable } from '@shrapnel/test-support'
import { decodeBackendMessage } from '../../src/wire/backend-decode.js'
import { encodeBackendMessage } from '../../src/wire/backend-encode.js'
import type { BackendMessage } from '../../src/wire/backend-message.js'
import { decodeFrontendMessage } from '../../src/wire/frontend-decode.js'
import * as write from '../../src/wire/frontend-encode.js'
import type { FrontendMessage } from '../../src/wire/frontend-message.js'
import { MessageCutter } from '../../src/wire/message-cutter.js'
import { MessageWriter } from '../../src/wire/message-writer.js'

const bytes = (text: string) => Buffer.from(text)
const column = { tableOid: 0, attributeNumber: 0, typeSize: -1, typeModifier: -1, format: 0 } as const

export const backendMessages: readonly BackendMessage[] = [
  { kind: 'authentication', request: { method: 'ok' } },
  { kind: 'authentication', request: { method: 'kerberos-v5' } },
  { kind: 'authentication', request: { method: 'cleartext-password' } },
  { kind: 'authentication', request: { method: 'md5-password', salt: bytes('salt') } },
  { kind: 'authentication', request: { method: 'gss' } },
  { kind: 'authentication', request: { method: 'gss-continue', data: bytes('token') } },
  { kind: 'authentication', request: { method: 'sspi' } },
  {
    kind: 'authentication',
    request: { method: 'sasl', mechanisms: ['SCRAM-SHA-256-PLUS', 'SCRAM-SHA-256'] },
  },
  { kind: 'authentication', request: { method: 'sasl-continue', data: bytes('r=1,s=2,i=3') } },
  { kind: 'authentication', request: { method: 'sasl-final', data: bytes('v=x') } },
  { kind: 'backend-key-data', processId: 4711, secretKey: bytes('four') },
  { kind: 'backend-key-data', processId: -1, secretKey: Buffer.alloc(256, 7) },
  { kind: 'bind-complete' },
  { kind: 'close-complete' },
  { kind: 'command-complete', tag: 'INSERT 0 5' },
  { kind: 'copy-both', format: 0, columnFormats: [] },
  { kind: 'copy-in', format: 1, columnFormats: [1, 1] },
  { kind: 'copy-out', format: 0, columnFormats: [0, 0, 0] },
  { kind: 'copy-data', data: bytes('1\tx\n') },
  { kind: 'copy-done' },
  { kind: 'data-row', values: [bytes('one'), null, bytes('')] },
  { kind: 'data-row', values: [] },
  { kind: 'empty-query' },
  {
    kind: 'error',
    report: {
      localizedSeverity: 'FEHLER',
      severity: 'ERROR',
      sqlState: '23505',
      message: 'duplicate key value violates unique constraint "t_pkey"',
      detail: 'Key (id)=(1) already exists.',
      hint: 'h',
      position: 8,
      internalPosition: 9,
      internalQuery: 'select 1',
      where: 'PL/pgSQL function f() line 3',
      schema: 'public',
      table: 't',
      column: 'id',
      dataType: 'integer',
      constraint: 't_pkey',
      file: 'nbtinsert.c',
      line: 671,
      routine: '_bt_check_unique',
      unknown: Object.assign(Object.create(null), { z: 'from the future' }),
    },
  },
  { kind: 'notice', report: { severity: 'NOTICE', sqlState: '00000', message: 'ü' } },
  { kind: 'function-call', value: bytes('result') },
  { kind: 'function-call', value: null },
  { kind: 'negotiate-protocol-version', minorVersion: 0, unknownOptions: ['_pq_.a', '_pq_.b'] },
  { kind: 'no-data' },
  { kind: 'notification', processId: 12, channel: 'news', payload: 'a payload' },
  { kind: 'parameter-description', typeOids: [23, 25, 4_000_000_000] },
  { kind: 'parameter-status', name: 'server_version', value: '15.18' },
  { kind: 'parse-complete' },
  { kind: 'portal-suspended' },
  { kind: 'ready-for-query', status: 'idle' },
  { kind: 'ready-for-query', status: 'transaction' },
  { kind: 'ready-for-query', status: 'failed' },
  {
    kind: 'row-description',
    columns: [
      { ...column, name: 'id', tableOid: 16384, attributeNumber: 1, typeOid: 23, typeSize: 4, format: 1 },
      { ...column, name: '', typeOid: 25 },
    ],
  },
]

export const frontendMessages: readonly FrontendMessage[] = [
  { kind: 'authentication-response', data: bytes('secret\0') },
  {
    kind: 'bind',
    portal: 'p',
    statement: 's',
    parameterFormats: [0, 1],
    parameters: [bytes('x'), null],
    resultFormats: [1],
  },
  { kind: 'close', target: 'statement', name: 's' },
  { kind: 'close', target: 'portal', name: '' },
  { kind: 'describe', target: 'statement', name: 's' },
  { kind: 'describe', target: 'portal', name: 'p' },
  { kind: 'copy-data', data: bytes('1\n') },
  { kind: 'copy-done' },
  { kind: 'copy-fail', reason: 'no more' },
  { kind: 'execute', portal: 'p', maxRows: 100 },
  { kind: 'flush' },
  {
    kind: 'function-call',
    functionOid: 1598,
    argumentFormats: [1],
    arguments: [bytes('a'), null],
    resultFormat: 0,
  },
  { kind: 'parse', statement: 's', text: 'select $1', typeOids: [23, 0] },
  { kind: 'query', text: 'select 1' },
  { kind: 'sync' },
  { kind: 'terminate' },
]

export const startupMessages: readonly FrontendMessage[] = [
  { kind: 'ssl-request' },
  { kind: 'gss-enc-request' },
  {
    kind: 'startup',
    majorVersion: 3,
    minorVersion: 0,
    parameters: new Map([
      ['user', 'ada'],
      ['database', 'app'],
    ]),
  },
  { kind: 'startup', majorVersion: 3, minorVersion: 2, parameters: new Map([['user', 'ada']]) },
  { kind: 'cancel-request', processId: 7, secretKey: bytes('four') },
  { kind: 'cancel-request', processId: 7, secretKey: Buffer.alloc(256, 1) },
]

export function backendBytes(...messages: readonly BackendMessage[]): Buffer {
  const writer = new MessageWriter(16)
  for (const message of messages) encodeBackendMessage(writer, message)
  return writer.take()
}

export function frontendBytes(...messages: readonly FrontendMessage[]): Buffer {
  const writer = new MessageWriter(16)
  for (const message of messages) encodeFrontendMessage(writer, message)
  return writer.take()
}

function encodeFrontendMessage(writer: MessageWriter, message: FrontendMessage): unknown {
  switch (message.kind) {
    case 'startup':
      return write.encodeStartup(writer, message.parameters, message.minorVersion === 2 ? 2 : 0)
    case 'ssl-request':
      return write.encodeSslRequest(writer)
    case 'gss-enc-request':
      return write.encodeGssEncRequest(writer)
    case 'cancel-request':
      return write.encodeCancelRequest(writer, message.processId, message.secretKey)
    case 'authentication-response':
      return write.encodeSaslResponse(writer, message.data)
    case 'bind':
      return write.encodeBind(
        writer,
        message.portal,
        message.statement,
        message.parameterFormats,
        message.parameters,
        message.resultFormats,
      )
    case 'close':
      return write.encodeClose(writer, message.target, message.name)
    case 'describe':
      return write.encodeDescribe(writer, message.target, message.name)
    case 'copy-data':
      return write.encodeCopyData(writer, message.data)
    case 'copy-done':
      return write.encodeCopyDone(writer)
    case 'copy-fail':
      return write.encodeCopyFail(writer, message.reason)
    case 'execute':
      return write.encodeExecute(writer, message.portal, message.maxRows)
    case 'flush':
      return write.encodeFlush(writer)
    case 'function-call':
      return write.encodeFunctionCall(
        writer,
        message.functionOid,
        message.argumentFormats,
        message.arguments,
        message.resultFormat,
      )
    case 'parse':
      return write.encodeParse(writer, message.statement, message.text, message.typeOids)
    case 'query':
      return write.encodeQuery(writer, message.text)
    case 'sync':
      return write.encodeSync(writer)
    case 'terminate':
      return write.encodeTerminate(writer)
  }
}

/** Every message of a server, as the tests of feeding want it. */
export function backendDecoder(maxMessageBytes?: number): Feedable<BackendMessage> {
  return decoder(new MessageCutter({ maxMessageBytes }), decodeBackendMessage)
}

/** Of a client; `typed` is what follows its start-up. */
export function frontendDecoder(phase: 'startup' | 'typed'): Feedable<FrontendMessage> {
  const cutter = new MessageCutter({ side: 'frontend' })
  if (phase === 'typed') {
    cutter.push(frontendBytes(startupMessages[2] as FrontendMessage))
    cutter.next()
  }
  return decoder(cutter, decodeFrontendMessage, phase === 'startup')
}

function decoder<M>(
  cutter: MessageCutter,
  decode: (type: number, bytes: Buffer, from: number, to: number) => M,
  isStartup = false,
): Feedable<M> {
  return {
    push(chunk) {
      const messages: M[] = []
      cutter.push(chunk)
      while (cutter.next()) {
        messages.push(decode(cutter.type, cutter.bytes, cutter.from, cutter.to))
        if (isStartup) cutter.expectStartup()
      }
      return messages
    },
    end: () => cutter.end(),
  }
}
