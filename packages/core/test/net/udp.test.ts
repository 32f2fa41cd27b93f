/** Datagrams. */
import { expectNoDescriptorLeak } from '@shrapnel/test-support'
import { expect, test } from 'vitest'
import { spawn, UdpSocket, withTimeout, yieldSlice } from '../../src/index.js'
import { failureOf, outcomeOf, patterned, turns, untilIn } from './connections.js'

test('a datagram arrives whole, with its sender', async () => {
  using one = new UdpSocket()
  using other = new UdpSocket()
  await one.sendTo('first', '127.0.0.1', other.address.port)
  await one.sendTo('second', '127.0.0.1', other.address.port)
  expect(await other.recvFrom()).toEqual({ data: Buffer.from('first'), from: one.address })
  expect(await other.recvFrom()).toEqual({ data: Buffer.from('second'), from: one.address })
  expect(one.address).toEqual({ address: '127.0.0.1', port: expect.any(Number), family: 'IPv4' })
})

test('senders are told apart', async () => {
  using receiver = new UdpSocket()
  const { port } = receiver.address
  const senders = Array.from({ length: 5 }, () => new UdpSocket())
  for (let round = 0; round < 3; round++) {
    for (const sender of senders) await sender.sendTo(String(sender.address.port), '127.0.0.1', port)
  }
  for (let i = 0; i < 15; i++) {
    const { data, from } = await receiver.recvFrom()
    expect(String(data)).toBe(String(from.port))
  }
  for (const sender of senders) sender.close()
})

test('an empty datagram is a datagram', async () => {
  using one = new UdpSocket()
  using other = new UdpSocket()
  await one.sendTo('', '127.0.0.1', other.address.port)
  expect((await other.recvFrom()).data).toHaveLength(0)
  one.connect('127.0.0.1', other.address.port)
  await one.send(new Uint8Array(0))
  expect((await other.recvFrom()).data).toHaveLength(0)
})

test('IPv6 is chosen by the host or by name of the family', async () => {
  using one = new UdpSocket({ host: '::1' })
  using other = new UdpSocket({ family: 'IPv6' })
  expect(one.address.family).toBe('IPv6')
  await one.sendTo('six', '::1', other.address.port)
  expect(await other.recvFrom()).toEqual({ data: Buffer.from('six'), from: one.address })
})

test('the largest datagram of IPv4 arrives, and one byte more is EMSGSIZE', async () => {
  using one = new UdpSocket()
  using other = new UdpSocket()
  const largest = patterned(65_507)
  await one.sendTo(largest, '127.0.0.1', other.address.port)
  expect((await other.recvFrom()).data.equals(largest)).toBe(true)
  expect(
    await failureOf(() => one.sendTo(Buffer.alloc(65_508), '127.0.0.1', other.address.port)),
  ).toMatchObject({ code: 'EMSGSIZE' })
  expect(
    await failureOf(() => one.sendTo(Buffer.alloc(65_536), '127.0.0.1', other.address.port)),
  ).toMatchObject({ code: 'ERR_OUT_OF_RANGE' })
})

test('a datagram longer than maxDatagramBytes is EMSGSIZE for its own recvFrom alone', async () => {
  using one = new UdpSocket()
  using other = new UdpSocket({ maxDatagramBytes: 4 })
  for (const text of ['four', 'fifth', 'six', 'sevenths', ''])
    await one.sendTo(text, '127.0.0.1', other.address.port)
  expect(String((await other.recvFrom()).data)).toBe('four')
  expect(await failureOf(() => other.recvFrom())).toMatchObject({ code: 'EMSGSIZE', syscall: 'recvfrom' })
  expect(String((await other.recvFrom()).data)).toBe('six')
  expect(await failureOf(() => other.recvFrom())).toMatchObject({ code: 'EMSGSIZE' })
  expect((await other.recvFrom()).data).toHaveLength(0)
})

test('a datagram that is too long fails the wait for it, and the next wait goes on', async () => {
  using one = new UdpSocket()
  using other = new UdpSocket({ maxDatagramBytes: 4 })
  const waiting = spawn(() => other.recvFrom())
  await untilIn(waiting, 'recvFrom')
  await one.sendTo('too long', '127.0.0.1', other.address.port)
  expect(await outcomeOf(waiting)).toMatchObject({ code: 'EMSGSIZE' })
  const again = spawn(() => other.recvFrom())
  await untilIn(again, 'recvFrom')
  await one.sendTo('ok', '127.0.0.1', other.address.port)
  expect(String((await again.join()).data)).toBe('ok')
})

