/** What goes wrong with workers, supervisor and program, and what must not come of it. */
import { describe, expect, test } from 'vitest'
import { run } from '../../src/process/run.js'
import { inParallel } from '../../src/scope/in-parallel.js'
import { PreforkProgram } from './prefork-program.js'

/** Its end has come, and its parent, which is stopped, has not heard of it. */
async function becomesZombie(pid: number): Promise<void> {
  const { PATH } = process.env
  const options = { env: { PATH }, check: true }
  const state = async () => (await run('ps', ['-o', 'stat=', '-p', String(pid)], options)).stdout.toString()
  while (!(await state()).startsWith('Z'));
}

const LONG = { timeout: 30_000 }

test(
  'a worker that comes to prefork when its supervisor is dead ends, and supervises nobody',
  LONG,
  async () => {
    await using server = PreforkProgram.begin({ workers: 2, waitsForOrphanhood: true })
    await server.next('begun')
    await server.next('begun')
    server.kill('SIGKILL')
    expect(await server.rest()).toEqual([])
  },
)

test('a time to drain without end is one', LONG, async () => {
  await using server = await PreforkProgram.start({ workers: 1, drainMs: null })
  await using client = await server.connect()
  await client.who()
  server.kill('SIGTERM')
  expect(await client.readLine()).toBe('draining')
  await client.tell('bye')
  expect(await server.ends()).toEqual({ code: 0, signal: null })
  expect(await server.stderr()).toBe('')
})

test('a worker that is stopped, and has connections on the way, does not hold SIGTERM up', LONG, async () => {
  await using server = await PreforkProgram.start({ strategy: 'pass-descriptor', workers: 1, drainMs: 100 })
  const { pid } = await server.who()
  process.kill(pid, 'SIGSTOP')
  const clients = await inParallel(Array.from({ length: 80 }, () => () => server.connect()))
  server.kill('SIGTERM')
  expect(await server.ends()).toEqual({ code: 0, signal: null })
  for (const client of clients) await client[Symbol.asyncDispose]()
})

test('a worker that is stopped does not hold a reload up, however long it may drain', LONG, async () => {
  await using server = await PreforkProgram.start({ workers: 1, drainMs: null })
  const { pid } = await server.who()
  process.kill(pid, 'SIGSTOP')
  server.kill('SIGHUP')
  await server.next('reloaded')
  expect((await server.who()).pid).not.toBe(pid)
  process.kill(pid, 'SIGKILL')
})

test('a child that is not up yet serves its connection after SIGTERM', LONG, async () => {
  await using server = await PreforkProgram.start({ strategy: 'child-per-connection', workers: 4 })
  await using client = await server.connect()
  server.kill('SIGTERM')
  await client.tell('who')
  const lines = [await client.readLine(), await client.readLine()].sort()
  expect(lines).toEqual([expect.stringMatching(/^\d+ \d+$/), 'draining'])
  await client.tell('bye')
  await client.ends()
  expect(await server.ends()).toEqual({ code: 0, signal: null })
})

test('a child that does not come up is ended, and its place free again', LONG, async () => {
  await using server = await PreforkProgram.start({
    strategy: 'child-per-connection',
    workers: 1,
    hangs: true,
    readyTimeoutMs: 300,
  })
  for (let i = 0; i < 2; i++) {
    await using client = await server.connect()
    // How the last one ended is told too.
    while (!(await server.next('ended')).message.endsWith('does not come up within 300 ms and is ended'));
    await client.ends()
  }
})

test('SIGHUP to every process of the program is one reload, and costs no connection', LONG, async () => {
  await using server = await PreforkProgram.start({ workers: 2 })
  await using client = await server.connect()
  const { pid } = await client.who()
  for (const worker of (await server.report()).workers) process.kill(worker.pid, 'SIGHUP')
  server.kill('SIGHUP')
  await server.next('reloaded')
  expect(await client.readLine()).toBe('draining')
  expect((await client.who()).pid).toBe(pid)
  expect(server.seen.filter(({ isProblem }) => isProblem)).toEqual([])
})

describe.each(['shared-accept', 'reuse-port', 'pass-descriptor'])('%s', LONG, (strategy) => {
  test('a worker that gets SIGTERM drains, and another one takes its place meanwhile', async () => {
    await using server = await PreforkProgram.start({ strategy, workers: 1, stableMs: 0 })
    await using old = await server.connect()
    const { pid } = await old.who()
    process.kill(pid, 'SIGTERM')
    expect(await server.next('ended')).toMatchObject({ worker: 0, pid, isProblem: true })
    const next = await server.next('ready')
    expect((await server.who()).pid).toBe(next.pid)
    expect(await old.readLine()).toBe('draining')
    expect((await old.who()).pid).toBe(pid)
    await old.tell('bye')
    await old.ends()
  })
})

test('a connection whose worker died after serving it is not served by another one', LONG, async () => {
  await using server = await PreforkProgram.start({ strategy: 'pass-descriptor', workers: 1, stableMs: 0 })
  const { pid } = await server.who()
  process.kill(pid, 'SIGSTOP')
  await using client = await server.connect()
  // It waits for the worker in vain, and the connection has been passed when it is there.
  await server.report()
  server.kill('SIGSTOP')
  process.kill(pid, 'SIGCONT')
  expect((await client.who()).pid).toBe(pid)
  process.kill(pid, 'SIGKILL')
  await becomesZombie(pid)
  server.kill('SIGCONT')
  await client.ends()
})

test('an onEvent that fails fails nothing else', LONG, async () => {
  await using server = await PreforkProgram.start({ workers: 1, failsAt: 'ready', stableMs: 0 })
  const { pid } = await server.who()
  process.kill(pid, 'SIGKILL')
  await server.next('ready')
  expect((await server.who()).pid).not.toBe(pid)
})

test.each(['no message', '{"type":"count","accepted":"many","open":0}', 'x'.repeat(5000)])(
  'a worker that says %.30s into the control channel is ended',
  LONG,
  async (says) => {
    await using server = PreforkProgram.begin({ workers: 1, says, hangs: true })
    expect((await server.next('ended')).message).toMatch(/^worker 0 \(pid \d+\) ended with /)
  },
)

test('a worker whose prepare fails ends with code 1, whatever the program makes of it', LONG, async () => {
  const options = { workers: 1, fails: true, catches: true, longestPauseMs: 60_000 }
  await using server = PreforkProgram.begin(options)
  expect((await server.next('ended')).message).toMatch(/ ended with code 1, /)
})

test('a prefork that is cancelled leaves no worker behind', LONG, async () => {
  await using server = PreforkProgram.begin({ workers: 2, hangs: true, catches: true, limitMs: 300 })
  expect((await server.next('caught')).message).toBe('TIMEOUT')
  expect(await server.rest()).toEqual([])
  expect(await server.ends()).toEqual({ code: 9, signal: null })
})
