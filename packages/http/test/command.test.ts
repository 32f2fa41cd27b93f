import { type ChildProcess, execFileSync, spawn as start } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, openSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { sleep } from '@shrapnel/core'
import { type TemporaryFolder, temporaryFolder } from '@shrapnel/test-support'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { ArgumentError, parseArguments, type Wanted } from '../src/command/arguments.js'
import { perform } from '../src/command/perform.js'
import { describeProgress } from '../src/command/progress.js'

const MAIN = fileURLToPath(new URL('../dist/command/main.js', import.meta.url))
const FILE = Buffer.from('0123456789'.repeat(100_000))
let folder: TemporaryFolder
let server: Server
let url: string
let etag = '"one"'
const ranges: string[] = []
/** Sends the rest of `/slow`. */
let goOn = (): void => {}

/** A file with ranges; `/half` stops in the middle and stays open. */
function serveFile(request: IncomingMessage, response: ServerResponse): void {
  const { range, 'if-range': ifRange } = request.headers
  ranges.push(`${range ?? ''} ${ifRange ?? ''}`)
  const from = range !== undefined && ifRange === etag ? Number(/^bytes=(\d+)-$/.exec(range)?.[1]) : 0
  response.setHeader('etag', etag)
  if (from > 0) {
    response.statusCode = from >= FILE.length ? 416 : 206
    const part =
      from >= FILE.length ? `bytes */${FILE.length}` : `bytes ${from}-${FILE.length - 1}/${FILE.length}`
    response.setHeader('content-range', part)
  }
  response.setHeader('content-length', FILE.length - from)
  if (request.url === '/half' && from === 0) response.write(FILE.subarray(0, 500_000))
  else response.end(FILE.subarray(from))
}

// A process each, several in a test, on a machine that has other things to do.
vi.setConfig({ testTimeout: 60_000 })

beforeAll(async () => {
  folder = await temporaryFolder()
  server = createServer((request, response) => {
    const { method, headers } = request
    if (request.url === '/json') {
      const pieces: Buffer[] = []
      request.on('data', (piece) => pieces.push(piece))
      request.on('end', () =>
        response.end(JSON.stringify({ method, headers, body: Buffer.concat(pieces).toString() })),
      )
    } else if (request.url === '/text') response.end('some text\n')
    else if (request.url === '/missing') {
      response.statusCode = 404
      response.end('no such thing')
    } else if (request.url === '/silent') response.flushHeaders()
    else if (request.url === '/endless') response.write('x'.repeat(100_000))
    else if (request.url === '/slow') {
      response.setHeader('content-length', 3 * 100_000)
      const send = () => response.write('x'.repeat(100_000))
      send()
      goOn = () => {
        send()
        send()
        response.end()
      }
    } else serveFile(request, response)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})

afterAll(async () => {
  server.close()
  server.closeAllConnections()
  await folder.remove()
})

interface Outcome {
  readonly code: number | null
  readonly out: string
  readonly said: string
}

function begin(...args: string[]): ChildProcess {
  return start(process.execPath, [MAIN, ...args], { cwd: folder.path, stdio: ['pipe', 'pipe', 'pipe'] })
}

async function outcomeOf(child: ChildProcess, input = ''): Promise<Outcome> {
  let out = ''
  let said = ''
  child.stdout?.on('data', (piece) => {
    out += piece
  })
  child.stderr?.on('data', (piece) => {
    said += piece
  })
  child.stdin?.end(input)
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, out, said }
}

const run = (...args: string[]): Promise<Outcome> => outcomeOf(begin(...args))

test('get prints the body', async () => {
  expect(await run('get', `${url}/text`)).toEqual({ code: 0, out: 'some text\n', said: '' })
})

test('--head prints the head before it, and head prints nothing else', async () => {
  const [both, head] = await Promise.all([run('get', `${url}/text`, '--head'), run('head', `${url}/text`)])
  expect(both.out).toMatch(/^HTTP\/1\.1 200 OK\n(?:.+\n)+\nsome text\n$/)
  expect(head.out).toMatch(/^HTTP\/1\.1 200 OK\n(?:.+\n)+\n$/)
})

test('post sends data, fields, and JSON where it is to be JSON', async () => {
  writeFileSync(`${folder.path}/data`, 'from a file')
  const [json, file, pipe] = await Promise.all([
    run('post', `${url}/json`, '--json', '-d', '{"a":1}', '-H', 'X-A: b'),
    run('post', `${url}/json`, '-d', '@data'),
    outcomeOf(begin('post', `${url}/json`, '-d', '-'), 'from a pipe'),
  ])
  expect(JSON.parse(json.out)).toMatchObject({
    method: 'POST',
    body: '{"a":1}',
    headers: { 'x-a': 'b', 'content-type': 'application/json', accept: 'application/json' },
  })
  expect(file.out).toContain('"body":"from a file"')
  expect(pipe.out).toContain('"body":"from a pipe"')
})

test('a status of 400 or more is exit code 1, and its body is printed', async () => {
  const [printed, { code, said }] = await Promise.all([
    run('get', `${url}/missing`),
    run('get', `${url}/missing`, '-o', 'missing'),
  ])
  expect(printed).toEqual({ code: 1, out: 'no such thing', said: '' })
  expect([code, existsSync(`${folder.path}/missing`)]).toEqual([1, false])
  expect(said).toContain('404')
})

test.each([
  [['get'], 'URL'],
  [['frob', 'http://a'], 'frob'],
  [['get', 'http://a', '--nonsense'], 'nonsense'],
  [['get', 'http://a', '-H', 'no colon'], 'header'],
  [['get', 'http://a', '-H', 'a b: c'], 'a b'],
  [['get', 'http://a', '--continue'], '--output'],
  [['get', 'http://a', '--timeout', 'soon'], 'seconds'],
  [['get', 'ftp://a'], 'ftp:'],
  [['get', 'http://a', '--proxy', 'ftp://a'], 'proxy'],
])('%j is wrong use, with a word about it', async (args, word) => {
  const used = (async () => perform(parseArguments(args) as Wanted, new AbortController().signal))()
  await expect(used).rejects.toThrow(ArgumentError)
  await expect(used).rejects.toThrow(word)
})

test('wrong use is exit code 2', async () => {
  const said = expect.stringMatching(/URL.*--help/s)
  expect(await run('get')).toEqual({ code: 2, out: '', said })
})

test('no response is exit code 3, and so is half of one', async () => {
  const [refused, late] = await Promise.all([
    run('get', 'http://127.0.0.1:1/'),
    run('get', `${url}/silent`, '--timeout', '0.2'),
  ])
  expect(refused).toMatchObject({ code: 3, said: expect.stringContaining('ECONNREFUSED') })
  expect(late).toMatchObject({ code: 3 })
  expect(late.said).toContain('longer than --timeout allows')
})

test('--help and --version say what they are asked for', async () => {
  const [help, version] = await Promise.all([run('--help'), run('--version')])
  expect(help).toMatchObject({ code: 0, out: expect.stringContaining('--continue') })
  expect(version).toMatchObject({ code: 0, out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) })
})

