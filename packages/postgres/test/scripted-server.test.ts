import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { expect, test } from 'vitest'
import { encodeCancelRequest } from '../src/wire/frontend-encode.js'
import { MessageWriter } from '../src/wire/message-writer.js'
import {
  after,
  answerAll,
  column,
  end,
  expectEnd,
  expectMessages,
  letIn,
  PROCESS_ID,
  READY,
  readUntil,
  refusal,
  reset,
  row,
  SECRET_KEY,
  send,
  sendRaw,
  stall,
  startScriptedServer,
} from './scripted-server.js'
import { TinyClient } from './wire/tiny-client.js'

test('a script plays the start-up, an answer, an error and the end', async () => {
  await using server = await startScriptedServer([
    [letIn(), readUntil('sync'), send(refusal('22012')), send(READY), answerAll('one', 'two'), expectEnd],
  ])
  const client = await TinyClient.open(server.port)
  await expect(client.value('select 1/0', 0)).rejects.toMatchObject({ report: { sqlState: '22012' } })
  expect((await client.query('select v')).rows).toHaveLength(2)
  expect((await client.value('select v', 0)).rows).toHaveLength(2)
  await client[Symbol.asyncDispose]()
  await server.finished()
  expect(server.peers[0]?.received.map(({ kind }) => kind)).toEqual(
    'startup parse bind describe execute sync query parse bind describe execute sync'.split(' '),
  )
})

test('a client that does something else than its script is a failure', async () => {
  await using server = await startScriptedServer([[letIn(), expectMessages('query'), end]])
  const client = await TinyClient.open(server.port)
  await expect(client.value('select 1', 0)).rejects.toThrow()
  await expect(server.finished()).rejects.toThrow('the client sent parse, not query')
})

test('any bytes can be sent, in the middle of a start-up too', async () => {
  await using server = await startScriptedServer([[expectMessages('startup'), sendRaw('N\0\0\0\x03'), end]])
  await expect(TinyClient.open(server.port)).rejects.toMatchObject({ code: 'PG_LENGTH' })
})

test('a CancelRequest is kept, and takes no script', async () => {
  await using server = await startScriptedServer([[letIn(), answerAll('x')]])
  const writer = new MessageWriter()
  encodeCancelRequest(writer, PROCESS_ID, SECRET_KEY)
  const socket: Socket = connect(server.port, '127.0.0.1').resume()
  socket.end(writer.take())
  await once(socket, 'end')
  expect(server.cancels).toMatchObject([{ processId: PROCESS_ID, secretKey: SECRET_KEY }])
  const client = await TinyClient.open(server.port)
  expect((await client.query('x')).rows).toHaveLength(1)
  await client[Symbol.asyncDispose]()
})

test('rows of any columns, and what a test decides in between', async () => {
  let goOn = () => {}
  const decided = new Promise<void>((resolve) => {
    goOn = resolve
  })
  await using server = await startScriptedServer([
    [
      letIn({ TimeZone: 'UTC' }),
      expectMessages('query'),
      send({ kind: 'row-description', columns: [column('a'), column('b', { typeOid: 23 })] }),
      after(decided),
      send(row('x', '1'), row(null, '2'), { kind: 'command-complete', tag: 'SELECT 2' }, READY),
    ],
  ])
  const client = await TinyClient.open(server.port)
  const answer = client.query('x')
  goOn()
  expect((await answer).columns).toMatchObject([{ name: 'a' }, { name: 'b', typeOid: 23 }])
  expect((await answer).rows).toHaveLength(2)
  await client[Symbol.asyncDispose]()
})

test('a server that breaks the connection, and one that says nothing more', async () => {
  await using server = await startScriptedServer([
    [letIn(), expectMessages('query'), reset],
    [letIn(), stall],
  ])
  const broken = await TinyClient.open(server.port)
  await expect(broken.query('x')).rejects.toMatchObject({ code: 'ECONNRESET' })
  const silent = await TinyClient.open(server.port)
  const answer = silent.query('x')
  await server.finished()
  await server.close()
  await expect(answer).rejects.toThrow()
})
