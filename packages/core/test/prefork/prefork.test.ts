/** What every strategy of prefork promises, with real processes. */
import { describe, expect, test } from 'vitest'
import { prefork } from '../../src/prefork/prefork.js'
import { inParallel } from '../../src/scope/in-parallel.js'
import { exists, PreforkProgram } from './prefork-program.js'

const POOLED = ['shared-accept', 'reuse-port', 'pass-descriptor'] as const
const ALL = [...POOLED, 'child-per-connection'] as const

const times = <T>(count: number, fn: (i: number) => Promise<T>): Promise<T[]> =>
  inParallel(Array.from({ length: count }, (_, i) => () => fn(i)))

describe.each(ALL)('%s', { timeout: 30_000 }, (strategy) => {
  test('every connection is served, by a process that is not the supervisor, and is counted', async () => {
    await using server = await PreforkProgram.start({ strategy, workers: 2 })
    const served = await times(20, () => server.who())
    expect(served).toHaveLength(20)
    for (const { pid } of served) expect(pid).not.toBe(server.pid)
    const report = await server.report()
    expect(report).toMatchObject({ strategy, restarts: 0 })
    expect(report.accepted).toBe(20)
  })

  test('open connections are told of with their worker', async () => {
    await using server = await PreforkProgram.start({ strategy, workers: 4 })
    await using one = await server.connect()
    await using other = await server.connect()
    const pids = [(await one.who()).pid, (await other.who()).pid]
    const report = await server.report()
    expect(report.open).toBe(2)
    const busy = report.workers.flatMap(({ pid, open }) => Array<number>(open).fill(pid))
    expect(busy.sort()).toEqual(pids.sort())
  })

  test('SIGTERM lets an open connection finish, refuses new ones, and ends with status 0', async () => {
    await using server = await PreforkProgram.start({ strategy, workers: 2 })
    await using client = await server.connect()
    const { pid } = await client.who()
    server.kill('SIGTERM')
    await server.next('draining')
    expect(await client.readLine()).toBe('draining')
    await expect(server.connect()).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    expect((await client.who()).pid).toBe(pid)
    await client.tell('bye')
    await client.ends()
    await server.next('stopped')
    expect(await server.ends()).toEqual({ code: 0, signal: null })
    expect(exists(pid)).toBe(false)
  })

  test('a connection that does not finish is cut when the time to drain is over', async () => {
    await using server = await PreforkProgram.start({ strategy, workers: 1, drainMs: 200 })
    await using client = await server.connect()
    const { pid } = await client.who()
    server.kill('SIGTERM')
    expect(await client.readLine()).toBe('draining')
    await client.ends()
    expect(await server.ends()).toEqual({ code: 0, signal: null })
    expect(exists(pid)).toBe(false)
  })

  test('a second SIGTERM waits for nobody', async () => {
    await using server = await PreforkProgram.start({ strategy, workers: 1, drainMs: 60_000 })
    await using client = await server.connect()
    const { pid } = await client.who()
    server.kill('SIGTERM')
    expect(await client.readLine()).toBe('draining')
    server.kill('SIGTERM')
    expect(await server.ends()).toEqual({ code: 0, signal: null })
    expect(exists(pid)).toBe(false)
  })

  test('SIGINT ends like SIGTERM, with status 130', async () => {
    await using server = await PreforkProgram.start({ strategy, workers: 1 })
    await server.who()
    server.kill('SIGINT')
    expect(await server.ends()).toEqual({ code: 130, signal: null })
  })

  test('workers whose supervisor was killed end by themselves, after their connections', async () => {
    await using server = await PreforkProgram.start({ strategy, workers: 1 })
    await using client = await server.connect()
    const { pid } = await client.who()
    server.kill('SIGKILL')
    expect(await client.readLine()).toBe('draining')
    expect((await client.who()).pid).toBe(pid)
    await client.tell('bye')
    await client.ends()
    await server.rest()
  })

  test('a session that fails costs its own connection alone', async () => {
    await using server = await PreforkProgram.start({ strategy, workers: 1 })
    await using client = await server.connect()
    await client.tell('throw')
    await client.ends()
    expect((await server.who()).pid).toBeGreaterThan(0)
    expect((await server.report()).restarts).toBe(0)
  })
})

test('reuse-port has no UNIX sockets', async () => {
  await expect(
    prefork({ listen: { path: 'never-opened' }, strategy: 'reuse-port', serve() {} }),
  ).rejects.toMatchObject({ code: 'PREFORK_STRATEGY' })
})

describe.each(ALL)('%s, when the program ends by setExit', { timeout: 30_000 }, (strategy) => {
  test('the workers end too, after their connections', async () => {
    await using server = await PreforkProgram.start({ strategy, workers: 1, exitsOnUsr1: 7 })
    await using client = await server.connect()
    const { pid } = await client.who()
    server.kill('SIGUSR1')
    expect(await client.readLine()).toBe('draining')
    await client.tell('bye')
    await client.ends()
    expect(await server.ends()).toEqual({ code: 7, signal: null })
    expect(exists(pid)).toBe(false)
    // Nobody had to be left behind.
    expect(await server.stderr()).toBe('')
  })
})