test('--output writes a file, and a file that cannot be written is exit code 4', async () => {
  expect(await run('get', `${url}/file`, '-o', 'file')).toMatchObject({ code: 0, out: '', said: '' })
  expect(readFileSync(`${folder.path}/file`).equals(FILE)).toBe(true)
  expect(existsSync(`${folder.path}/file.partial`)).toBe(false)
  expect(await run('get', `${url}/file`, '-o', 'no/such/folder')).toMatchObject({ code: 4 })
})

test('--output to a pipe or a device writes there, and puts no file in its place', async () => {
  const pipe = `${folder.path}/pipe`
  execFileSync('mkfifo', [pipe])
  const reader = outcomeOf(start('cat', [pipe], { stdio: ['pipe', 'pipe', 'pipe'] }))
  expect(await run('get', `${url}/text`, '-o', pipe, '--continue')).toMatchObject({ code: 0, said: '' })
  expect(await reader).toMatchObject({ code: 0, out: 'some text\n' })
  expect(statSync(pipe).isFIFO()).toBe(true)
  expect(await run('get', `${url}/text`, '-o', folder.path)).toMatchObject({ code: 4 })
})

test('an output that takes nothing more is exit code 4 with a word about it', async () => {
  const full = openSync('/dev/full', 'w')
  const child = start(process.execPath, [MAIN, 'get', `${url}/text`], { stdio: ['ignore', full, 'pipe'] })
  closeSync(full)
  let said = ''
  child.stderr?.on('data', (piece) => {
    said += piece
  })
  const [code] = await once(child, 'close')
  expect({ code, said }).toEqual({ code: 4, said: expect.stringMatching(/^ENOSPC[^\n]*\n$/) })
})

/** Ends it by SIGINT when half of the file is there. */
async function interrupted(name: string): Promise<Outcome> {
  const child = begin('get', `${url}/half`, '-o', name)
  const ended = outcomeOf(child)
  const partial = `${folder.path}/${name}.partial`
  while (!existsSync(partial) || statSync(partial).size < 500_000) await sleep(5)
  child.kill('SIGINT')
  return ended
}

test('Ctrl-C leaves a part, with which --continue goes on', async () => {
  expect(await interrupted('resumed')).toMatchObject({
    code: 130,
    said: expect.stringContaining('--continue'),
  })
  expect(existsSync(`${folder.path}/resumed`)).toBe(false)
  ranges.length = 0
  expect(await run('get', `${url}/half`, '-o', 'resumed', '--continue')).toMatchObject({ code: 0 })
  expect(ranges).toEqual(['bytes=500000- "one"'])
  expect(readFileSync(`${folder.path}/resumed`).equals(FILE)).toBe(true)
  expect(existsSync(`${folder.path}/resumed.partial.json`)).toBe(false)
})

