/** The C programs: the load generator against the C server, in each mode, and how both end. */
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { beforeAll, describe, expect, test } from 'vitest'
import { fetchFile, IdleConnections, ping, stream } from '../src/load.js'
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

  const head = 'HTTP/1.1 200 OK\r\n'
  const lies: readonly (readonly [why: string, answer: string, says: string])[] = [
    ['no HTTP', 'hello\r\n\r\n', "the server answered 'hello"],
    [
      'a refusal',
      'HTTP/1.1 404 Not Found\r\nContent-Length: 1\r\n\r\nx',
      "the server answered 'HTTP/1.1 404",
    ],
    ['no length', `${head}\r\nx`, 'the answer has no Content-Length'],
    [
      'a length that is none',
      `${head}Content-Length: few\r\n\r\nx`,
      'has no length, or none that is a number',
    ],
    ['a head without end', `${head}X: ${'x'.repeat(5_000)}`, 'is longer than 4096 bytes'],
    ['half a head', head, 'the server closed a connection'],
    ['too few bytes', `${head}Content-Length: 5\r\n\r\nfour`, 'the server closed a connection'],
    ['too many bytes', `${head}Content-Length: 3\r\n\r\nfour`, 'more than it promised'],
  ]
  test.each(lies)('takes %s for no file', async (_, answer, says) => {
    const server = createServer((conn) => {
      conn.on('error', () => {})
      conn.once('data', () => conn.end(answer))
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const { port } = server.address() as AddressInfo
    await expect(fetchFile(port, { connections: 1, requests: 1 })).rejects.toThrow(says)
    server.close()
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
    [['fetch', '--port', '1', '--requests', '0'], '--requests must be a number from 1 to 10000'],
    [['fetch', '--port', '1'], 'connect: Connection refused'],
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
