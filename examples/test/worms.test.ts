import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import * as coro from '@shrapnel/core'
import { hex, type RealServer, temporaryFolder } from '@shrapnel/test-support'
import { expect, test } from 'vitest'
import { runExample, startExample } from './example.js'
import { Terminal } from './terminal.js'
import { TextClient } from './text-client.js'

function startWorms(...args: string[]): Promise<RealServer> {
  return startExample('tutorial/worms', /telnet 127\.0\.0\.1 (?<port>\d+)/, '--port', '0', ...args)
}

test('whoever joins is asked for single keys, and sees walls, worms and numbers', async () => {
  await using worms = await startWorms('--worms', '7')
  await using terminal = await Terminal.connect(worms.port)
  // Seven worms, a client with its painter, the accepting one and the backdoor.
  await terminal.until(({ status }) => /^worms 7 {3}clients 1 {3}coroutines \d+$/.test(status))
  // IAC WILL ECHO, IAC WILL SUPPRESS-GO-AHEAD (RFC 857, RFC 858).
  expect(terminal.received.startsWith('\xff\xfb\x01\xff\xfb\x03')).toBe(true)
  expect(terminal.screen.isAlternate).toBe(true)
  expect(terminal.screen.isCursorVisible).toBe(false)
  expect(terminal.screen.inside).toHaveLength(20)
})

test('n, c and h change how many worms there are, and every client sees it', async () => {
  await using worms = await startWorms('--worms', '3')
  await using one = await Terminal.connect(worms.port)
  await using other = await Terminal.connect(worms.port)
  await one.untilThereAre({ worms: 3, clients: 2 })
  one.press('nn')
  await other.untilThereAre({ worms: 5, clients: 2 })
  other.press('ccc')
  await one.untilThereAre({ worms: 2, clients: 2 })
  one.press('n')
  await other.untilThereAre({ worms: 3 })
  other.press('h')
  for (const terminal of [one, other]) {
    await terminal.untilThereAre({ worms: 0 })
    await terminal.until(({ wormCells }) => wormCells === 0)
    expect(terminal.screen.inside).toHaveLength(20)
  }
  other.press('c')
  other.press('n')
  await one.untilThereAre({ worms: 1 })
})

test('worms grow to their length and l makes each one longer: no two are ever on one cell', async () => {
  await using worms = await startWorms('--worms', '4')
  await using terminal = await Terminal.connect(worms.port)
  await terminal.until(({ wormCells }) => wormCells === 4 * 9)
  terminal.press('ll')
  await terminal.until(({ wormCells }) => wormCells === 4 * 11)
})

test('r draws everything again', async () => {
  await using worms = await startWorms()
  await using terminal = await Terminal.connect(worms.port)
  await terminal.untilThereAre({ worms: 10 })
  const { clears } = terminal.screen
  terminal.press('r')
  await terminal.until((screen) => screen.clears === clears + 1 && screen.status.startsWith('worms 10 '))
})

test.each([
  ['q', 'q'],
  ['Ctrl-C', '\x03'],
  ['Ctrl-D', '\x04'],
])('%s gives the client its terminal back and ends the connection', async (_, key) => {
  await using worms = await startWorms()
  await using other = await Terminal.connect(worms.port)
  await using terminal = await Terminal.connect(worms.port)
  await terminal.untilThereAre({ worms: 10, clients: 2 })
  terminal.press(key)
  await terminal.ended
  expect(terminal.screen.isAlternate).toBe(false)
  expect(terminal.screen.isCursorVisible).toBe(true)
  await other.untilThereAre({ worms: 10, clients: 1 })
})

test('a client that vanishes leaves the others alone, and no complaint', async () => {
  await using worms = await startWorms()
  await using other = await Terminal.connect(worms.port)
  const vanishing = await Terminal.connect(worms.port)
  await other.untilThereAre({ worms: 10, clients: 2 })
  vanishing.socket.resetAndDestroy()
  await other.untilThereAre({ worms: 10, clients: 1 })
  other.press('n')
  await other.untilThereAre({ worms: 11, clients: 1 })
  expect(worms.output()).not.toContain('failed')
})

test('a telnet that says how large its window is gets a picture of that size', async () => {
  await using worms = await startWorms()
  await using terminal = await Terminal.connect(worms.port)
  await terminal.untilThereAre({ worms: 10 })
  // IAC WILL NAWS, and 40 by 12 (RFC 1073).
  terminal.press(hex`ff fb 1f ff fa 1f 00 28 00 0c ff f0`)
  await terminal.until((screen) => screen.clears === 2 && screen.line(11).startsWith('worms 10 '))
  expect(terminal.screen.line(0)).toBe(`+${'='.repeat(39)}`.padEnd(80))
  for (let row = 1; row < 10; row++) expect(terminal.screen.line(row)).toMatch(/^\|.{39} {40}$/)
  for (let row = 12; row < 24; row++) expect(terminal.screen.line(row)).toBe(' '.repeat(80))
})