/** On a terminal of 80 columns, whose text is given. */
async function onTerminal(
  args: readonly string[],
  partial: string,
  act: (keys: (text: string) => void) => void,
): Promise<{ text: string; code: number | null }> {
  const command = `stty cols 80; exec '${process.execPath}' '${MAIN}' ${args.map((arg) => `'${arg}'`).join(' ')}`
  const child = start('script', ['-q', '-e', '-c', command, 'typescript'], {
    cwd: folder.path,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, TERM: 'xterm', SHELL: '/bin/sh', CI: '' },
  })
  let text = ''
  child.stdout.on('data', (piece) => {
    text += piece
  })
  const ended = once(child, 'close')
  // The first of it is shown.
  while (!text.includes(partial.replace('.partial', '')) || !existsSync(`${folder.path}/${partial}`))
    await sleep(5)
  act((keys) => child.stdin.write(keys))
  const [code] = (await ended) as [number | null]
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what moves about on a terminal
  return { text: text.replace(/\x1b\[[?0-9;]*[A-Za-z]/g, ''), code }
}

test('on a terminal a download shows how far it is, and that it is done', async () => {
  const { text, code } = await onTerminal(['get', `${url}/slow`, '-o', 'bar'], 'bar.partial', () => goOn())
  expect(text).toMatch(/✔ bar {2}█{24} 100% {2}300\.0 kB of 300\.0 kB {2}[\d.]+ [kMG]?B\/s\r?\n/)
  expect(code).toBe(0)
  expect(statSync(`${folder.path}/bar`).size).toBe(300_000)
})

test('Ctrl-C on a terminal ends a download, which is not shown as done, and what nobody can go on with goes', async () => {
  const args = ['get', `${url}/endless`, '-o', 'never']
  const { text, code } = await onTerminal(args, 'never.partial', (keys) => keys('\x03'))
  expect(text).toContain('interrupted')
  expect(text).toContain('✖ never')
  expect(text).not.toContain('✔')
  expect(code).toBe(130)
  for (const name of ['never', 'never.partial', 'never.partial.json'])
    expect(existsSync(`${folder.path}/${name}`)).toBe(false)
})

test('Ctrl-C ends it while it waits for what it is to send', async () => {
  const child = begin('post', `${url}/json`, '-d', '-')
  const ended = once(child, 'close')
  // More than a pipe holds: it reads.
  await new Promise((resolve) => child.stdin?.write(Buffer.alloc(1_000_000), resolve))
  child.kill('SIGINT')
  expect((await ended)[0]).toBe(130)
})

test('what is printed into a pipe that is closed early ends well', async () => {
  const child = start('sh', ['-c', `'${process.execPath}' '${MAIN}' get '${url}/file'; echo $? >&2`], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  child.stderr.on('data', (piece) => {
    said += piece
  })
  child.stdout.once('data', () => child.stdout.destroy())
  await once(child, 'close')
  expect(said).toBe('0\n')
})

test('--continue begins anew when the server has another version', async () => {
  await interrupted('changed')
  writeFileSync(`${folder.path}/changed.partial`, Buffer.alloc(500_000, 'old'))
  const partial = JSON.parse(readFileSync(`${folder.path}/changed.partial.json`, 'utf8'))
  writeFileSync(`${folder.path}/changed.partial.json`, JSON.stringify({ ...partial, url: `${url}/file` }))
  etag = '"two"'
  expect(await run('get', `${url}/file`, '-o', 'changed', '-c')).toMatchObject({ code: 0 })
  etag = '"one"'
  expect(readFileSync(`${folder.path}/changed`).equals(FILE)).toBe(true)
})

test('--continue of what is all there gets nothing more', async () => {
  writeFileSync(`${folder.path}/whole.partial`, FILE)
  writeFileSync(
    `${folder.path}/whole.partial.json`,
    JSON.stringify({ url: `${url}/file`, validator: '"one"' }),
  )
  expect(await run('get', `${url}/file`, '-o', 'whole', '-c')).toMatchObject({ code: 0 })
  expect(readFileSync(`${folder.path}/whole`).equals(FILE)).toBe(true)
})

test('a download is described with its share, size, rate and time left', () => {
  expect(describeProgress('f', 0, 500_000, 1_000_000, 1_000)).toBe(
    'f  ████████████░░░░░░░░░░░░ 50%  500.0 kB of 1.0 MB  500.0 kB/s  00:01',
  )
  expect(describeProgress('f', 0, 999, undefined, 0)).toBe('f  999 B  0 B/s')
})
