import { once } from 'node:events'
import { createServer, type Server } from 'node:net'
import { expect, test } from 'vitest'
import { startExample, withoutDelays } from './example.js'
import { TextClient } from './text-client.js'

const LEADS_TO = /port (?<port>\d+) leads to port \d+/

/**
 * A server that answers in capitals. Its port cannot come from the kernel: 9000 above it another one must be
 * free, so that one is above all those that Linux hands out.
 */
async function startCapitals(): Promise<{ server: Server; port: number }> {
  for (let port = 52_000 + Math.floor(Math.random() * 4000); ; port++) {
    const server = createServer((socket) => {
      socket.on('data', (block: Buffer) => socket.write(block.toString('latin1').toUpperCase()))
    })
    server.listen(port, '127.0.0.1')
    const isOurs = once(server, 'listening').then(
      () => true,
      () => false,
    )
    if (await isOurs) return { server, port }
  }
}

test('the proxy listens 9000 ports higher, passes both directions on, and shows them', async () => {
  const { server, port } = await startCapitals()
  await using proxy = await startExample('tutorial/proxy', LEADS_TO, String(port))
  expect(proxy.port).toBe(port + 9000)
  await using client = await TextClient.connect({ port: proxy.port })
  client.send('to be seen by spies\n')
  expect(await client.until('\n')).toBe('TO BE SEEN BY SPIES\n')
  client.socket.end()
  expect(await client.untilEnd()).toBe('')
  server.close()
  await once(server, 'close')
  expect(withoutDelays(proxy.output())).toBe(
    [
      `port ${proxy.port} leads to port ${port}`,
      '1 > 74 6f 20 62 65 20 73 65 65 6e 20 62 79 20 73 70  to be seen by sp',
      '1 > 69 65 73 0a                                      ies.',
      '1 < 54 4f 20 42 45 20 53 45 45 4e 20 42 59 20 53 50  TO BE SEEN BY SP',
      '1 < 49 45 53 0a                                      IES.',
      '1 > end',
      '1 < end',
      '',
    ].join('\n'),
  )
})

test('a reset by the server ends the client of the proxy too', async () => {
  const { server, port } = await startCapitals()
  server.on('connection', (socket) => socket.resetAndDestroy())
  await using proxy = await startExample('tutorial/proxy', LEADS_TO, String(port))
  await using client = await TextClient.connect({ port: proxy.port })
  client.send('x')
  expect(await client.untilEnd()).toBe('')
  server.close()
  await once(server, 'close')
})
