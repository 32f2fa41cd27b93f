/** Listening and accepting. */
import { expectNoDescriptorLeak, runProgram } from '@shrapnel/test-support'
import { expect, test } from 'vitest'
import { all, type Socket, sleep, spawn, tcp, withTimeout } from '../../src/index.js'
import { drain, failureOf, outcomeOf, pairOver, until, untilIn } from './connections.js'

test("port 0 is a port of the kernel's choice, and the listener says which", () => {
  using listener = tcp.listen({ port: 0 })
  expect(listener.port).toBeGreaterThan(0)
  expect(listener.address).toEqual({ address: '127.0.0.1', port: listener.port, family: 'IPv4' })
})

test('a port that is taken is EADDRINUSE with address and port, and free again after close', async () => {
  const listener = tcp.listen({ port: 0 })
  const { port } = listener
  expect(() => tcp.listen({ port })).toThrow(
    expect.objectContaining({ code: 'EADDRINUSE', syscall: 'bind', address: '127.0.0.1', port }),
  )
  const { client, server } = await pairOver(listener, () => tcp.connect('127.0.0.1', port))
  listener.close()
  // A connection of the old listener does not keep the port from the new one.
  tcp.listen({ port }).close()
  server.close()
  client.close()
  tcp.listen({ port }).close()
})

test('an address that is not ours is EADDRNOTAVAIL', () => {
  expect(() => tcp.listen({ port: 0, host: '192.0.2.1' })).toThrow(
    expect.objectContaining({ code: 'EADDRNOTAVAIL', address: '192.0.2.1' }),
  )
})

test('what one may not open is EACCES', async () => {
  const { stdout, stderr, code } = await runProgram(
    new URL('../programs/listens-where-forbidden.mjs', import.meta.url),
  )
  expect({ stdout, stderr, code }).toEqual({ stdout: 'EACCES bind\nEACCES connect\n', stderr: '', code: 0 })
})

test.each([
  '',
  'example.com',
  '1.2.3',
  '1.2.3.4.5',
  '256.1.1.1',
  '::g',
  '127.0.0.1 ',
  '[::1]',
  '127.0.0.1:80',
  '127.0.0.1\0',
  '::1\0',
  '127.0.0.1%lo',
])('a host that is no address is refused: %j', (host) => {
  expect(() => tcp.listen({ port: 0, host })).toThrow(expect.objectContaining({ code: 'ERR_OUT_OF_RANGE' }))
})

test.each(['::1%', '::1%nosuchzone', '::1%lo\0'])('a zone that does not exist is an error: %j', (host) => {
  expect(() => tcp.listen({ port: 0, host })).toThrow(
    expect.objectContaining({ code: expect.stringMatching(/^(ENODEV|ERR_OUT_OF_RANGE)$/) }),
  )
})

test('a listener that cannot be opened leaves no descriptor', async () => {
  using taken = tcp.listen({ port: 0 })
  await expectNoDescriptorLeak(() => {
    for (const options of [
      { port: taken.port },
      { port: 0, host: '192.0.2.1' },
      { port: 0, host: 'x' },
      { port: 0, backlog: 0 },
    ]) {
      expect(() => tcp.listen(options)).toThrow()
    }
  })
})

test('reusePort lets several listen on one port', async () => {
  using one = tcp.listen({ port: 0, reusePort: true })
  using other = tcp.listen({ port: one.port, reusePort: true })
  expect(other.port).toBe(one.port)
  expect(() => tcp.listen({ port: one.port })).toThrow(expect.objectContaining({ code: 'EADDRINUSE' }))
})

test('connections come in the order in which they were made', async () => {
  using listener = tcp.listen({ port: 0 })
  const clients: Socket[] = []
  for (let i = 0; i < 20; i++) clients.push(await tcp.connect('127.0.0.1', listener.port))
  for (const client of clients) {
    const server = await listener.accept()
    expect(server.remoteAddress).toEqual(client.localAddress)
    server.close()
    client.close()
  }
})