test('a connected socket hears its peer alone, and sends without naming it', async () => {
  using one = new UdpSocket()
  using other = new UdpSocket()
  using stranger = new UdpSocket()
  one.connect('127.0.0.1', other.address.port)
  await stranger.sendTo('stranger', '127.0.0.1', one.address.port)
  await one.send('ping')
  const { from } = await other.recvFrom()
  await other.sendTo('pong', from.address, from.port)
  expect(String((await one.recvFrom()).data)).toBe('pong')
})

test('the refusal of a connected peer is ECONNREFUSED, once, and the socket goes on', async () => {
  using one = new UdpSocket()
  const gone = new UdpSocket()
  const { port } = gone.address
  gone.close()
  one.connect('127.0.0.1', port)
  const waiting = spawn(() => one.recvFrom())
  await untilIn(waiting, 'recvFrom')
  await one.send('anybody?')
  expect(await outcomeOf(waiting)).toMatchObject({ code: 'ECONNREFUSED' })
  using back = new UdpSocket({ port })
  await one.send('again')
  expect(String((await back.recvFrom()).data)).toBe('again')
})

test('a refusal is also reported by the next send', async () => {
  using one = new UdpSocket()
  const gone = new UdpSocket()
  const { port } = gone.address
  gone.close()
  one.connect('127.0.0.1', port)
  await one.send('anybody?')
  expect(await failureOf(() => one.send('hello?'))).toMatchObject({ code: 'ECONNREFUSED' })
})

test('trySend sends at once, reports a refusal, and throws where nothing can be sent', async () => {
  using one = new UdpSocket()
  const other = new UdpSocket()
  const { port } = other.address
  expect(() => one.trySend('to whom?')).toThrow(expect.objectContaining({ code: 'EDESTADDRREQ' }))
  one.connect('127.0.0.1', port)
  expect(one.trySend('now')).toBe(true)
  expect(String((await other.recvFrom()).data)).toBe('now')
  other.close()
  expect(one.trySend('anybody?')).toBe(true)
  expect(() => one.trySend('hello?')).toThrow(expect.objectContaining({ code: 'ECONNREFUSED' }))
  expect(() => one.trySend(5 as never)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }))
  one.close()
  expect(() => one.trySend('late')).toThrow(expect.objectContaining({ code: 'CLOSED' }))
})

test('sending without a peer is EDESTADDRREQ', async () => {
  using one = new UdpSocket()
  expect(await failureOf(() => one.send('to whom?'))).toMatchObject({ code: 'EDESTADDRREQ' })
})

test('broadcast is refused unless asked for', async () => {
  using quiet = new UdpSocket({ host: '0.0.0.0' })
  expect(await failureOf(() => quiet.sendTo('all', '127.255.255.255', 9))).toMatchObject({ code: 'EACCES' })
  using loud = new UdpSocket({ host: '0.0.0.0', broadcast: true })
  expect(loud.getOption('broadcast')).toBe(1)
  await loud.sendTo('all', '127.255.255.255', loud.address.port)
  expect(String((await loud.recvFrom()).data)).toBe('all')
})

test('a port that is taken is EADDRINUSE, an address that is not ours EADDRNOTAVAIL, and neither leaks', async () => {
  using one = new UdpSocket()
  await expectNoDescriptorLeak(() => {
    expect(() => new UdpSocket({ port: one.address.port })).toThrow(
      expect.objectContaining({ code: 'EADDRINUSE', syscall: 'bind' }),
    )
    expect(() => new UdpSocket({ host: '192.0.2.1' })).toThrow(
      expect.objectContaining({ code: 'EADDRNOTAVAIL' }),
    )
  })
})

test('reusePort shares a port', () => {
  using one = new UdpSocket({ reusePort: true })
  using other = new UdpSocket({ reusePort: true, port: one.address.port })
  expect(other.address.port).toBe(one.address.port)
})

