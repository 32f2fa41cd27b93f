/** The C programs: the load generator against the C server, in each mode, and how both end. */
import { spawnSync } from 'node:child_process'
import { beforeAll, describe, expect, test } from 'vitest'
import { IdleConnections, ping, stream } from '../src/load.js'
import { buildNative, PROGRAMS } from '../src/native-build.js'
import { withServers } from '../src/server-process.js'
import { C, type ServerMode } from '../src/servers.js'

const SHORT = { timeMs: 100, warmMs: 20 }

beforeAll(() => buildNative(), 60_000)

function onServer<Result>(mode: ServerMode, use: (port: number) => Promise<Result>): Promise<Result> {
  return withServers([C], mode, async (servers) => use(servers.get('c')?.port ?? 0))
}

describe('the load generator', () => {
  test.each([1, 50, 300])(
    'counts the round trips of %i connections and orders their percentiles',
    async (connections) => {
      const figures = await onServer('echo', (port) => ping(port, { connections, bytes: 64, ...SHORT }))
      expect(figures.perSecond).toBeGreaterThan(0)
      expect(figures.p50Us).toBeGreaterThan(0)
      expect(figures.p99Us).toBeGreaterThanOrEqual(figures.p50Us)
      expect(figures.maxUs).toBeGreaterThanOrEqual(figures.p99Us)
    },
  )

  test('with a pace sends no more pings than are due', async () => {
    const options = { connections: 20, bytes: 64, timeMs: 300, warmMs: 0, paceMs: 100 }
    const { answers } = await onServer('echo', (port) => ping(port, options))
    expect(answers).toBeLessThanOrEqual(61)
  })

  test.each(['echoed', 'discarded'] as const)('sends on and on beside its pings, %s', async (hog) => {
    const options = { connections: 20, bytes: 64, ...SHORT, hog }
    const figures = await onServer('discard', (port) => ping(port, options))
    expect(figures.hogBytes).toBeGreaterThan(1_000_000)
    expect(figures.answers).toBeGreaterThan(0)
  })

  const directions = [
    ['up', 'sink'],
    ['down', 'source'],
    ['both', 'duplex'],
  ] as const
  test.each(directions)('streams %s', async (direction, mode) => {
    const figures = await onServer(mode, (port) => stream(port, { direction, bytes: 65_536, ...SHORT }))
    expect(figures.upBytes > 0).toBe(direction !== 'down')
    expect(figures.downBytes > 0).toBe(direction !== 'up')
  })

  test('holds idle connections from several sources, each of which answers once per ping', async () => {
    const answers = await onServer('echo', async (port) => {
      const few = await IdleConnections.open(port, 0, 30)
      const more = await IdleConnections.open(port, 20_000, 300)
      const counts = [await few.ping(), await more.ping(), await more.ping()]
      await Promise.all([few.end(), more.end()])
      return counts.map(({ answered }) => answered)
    })
    expect(answers).toEqual([30, 300, 300])
  })

  const mistakes: readonly (readonly [argv: string[], says: string])[] = [
    [[], 'a mode is missing'],
    [['dance', '--port', '1'], "unknown mode 'dance'"],
    [['ping'], '--port is missing'],
    [['ping', '--port', '65536'], '--port must be a number from 1 to 65535'],
    [['ping', '--port', '1', '--connections', '-1'], '--connections must be a number'],
    [['ping', '--port', '1', '--bytes', '16385'], '--bytes of a ping must be at most 16384'],
    [['stream', '--port', '1', '--direction', 'left'], '--direction must be up, down or both'],
    [['ping', '--port'], '--port needs a value'],
    [['ping', '--port', '1'], 'connect: Connection refused'],
  ]
  test.each(mistakes)('refuses %j', (argv, says) => {
    const { status, stderr } = spawnSync(PROGRAMS.load, argv, { encoding: 'utf8' })
    expect(stderr).toContain(says)
    expect(status).toBe(1)
  })
})

describe('the C server', () => {
  test('refuses a mode that it does not have', () => {
    const { status, stderr } = spawnSync(PROGRAMS.server, ['dance'], { encoding: 'utf8' })
    expect(stderr).toContain("not 'dance'")
    expect(status).toBe(1)
  })

  test('ends with code 0 when its standard input closes', () => {
    const { status, stdout } = spawnSync(PROGRAMS.server, ['echo'], { encoding: 'utf8', input: '' })
    expect(JSON.parse(stdout)).toEqual({ port: expect.any(Number) })
    expect(status).toBe(0)
  })
})
