/** Servers in other threads and processes, as programs have them. */
import { sleep, spawn } from '@shrapnel/core'
import { runProgram, startServer } from '@shrapnel/test-support'
import { expect, test } from 'vitest'
import { createClient } from '../src/index.js'

const program = (name: string): string => new URL(`programs/${name}.mjs`, import.meta.url).pathname

test('a server in a worker thread serves, stops when it is told, and may be terminated', async () => {
  const { code, stdout, stderr } = await runProgram(program('worker-server'), { timeoutMs: 20_000 })
  expect([code, stderr]).toEqual([0, ''])
  expect(stdout.split('\n').slice(0, -1)).toEqual([
    'all answers',
    'cut off 0',
    '200',
    expect.stringMatching(/^(ECONNREFUSED|HTTP_CUT)$/),
  ])
}, 30_000)

test('workers of prefork are replaced and stopped, and no request is lost for it', async () => {
  const server = await startServer({
    command: process.execPath,
    args: [program('prefork-server')],
    ready: { line: /^port (?<port>\d+)$/m },
    readyTimeoutMs: 20_000,
  })
  const url = `http://127.0.0.1:${server.port}/`
  using client = createClient({ maxConnectionsPerOrigin: 4 })
  const pids = new Set<string>()
  let isOver = false
  const askers = Array.from({ length: 4 }, () =>
    spawn(async () => {
      while (!isOver) {
        pids.add(await (await client.get(url)).text())
        await sleep(1)
      }
    }),
  )
  while (pids.size < 1) await sleep(1)
  const first = new Set(pids)
  process.kill(server.pid, 'SIGHUP')
  while (![...pids].some((pid) => !first.has(pid)) || pids.size < first.size + 1) await sleep(1)
  isOver = true
  for (const asker of askers) await asker.join()
  // Their connections are idle, and would stay so for longer than this.
  expect(client.stats[0]?.idle).toBeGreaterThan(0)
  process.kill(server.pid, 'SIGTERM')
  expect(await server.ended(5_000)).toEqual({ code: 0, signal: null })
  await server.stop()
}, 40_000)