test('an address of the other family is an error of the system, not a hang', async () => {
  using four = new UdpSocket()
  const error = await failureOf(() => four.sendTo('x', '::1', 9))
  expect(error).toMatchObject({ syscall: 'write', errno: expect.any(Number) })
  expect(() => four.connect('::1', 9)).toThrow(expect.objectContaining({ syscall: 'connect' }))
})

test('a sender that outruns the receiver loses datagrams and breaks nothing', async () => {
  using one = new UdpSocket()
  using other = new UdpSocket()
  const { port } = other.address
  const block = Buffer.alloc(8192)
  for (let i = 0; i < 500; i++) await one.sendTo(block, '127.0.0.1', port)
  let got = 0
  const receiving = async (): Promise<never> => {
    for (;;) {
      const { data } = await withTimeout(50, () => other.recvFrom())
      expect(data).toHaveLength(8192)
      got++
    }
  }
  expect(await failureOf(receiving)).toMatchObject({ code: 'TIMEOUT' })
  expect(got).toBeGreaterThan(0)
  await one.sendTo('end', '127.0.0.1', port)
  expect(String((await other.recvFrom()).data)).toBe('end')
})

test('interrupting a receiver loses no datagram', async () => {
  using one = new UdpSocket()
  using other = new UdpSocket()
  const waiting = spawn(() => other.recvFrom())
  await untilIn(waiting, 'recvFrom')
  waiting.interrupt()
  await one.sendTo('kept', '127.0.0.1', other.address.port)
  expect(await outcomeOf(waiting)).toMatchObject({ code: 'INTERRUPTED' })
  await turns(3)
  expect(String((await other.recvFrom()).data)).toBe('kept')
})

test('closing ends a wait with CLOSED and a loop without an error', async () => {
  const socket = new UdpSocket()
  const waiting = spawn(() => socket.recvFrom())
  await untilIn(waiting, 'recvFrom')
  expect(waiting.waitingOn).toBe(`recvFrom fd ${socket.fd} 127.0.0.1:${socket.address.port}`)
  socket.close()
  socket.close()
  expect(await outcomeOf(waiting)).toMatchObject({ code: 'CLOSED' })
  expect(await failureOf(() => socket.recvFrom())).toMatchObject({ code: 'CLOSED' })
  expect(await failureOf(() => socket.sendTo('x', '127.0.0.1', 9))).toMatchObject({ code: 'CLOSED' })
  expect(() => socket.address).toThrow(expect.objectContaining({ code: 'CLOSED' }))
  expect(() => socket.connect('127.0.0.1', 9)).toThrow(expect.objectContaining({ code: 'CLOSED' }))
  expect(() => socket.getOption('broadcast')).toThrow(expect.objectContaining({ code: 'CLOSED' }))
  expect(() => socket.setOption('broadcast', true)).toThrow(expect.objectContaining({ code: 'CLOSED' }))

  const looped = new UdpSocket()
  using sender = new UdpSocket()
  const loop = spawn(async () => {
    const texts: string[] = []
    for await (const { data } of looped) texts.push(String(data))
    return texts
  })
  await sender.sendTo('one', '127.0.0.1', looped.address.port)
  await sender.sendTo('two', '127.0.0.1', looped.address.port)
  await untilIn(loop, 'recvFrom')
  looped.close()
  expect(await loop.join()).toEqual(['one', 'two'])
})

test('one coroutine receives while another sends; a second receiver is refused', async () => {
  using one = new UdpSocket()
  const receiving = spawn({ name: 'first' }, () => one.recvFrom())
  await untilIn(receiving, 'recvFrom')
  expect(await outcomeOf(spawn({ name: 'second' }, () => one.recvFrom()))).toMatchObject({
    code: 'SIMULTANEOUS',
  })
  await one.sendTo('to myself', '127.0.0.1', one.address.port)
  expect(String((await receiving.join()).data)).toBe('to myself')
})

test('sending for ever without waiting lets others run', async () => {
  using one = new UdpSocket()
  using other = new UdpSocket()
  let isOver = false
  const spinner = spawn(async () => {
    let sent = 0
    while (!isOver) {
      await one.sendTo('x', '127.0.0.1', other.address.port)
      sent++
    }
    return sent
  })
  for (let i = 0; i < 10; i++) await yieldSlice()
  isOver = true
  expect(await spinner.join()).toBeLessThan(10_000)
})
