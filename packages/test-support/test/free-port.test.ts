import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { expect, test } from 'vitest'
import { freePort } from '../src/free-port.js'

test('a free port can be listened on', async () => {
  const port = await freePort()
  const server = createServer().listen(port, '127.0.0.1')
  await once(server, 'listening')
  expect(server.address()).toMatchObject({ port })
  server.close()
})

test('a port that is free for UDP too can be bound by both', async () => {
  const port = await freePort({ alsoUdp: true })
  const server = createServer().listen(port, '127.0.0.1')
  const socket = createSocket('udp4').bind(port, '127.0.0.1')
  await Promise.all([once(server, 'listening'), once(socket, 'listening')])
  expect(socket.address().port).toBe(port)
  server.close()
  socket.close()
})
