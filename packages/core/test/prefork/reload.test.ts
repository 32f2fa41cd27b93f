/** Replacing and losing workers while clients come and go. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { temporaryFolder } from '@shrapnel/test-support'
import { describe, expect, test } from 'vitest'
import { group } from '../../src/scope/group.js'
import { exists, PreforkProgram } from './prefork-program.js'

const POOLED = ['shared-accept', 'reuse-port', 'pass-descriptor'] as const
const CLIENTS = 8

/** Clients that connect again and again, until `isOver`; how many conversations each outcome had. */
async function storm(server: PreforkProgram, isOver: () => boolean): Promise<Map<string, number>> {
  const outcomes = new Map<string, number>()
  const count = (outcome: string) => outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
  await group((clients) => {
    for (let i = 0; i < CLIENTS; i++) {
      clients.spawn(async () => {
        while (!isOver()) {
          try {
            await server.who()
            count('served')
          } catch (error) {
            count((error as { code?: string }).code ?? String(error))
          }
        }
      })
    }
  })
  return outcomes
}

describe.each(POOLED)('%s', { timeout: 60_000 }, (strategy) => {
  test('SIGHUP replaces every worker by one that runs the program anew, and no client notices', async () => {
    await using folder = await temporaryFolder()
    const versionFile = join(folder.path, 'version')
    writeFileSync(versionFile, 'one')
    await using server = await PreforkProgram.start({ strategy, workers: 2, versionFile })
    const before = (await server.report()).workers.map(({ pid }) => pid)
    await using old = await server.connect()
    expect(await old.ask('version')).toBe('one')

    let isOver = false
    const outcomes = await group(async (both) => {
      const clients = both.spawn(() => storm(server, () => isOver))
      writeFileSync(versionFile, 'two')
      server.kill('SIGHUP')
      await server.next('reloaded')
      isOver = true
      return clients.join()
    })

    expect([...outcomes.keys()]).toEqual(['served'])
    expect(outcomes.get('served')).toBeGreaterThan(CLIENTS)
    await using fresh = await server.connect()
    expect(await fresh.ask('version')).toBe('two')
    // The connection that was open all the time has its old worker still.
    expect(await old.readLine()).toBe('draining')
    expect(await old.ask('version')).toBe('one')
    const serving = (await server.report()).workers.filter(({ state }) => state === 'serving')
    expect(serving).toHaveLength(2)
    for (const { pid } of serving) expect(before).not.toContain(pid)
  })

  test('a reload whose new worker does not come up keeps the old ones', async () => {
    await using folder = await temporaryFolder()
    const versionFile = join(folder.path, 'version')
    writeFileSync(versionFile, 'one')
    await using server = await PreforkProgram.start({ strategy, workers: 2, versionFile })
    const before = (await server.report()).workers.map(({ pid }) => pid)
    writeFileSync(versionFile, 'broken')
    server.kill('SIGHUP')
    const failed = await server.next('reload-failed')
    expect(failed).toMatchObject({ isProblem: true })
    expect(failed.message).toMatch(
      /the new worker 0 \(pid \d+\) ended with code 1 before it took connections/,
    )
    const serving = (await server.report()).workers.filter(({ state }) => state === 'serving')
    expect(serving.map(({ pid }) => pid)).toEqual(before)
    expect(before).toContain((await server.who()).pid)
  })

  test('a worker that is killed under load loses its own connections only, and is replaced', async () => {
    await using server = await PreforkProgram.start({ strategy, workers: 2, stableMs: 0 })
    const [doomed, other] = (await server.report()).workers.map(({ pid }) => pid) as [number, number]
    let isOver = false
    const outcomes = await group(async (both) => {
      const clients = both.spawn(() => storm(server, () => isOver))
      process.kill(doomed, 'SIGKILL')
      expect(await server.next('ended')).toMatchObject({ worker: 0, pid: doomed, isProblem: true })
      await server.next('ready')
      isOver = true
      return clients.join()
    })
    const { served = 0, ...failed } = Object.fromEntries(outcomes)
    expect(served).toBeGreaterThan(0)
    // At most one connection of each client was there when it died.
    const lost = Object.values(failed).reduce((sum, count) => sum + count, 0)
    expect(lost).toBeLessThanOrEqual(CLIENTS)
    for (const code of Object.keys(failed)) expect(['ECONNRESET', 'END_OF_STREAM']).toContain(code)
    expect(exists(other)).toBe(true)
    const report = await server.report()
    expect(report.restarts).toBe(1)
    expect(report.workers.filter(({ state }) => state === 'serving')).toHaveLength(2)
  })
})

