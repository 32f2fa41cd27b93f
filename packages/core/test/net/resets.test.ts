/** Connections that break: reset by either side, in the middle of anything, and cancelled half-way. */
import { describe, expect, test } from 'vitest'
import { spawn, withTimeout } from '../../src/index.js'
import {
  drain,
  type Ends,
  failureOf,
  fill,
  MORE_THAN_BUFFERS,
  outcomeOf,
  take,
  tcpPair,
  until,
  untilIn,
} from './connections.js'

const BROKEN_PIPE = ['ECONNRESET', 'EPIPE']

function closeBoth({ client, server }: Ends): void {
  client.close()
  server.close()
}

test('a reset in the middle of a recv is ECONNRESET, once, and then the end', async () => {
  const { client, server } = await tcpPair()
  const receiving = spawn(() => server.recv())
  await untilIn(receiving, 'recv')
  client.reset()
  expect(client.isClosed).toBe(true)
  expect(await outcomeOf(receiving)).toMatchObject({
    code: 'ECONNRESET',
    syscall: 'read',
    errno: expect.any(Number),
  })
  expect(await server.recv()).toHaveLength(0)
  expect(BROKEN_PIPE).toContain(((await failureOf(() => server.send('anybody?'))) as { code: string }).code)
  server.close()
})

test('a reset before anybody receives is told to the first who does', async () => {
  for (const receive of ['recv', 'recvInto'] as const) {
    const { client, server } = await tcpPair()
    client.reset()
    const operation = () => (receive === 'recv' ? server.recv() : server.recvInto(new Uint8Array(8)))
    expect(await failureOf(operation)).toMatchObject({ code: 'ECONNRESET' })
    server.close()
  }
})

test('a reset in the middle of a send is an error of the send, and the process lives', async () => {
  const { client, server } = await tcpPair()
  const sending = spawn(() => client.send(Buffer.alloc(MORE_THAN_BUFFERS)))
  await untilIn(sending, 'send')
  server.reset()
  expect(BROKEN_PIPE).toContain(((await outcomeOf(sending)) as { code: string }).code)
  expect(BROKEN_PIPE).toContain(((await failureOf(() => client.send('more'))) as { code: string }).code)
  expect(BROKEN_PIPE).toContain(((await failureOf(() => client.sendv(['more']))) as { code: string }).code)
  client.close()
})

test('a peer that closes with bytes unread breaks a send in progress', async () => {
  const { client, server } = await tcpPair()
  const sending = spawn(() => client.send(Buffer.alloc(MORE_THAN_BUFFERS)))
  await untilIn(sending, 'send')
  server.close()
  expect(BROKEN_PIPE).toContain(((await outcomeOf(sending)) as { code: string }).code)
  client.close()
})

test('a reset ends a receiver and a sender of the same connection, each with an error of the system', async () => {
  const { client, server } = await tcpPair()
  const receiving = spawn(() => client.recv())
  const sending = spawn(() => client.send(Buffer.alloc(MORE_THAN_BUFFERS)))
  await untilIn(sending, 'send')
  await untilIn(receiving, 'recv')
  server.reset()
  const outcomes = [await outcomeOf(receiving), await outcomeOf(sending)]
  // The kernel tells one of them of the reset; the other finds the connection ended.
  expect(outcomes.some((outcome) => BROKEN_PIPE.includes((outcome as { code: string }).code))).toBe(true)
  expect(BROKEN_PIPE).toContain((outcomes[1] as { code: string }).code)
  client.close()
})

test('bytes that arrived before a reset are not given for more than they are', async () => {
  const { client, server } = await tcpPair()
  await client.send('half a fra')
  await until(() => server.remoteAddress !== undefined)
  client.reset()
  // Linux keeps what arrived; a kernel that drops it is as right. What cannot be is an end instead of the error.
  expect(await failureOf(() => drain(server))).toMatchObject({ code: 'ECONNRESET' })
  server.close()
})

test('resetting twice, and closing what is reset, is nothing', async () => {
  const { client, server } = await tcpPair()
  client.reset()
  client.reset()
  client.close()
  server.close()
  server.reset()
})

test('a peer that never reads makes a send wait; cancelled half-way it breaks the connection, and the peer sees a reset', async () => {
  const { client, server } = await tcpPair()
  const sending = spawn(() => client.send(Buffer.alloc(MORE_THAN_BUFFERS)))
  await untilIn(sending, 'send')
  sending.interrupt()
  expect(await outcomeOf(sending)).toMatchObject({ code: 'INTERRUPTED' })
  expect(client.isClosed).toBe(true)
  for (const operation of [
    () => client.send('x'),
    () => client.sendv(['x']),
    () => client.recv(),
    () => client.shutdown(),
  ]) {
    expect(await failureOf(operation)).toMatchObject({ name: 'ClosedError', code: 'BROKEN' })
  }
  client.close()
  expect(await failureOf(() => drain(server))).toMatchObject({ code: 'ECONNRESET' })
  server.close()
})