test('a client that does not read makes no worm and no other client wait', async () => {
  await using folder = await temporaryFolder()
  const unixPath = join(folder.path, 'door')
  await using worms = await startWorms('--backdoor', unixPath, '--worms', '20')
  using stalled = await coro.tcp.connect('127.0.0.1', worms.port)
  stalled.setOption('receiveBufferBytes', 4096)
  await using backdoor = await TextClient.connect({ path: unixPath })
  await using terminal = await Terminal.connect(worms.port)
  await terminal.untilThereAre({ worms: 20, clients: 2 })
  // Whole pictures fill its buffers, until its painter waits for it.
  for (;;) {
    await stalled.send('r')
    backdoor.send(`coro.whereAll().toString().includes('painter: send')\n`)
    if ((await backdoor.until(/\b(?:true|false)\b/)).endsWith('true')) break
  }
  const shown = terminal.received.length
  terminal.press('nn')
  await terminal.untilThereAre({ worms: 22, clients: 2 })
  // Ten more pictures' worth of movement.
  await terminal.until(() => terminal.received.length > shown + 5000)
})

test('the backdoor has the arena and the library at hand', async () => {
  await using folder = await temporaryFolder()
  const unixPath = join(folder.path, 'door')
  await using worms = await startWorms('--backdoor', unixPath, '--worms', '2')
  await using terminal = await Terminal.connect(worms.port)
  await terminal.untilThereAre({ worms: 2 })
  await using backdoor = await TextClient.connect({ path: unixPath })
  backdoor.send('arena.hatch(3)\n')
  await terminal.untilThereAre({ worms: 5 })
  backdoor.send('coro.whereAll()\n')
  await backdoor.until(/worm [a-z].*sleep \d+ ms more/s)
})

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
  '%s ends it: clients get their terminals back, the backdoor is gone',
  async (signal) => {
    await using folder = await temporaryFolder()
    const unixPath = join(folder.path, 'door')
    await using worms = await startWorms('--backdoor', unixPath)
    await using terminal = await Terminal.connect(worms.port)
    await terminal.untilThereAre({ worms: 10 })
    expect(existsSync(unixPath)).toBe(true)
    process.kill(worms.pid, signal)
    await terminal.ended
    expect(terminal.screen.isAlternate).toBe(false)
    expect(terminal.screen.isCursorVisible).toBe(true)
    await worms.stop()
    expect(existsSync(unixPath)).toBe(false)
    expect(worms.output()).not.toContain('failed')
  },
)

test('when the usual port is taken it takes another one and says so', async () => {
  const other = createServer()
  other.listen(4400, '127.0.0.1')
  // Somebody else has it: taken is taken.
  await once(other, 'listening').catch(() => {})
  await using worms = await startExample('tutorial/worms', /telnet 127\.0\.0\.1 (?<port>\d+)/)
  expect(worms.output()).toContain(`Port 4400 is taken, so it is port ${worms.port} this time.`)
  await using terminal = await Terminal.connect(worms.port)
  await terminal.untilThereAre({ worms: 10 })
  other.close()
})

test('a port that was asked for and is taken is an error of one line', async () => {
  await using worms = await startWorms()
  const second = await runExample('tutorial/worms', '--port', String(worms.port))
  expect(second.stderr).toMatch(/^.*EADDRINUSE.*\n$/)
  expect(second.code).toBe(1)
})

test.each([
  ['an unknown option', ['--bogus'], /--bogus/],
  ['a port that is no number', ['--port', 'x'], /--port .* 65535, not 'x'/],
  ['a port past the last one', ['--port', '65536'], /--port/],
  ['a size without a height', ['--size', '80'], /height/],
  ['an arena without an inside', ['--size', '2x2'], /width/],
  ['a folder that is not there', ['--port', '0', '--backdoor', 'no/such/folder'], /ENOENT/],
])('%s is an error of one line that names it', async (_, args, text) => {
  const { code, stdout, stderr } = await runExample('tutorial/worms', ...args)
  expect(stderr).toMatch(/^.+\n$/)
  expect(stderr).toMatch(text)
  expect(stdout).toBe('')
  expect(code).toBe(1)
})

test('--help names every option and starts nothing', async () => {
  const { code, stdout } = await runExample('tutorial/worms', '--help')
  for (const option of ['--port', '--worms', '--size', '--backdoor', '--help'])
    expect(stdout).toContain(option)
  expect(code).toBe(0)
})
