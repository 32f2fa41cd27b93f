/** The examples of servers that need one process. */
import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { seededRandom, temporaryFolder } from '@shrapnel/test-support'
import { describe, expect, test } from 'vitest'
import { runExample, startExample, untilSaid } from './example.js'
import { TextClient } from './text-client.js'

async function output(example: string, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runExample(`servers/${example}`, ...args)
  expect(stderr).toBe('')
  expect(code).toBe(0)
  return stdout
}

test.each(['broken-pipe', 'client', 'file-server', 'lost-signal', 'reset-server'])(
  '%s says how it is used',
  async (example) => {
    expect(await output(example, '--help')).toMatch(/^usage: node examples\/dist\/servers\/[\w-]+\.js/)
  },
)

test('a client of the reset server gets ECONNRESET, each time', async () => {
  await using server = await startExample(
    'servers/reset-server',
    /resets on port (?<port>\d+)/,
    '--port',
    '0',
  )
  for (let i = 0; i < 3; i++) {
    const seen = await output('reset-server', '--connect', String(server.port))
    expect(seen).toMatch(/^(connected from port \d+\nrecv|connect) failed: ECONNRESET\n$/)
  }
  await untilSaid(server, /(?:^reset \d+\n.*){3}/ms)
})

test('who writes to a reset connection gets ECONNRESET, then EPIPE, and lives', async () => {
  expect((await output('broken-pipe')).split('\n')).toEqual([
    'the peer resets, and we write',
    '  send: ECONNRESET',
    '  send: EPIPE',
    '  send: EPIPE',
    'the peer resets, and we read first',
    '  recv: ECONNRESET',
    '  send: EPIPE',
    '  recv: 0 bytes',
    'the peer closes, and we write',
    '  send: taken by the kernel',
    '  send: EPIPE',
    '  recv: 0 bytes',
    'still here',
    '',
  ])
})

test('looking and then sleeping misses the signal in between, and signals.wait misses none', async () => {
  expect((await output('lost-signal', '--count', '20', '--patience', '2000')).split('\n')).toEqual([
    'look, then sleep: 1 of 20 signals seen',
    '                  asleep for 2000 ms beside one that has come',
    'signals.wait:     20 of 20 signals seen',
    '',
  ])
})

describe.each(['sendfile', 'copy'])('the file server by %s', (how) => {
  const READY = /on port (?<port>\d+)/
  const line = (title: string, bytes: number) =>
    new RegExp(`^${title}: ${bytes} bytes, \\d+ MB/s, \\d+\\.\\d ms of processor time$`, 'm')

  test('gives every client every byte, and says what that took', async () => {
    await using folder = await temporaryFolder()
    const path = join(folder.path, 'file')
    const random = seededRandom(5)
    const bytes = Buffer.from(Array.from({ length: 1_234_567 }, () => Math.floor(random() * 256)))
    const whole = Buffer.concat([bytes, bytes, bytes, bytes])
    await writeFile(path, whole)
    const args = ['--file', path, '--how', how, '--port', '0']
    await using server = await startExample('servers/file-server', READY, ...args)
    const fetches = [1, 2, 3].map(() => output('file-server', '--fetch', String(server.port), '--hash'))
    for (const fetched of await Promise.all(fetches)) {
      expect(fetched).toMatch(line('fetched', whole.length))
      expect(fetched).toContain(`sha256 ${createHash('sha256').update(whole).digest('hex')}\n`)
    }
    await untilSaid(server, line(how, whole.length))
  })

  test('goes on when a client leaves in the middle', async () => {
    await using folder = await temporaryFolder()
    const path = join(folder.path, 'file')
    await writeFile(path, Buffer.alloc(50_000_000))
    const args = ['--file', path, '--how', how, '--port', '0']
    await using server = await startExample('servers/file-server', READY, ...args)
    await using leaving = await TextClient.connect({ port: server.port })
    await leaving.until('\0')
    leaving.socket.resetAndDestroy()
    expect(await output('file-server', '--fetch', String(server.port))).toMatch(line('fetched', 50_000_000))
    await untilSaid(server, /^the client left before the end$/m)
  })
})

test.each([
  [['--file', 'no-such-file'], 'ENOENT', 1],
  [['--file', 'x', '--how', 'magic'], "--how must be sendfile or copy, not 'magic'", 2],
  [[], 'either --file or --fetch must be given', 2],
  [['--fetch', '1'], 'ECONNREFUSED', 1],
])('the file server with %j says %s', async (args, says, status) => {
  const { code, stderr } = await runExample('servers/file-server', ...args)
  expect(stderr).toContain(says)
  expect(code).toBe(status)
})
