/** The smallest way in: a server that trusts everybody, without TLS. How connections are opened for programs is tested elsewhere. */
import { type Stream, tcp, unix, withTimeout } from '@shrapnel/core'
import { PostgresConnection } from '../../src/connection/connection.js'
import type { OpenedBackend } from '../../src/connection/opened-backend.js'
import type { QuerySettings } from '../../src/connection/settings.js'
import { decodeBackendMessage } from '../../src/wire/backend-decode.js'
import type { TransactionStatus } from '../../src/wire/backend-message.js'
import { encodeCancelRequest, encodeStartup } from '../../src/wire/frontend-encode.js'
import { MessageCutter } from '../../src/wire/message-cutter.js'
import { MessageWriter } from '../../src/wire/message-writer.js'

export type Where = { readonly port: number } | { readonly socketPath: string }

function reach(where: Where): Promise<Stream> {
  return Promise.resolve(
    'port' in where ? tcp.connect('127.0.0.1', where.port) : unix.connect(where.socketPath),
  )
}

export async function openTrusting(where: Where): Promise<OpenedBackend> {
  const stream = await reach(where)
  return await logIn(stream, async (processId, secretKey) => {
    const canceller = await reach(where)
    try {
      const writer = new MessageWriter()
      encodeCancelRequest(writer, processId, secretKey)
      await canceller.send(writer.take())
      await canceller.recv()
    } finally {
      canceller.close()
    }
  })
}

async function logIn(
  stream: Stream,
  cancel: (processId: number, secretKey: Buffer) => Promise<void>,
): Promise<OpenedBackend> {
  const writer = new MessageWriter()
  encodeStartup(writer, [
    ['user', 'postgres'],
    ['database', 'postgres'],
    ['client_encoding', 'UTF8'],
  ])
  await stream.send(writer.take())
  const cutter = new MessageCutter()
  const parameters = new Map<string, string>()
  let processId = 0
  let secretKey: Buffer = Buffer.alloc(4)
  let status: TransactionStatus | undefined
  while (status === undefined) {
    if (!cutter.next()) {
      const bytes = await stream.recv()
      if (bytes.length === 0) throw new Error('the server closed')
      cutter.push(bytes)
      continue
    }
    const message = decodeBackendMessage(cutter.type, cutter.bytes, cutter.from, cutter.to)
    if (message.kind === 'error') throw new Error(message.report.message)
    if (message.kind === 'parameter-status') parameters.set(message.name, message.value)
    if (message.kind === 'backend-key-data') ({ processId, secretKey } = message)
    if (message.kind === 'ready-for-query') status = message.status
  }
  const requestCancel = () => withTimeout(5_000, () => cancel(processId, secretKey))
  return {
    stream,
    cutter,
    parameters,
    processId,
    secretKey,
    status,
    minorVersion: 0,
    target: 'test/postgres',
    requestCancel,
  }
}

export async function connectTrusting(
  where: Where,
  settings: QuerySettings = {},
): Promise<PostgresConnection> {
  return new PostgresConnection(await openTrusting(where), settings)
}