test('a worker that dies in its first second again and again is restarted after ever longer pauses', {
  timeout: 60_000,
}, async () => {
  await using server = PreforkProgram.begin({ workers: 1, dies: 0, firstPauseMs: 50 })
  const pauses: { at: number; message: string }[] = []
  const starts: number[] = []
  for (let i = 0; i < 4; i++) {
    starts.push((await server.next('started')).at)
    pauses.push(await server.next('pausing'))
  }
  expect(pauses.map(({ message }) => message)).toEqual([
    'worker 0 ended too soon (it should live 10000 ms): the next start is in 50 ms',
    'worker 0 ended too soon 2 times in a row (it should live 10000 ms): the next start is in 100 ms',
    'worker 0 ended too soon 3 times in a row (it should live 10000 ms): the next start is in 200 ms',
    'worker 0 ended too soon 4 times in a row (it should live 10000 ms): the next start is in 400 ms',
  ])
  for (let i = 1; i < starts.length; i++) {
    expect((starts[i] as number) - (pauses[i - 1]?.at as number)).toBeGreaterThanOrEqual(
      50 * 2 ** (i - 1) - 1,
    )
  }
  const ended = server.seen.filter(({ type }) => type === 'ended')
  expect(ended[0]?.message).toMatch(/^worker 0 \(pid \d+\) ended with code 3, \d\.\d s after its start$/)
})

test('a program that waits in a pause ends at SIGTERM', { timeout: 30_000 }, async () => {
  await using server = PreforkProgram.begin({
    workers: 1,
    dies: 0,
    firstPauseMs: 60_000,
    longestPauseMs: 60_000,
  })
  await server.next('pausing')
  server.kill('SIGTERM')
  expect(await server.ends()).toEqual({ code: 0, signal: null })
})

test('a worker that does not come up in time is ended, and the next one started', {
  timeout: 30_000,
}, async () => {
  await using server = PreforkProgram.begin({ workers: 1, readyTimeoutMs: 1, firstPauseMs: 10 })
  const first = await server.next('ended')
  expect(first.message).toMatch(/takes no connections after 1 ms and is ended$/)
  await server.next('started')
})

test('child-per-connection: SIGHUP lets the children of before end with their connections, and new ones run the program anew', {
  timeout: 30_000,
}, async () => {
  await using folder = await temporaryFolder()
  const versionFile = join(folder.path, 'version')
  writeFileSync(versionFile, 'one')
  await using server = await PreforkProgram.start({
    strategy: 'child-per-connection',
    workers: 4,
    versionFile,
  })
  await using old = await server.connect()
  expect(await old.ask('version')).toBe('one')
  writeFileSync(versionFile, 'two')
  server.kill('SIGHUP')
  expect(await old.readLine()).toBe('draining')
  await server.next('reloaded')
  expect(await old.ask('version')).toBe('one')
  await using fresh = await server.connect()
  expect(await fresh.ask('version')).toBe('two')
})

test('a worker that is killed while it drains is told of', { timeout: 30_000 }, async () => {
  await using server = await PreforkProgram.start({ workers: 1 })
  await using client = await server.connect()
  const { pid } = await client.who()
  server.kill('SIGHUP')
  await server.next('reloaded')
  process.kill(pid, 'SIGKILL')
  const ended = await server.next('ended')
  expect(ended).toMatchObject({ pid, isProblem: true })
  expect(ended.message).toBe(`worker 0 (pid ${pid}) ended with signal SIGKILL while it drained`)
})