test('a send that times out half-way is TIMEOUT for itself and BROKEN for a receiver of the same connection', async () => {
  const { client, server } = await tcpPair()
  const receiving = spawn(() => client.recv())
  await untilIn(receiving, 'recv')
  expect(
    await failureOf(() => withTimeout(10, () => client.send(Buffer.alloc(MORE_THAN_BUFFERS)))),
  ).toMatchObject({ code: 'TIMEOUT' })
  expect(await outcomeOf(receiving)).toMatchObject({ code: 'BROKEN' })
  expect(await failureOf(() => drain(server))).toMatchObject({ code: 'ECONNRESET' })
  server.close()
})

describe.each(['send', 'sendv'] as const)('a %s cancelled before its first byte', (how) => {
  test('leaves the connection as it was', async () => {
    const { client, server } = await tcpPair()
    client.setOption('sendBufferBytes', 1)
    server.setOption('receiveBufferBytes', 1)
    let sent = 'x'.repeat(await fill(client))
    for (;;) {
      const sending = spawn(() => (how === 'send' ? client.send('y') : client.sendv(['', 'y'])))
      await until(() => sending.isDead || sending.waitingOn?.startsWith(how) === true)
      // TCP may have found room after all: the receiver packs what it has when it runs short.
      if (sending.isDead) {
        sent += 'y'
        continue
      }
      sending.interrupt()
      expect(await outcomeOf(sending)).toMatchObject({ code: 'INTERRUPTED' })
      break
    }
    expect(client.isClosed).toBe(false)
    const next = spawn(() => client.send('.'))
    expect(String(await take(server, sent.length + 1))).toBe(`${sent}.`)
    await next.join()
    closeBoth({ client, server })
  })
})

test('closing under a send that has begun is CLOSED, and the peer gets an end behind what was sent', async () => {
  const { client, server } = await tcpPair()
  const sending = spawn(() => client.send(Buffer.alloc(MORE_THAN_BUFFERS)))
  await untilIn(sending, 'send')
  client.close()
  expect(await outcomeOf(sending)).toMatchObject({ code: 'CLOSED' })
  const received = await drain(server)
  expect(received.length).toBeGreaterThan(0)
  expect(received.length).toBeLessThan(MORE_THAN_BUFFERS)
  server.close()
})

test('what was sent before a close still arrives', async () => {
  const { client, server } = await tcpPair()
  await client.send('the end')
  client.close()
  expect(String(await drain(server))).toBe('the end')
  server.close()
})

test('shutting down while somebody sends is refused, and the sender is not disturbed', async () => {
  const { client, server } = await tcpPair()
  const bytes = Buffer.alloc(MORE_THAN_BUFFERS, 1)
  const sending = spawn({ name: 'sender' }, () => client.send(bytes))
  await untilIn(sending, 'send')
  expect(await failureOf(() => client.shutdown())).toMatchObject({ code: 'SIMULTANEOUS' })
  expect((await take(server, bytes.length)).length).toBe(bytes.length)
  await sending.join()
  client.shutdown()
  expect(await server.recv()).toHaveLength(0)
  closeBoth({ client, server })
})

test('shutting down towards a peer that has reset is no error', async () => {
  const { client, server } = await tcpPair()
  server.reset()
  expect(await failureOf(() => client.recv())).toMatchObject({ code: 'ECONNRESET' })
  client.shutdown()
  client.close()
})

test('every operation on a closed socket is CLOSED, it has no addresses, and closing is allowed', async () => {
  const { client, server } = await tcpPair()
  client.close()
  const operations = {
    recv: () => client.recv(),
    recvInto: () => client.recvInto(new Uint8Array(1)),
    recvExact: () => client.recvExact(1),
    send: () => client.send('x'),
    'send of nothing': () => client.send(''),
    sendv: () => client.sendv(['x']),
    'sendv of nothing': () => client.sendv([]),
    sendFile: () => client.sendFile(0),
    shutdown: () => client.shutdown(),
    getOption: () => client.getOption('noDelay'),
    setOption: () => client.setOption('noDelay', true),
  }
  for (const [name, operation] of Object.entries(operations)) {
    expect(await failureOf(operation), name).toMatchObject({ name: 'ClosedError', code: 'CLOSED' })
  }
  expect(client.localAddress).toBeUndefined()
  expect(client.remoteAddress).toBeUndefined()
  client.close()
  client.reset()
  server.close()
})
