/** How a TLS connection ends, and what each side is told. */
import { type Socket, socketPair, spawn, tcp, yieldSlice } from '@shrapnel/core'
import { describe, expect, test } from 'vitest'
import { receiveAll, waiting } from '../../core/test/stream/stream-contract.js'
import { TruncatedStream } from '../src/errors.js'
import { house, secured, TRANSPORTS } from './house.js'

const here = house()

describe.each(TRANSPORTS)('on %s', (_name, connect) => {
  const pair = async () => {
    const below = await connect(here)
    return { below, ends: await secured(below, here) }
  }

  test('a transport that ends without a close_notify is told apart, after the bytes before it', async () => {
    const { below, ends } = await pair()
    await ends[0].send('half of wha')
    await below[0].shutdown()
    expect(String(await ends[1].recv())).toBe('half of wha')
    for (let again = 0; again < 2; again++)
      await expect(async () => ends[1].recv()).rejects.toMatchObject({
        name: 'TruncatedStream',
        code: 'TRUNCATED',
      })
    for (const end of ends) end.close()
  })

  test('end is true when both have said it, and both are closed', async () => {
    const { ends } = await pair()
    await ends[0].send('all')
    const other = spawn(async () => {
      expect(String(await receiveAll(ends[1]))).toBe('all')
      return ends[1].end()
    })
    expect(await ends[0].end()).toBe(true)
    expect(await other.join()).toBe(true)
    expect(ends.map((end) => end.isClosed)).toEqual([true, true])
    expect(await ends[0].end()).toBe(false)
  })

  test('end drops what the peer still sends', async () => {
    const { ends } = await pair()
    const other = spawn(async () => {
      for (let i = 0; i < 50; i++) await ends[1].send(Buffer.alloc(10_000))
      await ends[1].shutdown()
    })
    expect(await ends[0].end()).toBe(true)
    await other.join()
    ends[1].close()
  })

  test('end waits no longer than it was told, and closes', async () => {
    const { ends } = await pair()
    expect(await ends[0].end({ timeoutMs: 5 })).toBe(false)
    expect(ends[0].isClosed).toBe(true)
    expect(await ends[1].recv()).toHaveLength(0)
    ends[1].close()
  })

  test('end is false when the peer goes away without a word', async () => {
    const { below, ends } = await pair()
    const ending = await waiting(() => ends[0].end())
    below[1].close()
    expect(await ending.join()).toBe(false)
  })

  test('an end that is cancelled closes at once', async () => {
    const { ends } = await pair()
    const ending = await waiting(() => ends[0].end())
    ending.interrupt()
    await expect(ending.join()).rejects.toMatchObject({ code: 'INTERRUPTED' })
    expect(ends[0].isClosed).toBe(true)
    ends[1].close()
  })

  test('end is refused while somebody receives, who is not disturbed', async () => {
    const { ends } = await pair()
    const receiver = await waiting(() => ends[0].recv())
    await expect(ends[0].end()).rejects.toMatchObject({ code: 'SIMULTANEOUS' })
    await ends[1].send('for the receiver')
    expect(String(await receiver.join())).toBe('for the receiver')
    ends[0].close()
    ends[1].close()
  })

  test('recvExact leaves what came to the next receive when the rest does not come', async () => {
    const { below, ends } = await pair()
    await ends[0].send('abc')
    const doomed = await waiting(() => ends[1].recvExact(5))
    doomed.interrupt()
    await expect(doomed.join()).rejects.toMatchObject({ code: 'INTERRUPTED' })
    await ends[0].send('de')
    expect(String(await ends[1].recvExact(4))).toBe('abcd')
    await below[0].shutdown()
    await expect(ends[1].recvExact(2)).rejects.toBeInstanceOf(TruncatedStream)
    expect(String(await ends[1].recv())).toBe('e')
    for (const end of ends) end.close()
  })
})

test('close says close_notify also when the coroutine that calls it was cancelled', async () => {
  const [client, server] = await secured(socketPair(), here)
  const session = await waiting(async () => {
    try {
      await server.recv()
    } finally {
      server.close()
    }
  })
  session.shutdown()
  expect(await client.recv()).toHaveLength(0)
  client.close()
})

test('bytes that nobody read do not make the close a reset', async () => {
  const listener = tcp.listen({ port: 0 })
  const socket = await tcp.connect('127.0.0.1', listener.port)
  const [client, server] = await secured([socket, await listener.accept()], here)
  listener.close()
  await client.send('never read')
  await server.send('last words')
  for (let turn = 0; turn < 5; turn++) await yieldSlice()
  server.close()
  expect(String(await receiveAll(client))).toBe('last words')
  client.close()
})

test('what is no TLS is refused, the peer is told so, and everything afterwards fails alike', async () => {
  const [left, right] = socketPair()
  const [client] = await secured([left, right], here)
  // What TLS holds of the transport stays with it: this speaks past it.
  await (right as Socket).send(Buffer.from('1703030005xxxxx', 'latin1'))
  for (let again = 0; again < 2; again++)
    await expect(async () => client.recv()).rejects.toMatchObject({ name: 'TlsError', code: 'TLS_PROTOCOL' })
  await expect(async () => client.send('x')).rejects.toMatchObject({ code: 'TLS_PROTOCOL' })
  const alert = await (right as Socket).recv()
  expect(alert[0]).toBe(0x17)
  client.close()
})
