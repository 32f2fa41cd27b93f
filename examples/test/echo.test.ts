import { expect, test } from 'vitest'
import { runExample, startExample, withoutDelays } from './example.js'
import { TextClient } from './text-client.js'

const READY = /echo on port (?<port>\d+)/

test('the echo server gives back line by line, and says bye to quit', async () => {
  await using server = await startExample('tutorial/echo-server', READY, '0')
  await using client = await TextClient.connect({ port: server.port })
  client.send('one\r\ntw')
  expect(await client.until('\n')).toBe('one\r\n')
  client.send('o\nquit\n')
  expect(await client.untilEnd()).toBe('two\r\nbye\r\n')
})

test('the echo server lets a client go that is silent for too long', async () => {
  await using server = await startExample('tutorial/echo-server', READY, '0', '300')
  await using client = await TextClient.connect({ port: server.port })
  client.send('a\n')
  await client.until('a\r\n')
  const startedAt = performance.now()
  expect(await client.untilEnd()).toBe('too slow\r\n')
  expect(performance.now() - startedAt).toBeGreaterThan(250)
})

test('a client that hangs up in the middle of a line is no failure of the echo server', async () => {
  await using server = await startExample('tutorial/echo-server', READY, '0')
  await using leaving = await TextClient.connect({ port: server.port })
  leaving.send('half a line')
  leaving.socket.end()
  expect(await leaving.untilEnd()).toBe('')
  await using client = await TextClient.connect({ port: server.port })
  client.send('quit\n')
  expect(await client.untilEnd()).toBe('bye\r\n')
  expect(withoutDelays(server.output())).toBe(`echo on port ${server.port}\n`)
})

test('the echo client has 100 connections answered, and leaves the server without a complaint', async () => {
  await using server = await startExample('tutorial/echo-server', READY, '0')
  const client = await runExample('tutorial/echo-client', String(server.port))
  expect(client.stderr).toBe('')
  expect(client.stdout).toMatch(/^100 connections, 1000 echoes in \d+ ms\n$/)
  expect(client.code).toBe(0)
  expect(withoutDelays(server.output())).toBe(`echo on port ${server.port}\n`)
})

test('the echo client without a server fails with ECONNREFUSED', async () => {
  // Port 1 is tcpmux, which nobody runs.
  const client = await runExample('tutorial/echo-client', '1', '3')
  expect(client.stderr).toContain('ECONNREFUSED')
  expect(client.code).toBe(1)
})
