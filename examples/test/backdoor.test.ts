import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { temporaryFolder } from '@shrapnel/test-support'
import { expect, test } from 'vitest'
import { startExample } from './example.js'
import { TextClient } from './text-client.js'

const READY = /telnet 127\.0\.0\.1 (?<port>\d+)/

test('the backdoor shows the state of the running program and who waits, and changes its pace', async () => {
  await using folder = await temporaryFolder()
  const unixPath = join(folder.path, 'door')
  await using program = await startExample('tutorial/backdoor', READY, unixPath)
  await using client = await TextClient.connect({ path: unixPath })
  await client.until('Inside the counting program.')
  client.send('counter.stepMs\n')
  await client.until('1000')
  client.send('coro.whereAll()\n')
  await client.until(/count: sleep \d+ ms more/)
  client.send('counter.stepMs = 1\n')
  // Each answer comes from the program as it is then: at this pace it counts on between one and the next.
  let count = 0
  while (count < 20) {
    client.send('counter.count + " so far"\n')
    const answer = await client.until(/\d+ so far/)
    count = Number(/(\d+) so far$/.exec(answer)?.[1])
  }
  expect(program.output()).not.toContain('failed')
})

test('the backdoor lets in by TCP too, several at once, and SIGINT closes it', async () => {
  await using folder = await temporaryFolder()
  const unixPath = join(folder.path, 'door')
  await using program = await startExample('tutorial/backdoor', READY, unixPath)
  await using byPath = await TextClient.connect({ path: unixPath })
  await using byPort = await TextClient.connect({ port: program.port })
  byPath.send('counter.stepMs = 1234\n')
  await byPath.until('1234')
  byPort.send('counter\r\n')
  await byPort.until('stepMs: 1234')
  process.kill(program.pid, 'SIGINT')
  await Promise.all([byPath.untilEnd(), byPort.untilEnd()])
  await program.stop()
  expect(existsSync(unixPath)).toBe(false)
})