test('a client that is gone before it is accepted does not stop the next', async () => {
  using listener = tcp.listen({ port: 0 })
  const gone = await tcp.connect('127.0.0.1', listener.port)
  gone.reset()
  const ended = await tcp.connect('127.0.0.1', listener.port)
  await ended.send('bye')
  ended.close()
  const late = await tcp.connect('127.0.0.1', listener.port)
  await late.send('hello')
  const heard: string[] = []
  while (!heard.includes('hello')) {
    const server = await listener.accept()
    const block = await outcomeOf(spawn(() => server.recv()))
    heard.push(block instanceof Error ? ((block as { code?: string }).code ?? '') : String(block))
    server.close()
  }
  expect(heard).toContain('bye')
  late.close()
})

test('a loop over a listener ends without an error when it is closed', async () => {
  const listener = tcp.listen({ port: 0 })
  const { port } = listener
  let served = 0
  const loop = spawn(async () => {
    for await (const connection of listener) {
      connection.close()
      served++
    }
    return served
  })
  for (let i = 0; i < 3; i++) expect(await drain(await tcp.connect('127.0.0.1', port))).toHaveLength(0)
  await untilIn(loop, 'accept')
  listener.close()
  expect(await loop.join()).toBe(3)
  expect(await failureOf(() => listener.accept())).toMatchObject({ code: 'CLOSED' })
  expect(listener.address).toMatchObject({ address: '127.0.0.1', family: 'IPv4' })
  expect(await failureOf(() => tcp.connect('127.0.0.1', port))).toMatchObject({ code: 'ECONNREFUSED' })
  for await (const _ of listener) throw new Error('a closed listener gave a connection')
})

test('serve gives each connection a coroutine of its own and closes it when that ends, however it ends', async () => {
  const listener = tcp.listen({ port: 0 })
  async function session(connection: Socket): Promise<void> {
    for (;;) {
      const block = await connection.recv()
      if (block.length === 0) return
      if (String(block) === 'fail') throw new Error('as asked')
      await connection.send(block)
    }
  }
  const serving = spawn(() => listener.serve(session))
  const clients: Socket[] = []
  for (let i = 0; i < 10; i++) clients.push(await tcp.connect('127.0.0.1', listener.port))
  for (const [i, client] of clients.entries()) {
    await client.send(`hello ${i}`)
    expect(String(await client.recv())).toBe(`hello ${i}`)
  }
  const sessions = all().filter(({ name }) => name === 'session')
  expect(sessions).toHaveLength(10)
  // Joined, so that its error is nobody's surprise.
  const outcomes = sessions.map((coroutine) => spawn(() => outcomeOf(coroutine)))
  await (clients[0] as Socket).send('fail')
  expect(await (clients[0] as Socket).recv()).toHaveLength(0)
  listener.close()
  await serving.join()
  // Sessions outlive their listener.
  await (clients[1] as Socket).send('still')
  expect(String(await (clients[1] as Socket).recv())).toBe('still')
  for (const client of clients) client.close()
  await until(() => all().length === 0)
  expect(await (outcomes[0] as (typeof outcomes)[number]).join()).toMatchObject({ message: 'as asked' })
})

test('interrupting whoever serves leaves the listener open', async () => {
  using listener = tcp.listen({ port: 0 })
  const serving = spawn(() => listener.serve(() => {}))
  await untilIn(serving, 'accept')
  serving.interrupt()
  expect(await outcomeOf(serving)).toMatchObject({ code: 'INTERRUPTED' })
  const { client, server } = await pairOver(listener, () => tcp.connect('127.0.0.1', listener.port))
  client.close()
  server.close()
})

test('cancelling an accept loses no connection', async () => {
  using listener = tcp.listen({ port: 0 })
  const clients: Socket[] = []
  let accepted = 0
  for (let round = 0; round < 50; round++) {
    clients.push(await tcp.connect('127.0.0.1', listener.port))
    const accepting = spawn(() => listener.accept())
    for (let i = 0; i < round % 4; i++) await sleep(0)
    accepting.interrupt()
    const outcome = await outcomeOf(accepting)
    if (outcome instanceof Error) continue
    accepted++
    ;(outcome as Socket).close()
  }
  while (accepted < clients.length) {
    const socket = await withTimeout(2000, () => listener.accept())
    socket.close()
    accepted++
  }
  for (const client of clients) client.close()
})
