/** The client of the prefork servers, against a server that answers well and against all others. */
import type { Socket } from 'node:net'
import { expect, test } from 'vitest'
import { AnsweringServer } from './answering-server.js'
import { runExample } from './example.js'

const run = (port: number, ...args: string[]) =>
  runExample('servers/client', '-p', String(port), '-i', '127.0.0.1', ...args)

interface Report {
  readonly answered: number
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly shares: Readonly<Record<string, number>>
  readonly failures: Readonly<Record<string, number>>
}

async function report(port: number, ...args: string[]): Promise<Report & { readonly code: number | null }> {
  const { code, stdout, stderr } = await run(port, '--json', ...args)
  expect(stderr).toBe('')
  return { ...(JSON.parse(stdout) as Report), code }
}

test('the client counts what each process of the server has answered', async () => {
  await using server = await AnsweringServer.start((conn, bytes, before) => {
    conn.end(`worker ${before % 4 === 0 ? 10 : 9} pid 4711\n${'x'.repeat(bytes)}`)
  })
  const { code, stdout, stderr } = await run(server.port, '-c', '4', '-t', '25', '-b', '100000')
  expect(stderr).toBe('')
  expect(stdout.split('\n')).toEqual([
    expect.stringMatching(/^100 connections answered in \d+ ms, \d+ a second$/),
    expect.stringMatching(/^latency: p50 \d+\.\d\d ms, p99 \d+\.\d\d ms$/),
    'worker 9 pid 4711: 75 (75.0 %)',
    'worker 10 pid 4711: 25 (25.0 %)',
    '',
  ])
  expect(code).toBe(0)
  expect(server.asked).toBe(100)
})

test('the client says the same to programs', async () => {
  await using server = await AnsweringServer.start((conn, bytes) => conn.end(`only\n${'x'.repeat(bytes)}`))
  const figures = await report(server.port, '-c', '3', '-t', '2', '-b', '0')
  expect(figures).toMatchObject({ code: 0, answered: 6, shares: { only: 6 }, failures: {} })
  expect(figures.perSecond).toBeGreaterThan(0)
  expect(figures.p99Ms).toBeGreaterThanOrEqual(figures.p50Ms)
})

test.each([
  ['resets', 'ECONNRESET', (conn, _bytes) => conn.resetAndDestroy()],
  ['sends too few bytes', 'SHORT', (conn, bytes) => conn.end(`w\n${'x'.repeat(bytes - 1)}`)],
  ['sends too many bytes', 'LONG', (conn, bytes) => conn.end(`w\n${'x'.repeat(bytes + 1)}`)],
  ['says nothing and closes', 'NO_LINE', (conn) => conn.end()],
  ['closes in the middle of its name', 'NO_LINE', (conn) => conn.end('worker')],
  ['has a name without end', 'NO_LINE', (conn) => conn.write('x'.repeat(100_000))],
  ['says nothing and stays', 'TIMEOUT', () => {}],
  ['stays after the last byte', 'TIMEOUT', (conn, bytes) => conn.write(`w\n${'x'.repeat(bytes)}`)],
] satisfies [string, string, (conn: Socket, bytes: number) => void][])(
  'a server that %s is a failure named %s, and the client ends',
  async (_, name, answer) => {
    await using server = await AnsweringServer.start(answer)
    // The others must not run into it, however busy the machine is.
    const timeoutMs = name === 'TIMEOUT' ? '300' : '7000'
    const figures = await report(server.port, '-c', '2', '-t', '2', '-b', '5000', '--timeout', timeoutMs)
    expect(figures).toMatchObject({ code: 1, answered: 0, shares: {}, failures: { [name]: 4 } })
  },
)

test('what fails is counted beside what does not', async () => {
  await using server = await AnsweringServer.start((conn, bytes, before) => {
    if (before % 3 === 0) conn.resetAndDestroy()
    else conn.end(`w\n${'x'.repeat(bytes)}`)
  })
  const { code, stdout } = await run(server.port, '-c', '1', '-t', '9', '-b', '10')
  expect(stdout).toContain('w: 6 (100.0 %)\nfailed: 3 ECONNRESET\n')
  expect(code).toBe(1)
})

test('where nobody listens every connection is refused', async () => {
  // Port 1 is tcpmux, which nobody runs.
  const figures = await report(1, '-c', '2', '-t', '3')
  expect(figures).toMatchObject({ code: 1, answered: 0, p50Ms: 0, failures: { ECONNREFUSED: 6 } })
})

test.each([
  [['-c', '0'], '--connections must be a whole number from 1'],
  [['-t', 'many'], "--tries must be a whole number from 1 to 2147483647, not 'many'"],
  [['-b', '-1'], '-b'],
  [['-p', '70000'], '--port must be a whole number from 1 to 65535'],
  [['--byte', '1'], "Unknown option '--byte'"],
])('the client does not start with %j', async (args, says) => {
  const { code, stdout, stderr } = await runExample('servers/client', ...args)
  expect(stderr).toContain(says)
  expect(stderr).toContain('Try --help.')
  expect(stdout).toBe('')
  expect(code).toBe(2)
})
