/** Clients that are not ours: curl, Node's http with and without an agent, undici with pipelining, wrk. */
import { once } from 'node:events'
import {
  type IncomingMessage,
  Agent as NodeAgent,
  request as nodeRequest,
  type RequestOptions,
} from 'node:http'
import { connect } from 'node:net'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { curl, type TemporaryFolder, temporaryFolder, wrk } from '@shrapnel/test-support'
import { Client, request } from 'undici'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Server, serve } from '../../src/index.js'
import { answers, get } from '../conversation.js'
import { answering, digest, PIECE, patternBytes } from './answering.js'

let server: Server
let folder: TemporaryFolder
let handled = 0
const BODY = patternBytes(1_000_000)

beforeAll(async () => {
  folder = await temporaryFolder()
  server = await serve({ port: 0 }, (asked) => {
    handled++
    return answering(asked)
  })
})
afterAll(async () => {
  expect(await server.stop({ graceMs: 5_000 })).toBe(0)
  await folder.remove()
})

const url = (path: string): string => `${server.url}${path}`

describe('curl', () => {
  const run = async (path: string, args: string[] = [], stdin: string | Uint8Array = ''): Promise<string> => {
    const { code, stdout, stderr } = await curl(url(path), { args, stdin })
    expect([code, stderr]).toEqual([0, ''])
    return stdout
  }

  test('gets what is there', async () => {
    expect(await run('/hello')).toBe('Hello, world!')
    expect(await run('/hello', ['--http1.0'])).toBe('Hello, world!')
    expect(await run('/hello', ['--http1.0', '--header', 'Connection: keep-alive'])).toBe('Hello, world!')
  })

  test('asks for HTTP/2 in plain text, and gets HTTP/1.1', async () => {
    expect(await run('/hello', ['--http2', '--write-out', ' %{http_version}'])).toBe('Hello, world! 1.1')
  })

  test('gets a head alone', async () => {
    const head = await run('/large?70000', ['--head'])
    expect(head).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
    expect(head).toContain('Content-Length: 70000\r\n')
  })

  test.each([
    ['with a length', []],
    ['in chunks', ['--header', 'Transfer-Encoding: chunked']],
    ['when it was told to go on', ['--header', 'Expect: 100-continue', '--expect100-timeout', '5']],
    ['at once where it may wait', ['--header', 'Expect:']],
    ['slowly, and in chunks', ['--header', 'Transfer-Encoding: chunked', '--limit-rate', '4M']],
  ])('uploads %s', async (_how, args) => {
    const answer = await run('/summary', [...args, '--data-binary', '@-'], BODY)
    expect(JSON.parse(answer)).toMatchObject({ length: BODY.length, sha1: digest(BODY) })
  })

  test('is told at once that its body is not wanted', async () => {
    const args = ['--header', 'Expect: 100-continue', '--expect100-timeout', '5', '--data-binary', '@-']
    const answer = await run('/unread', [...args, '--write-out', ' %{http_code} %{size_upload}'], BODY)
    expect(answer).toBe('no, thank you 403 0')
  })

  test('sees the trailers of a chunked answer', async () => {
    const head = join(folder.path, 'head')
    await run('/pieces?3', ['--dump-header', head, '--output', '/dev/null', '--raw'])
    const plain = await run('/pieces?3', ['--raw', '--include'])
    expect(plain).toMatch(/\r\n0\r\nx-count: 3\r\n\r\n$/)
  })

  test('uses one connection for many requests', async () => {
    const urls = Array.from({ length: 20 }, (_, i) => url(`/x?${i}`))
    const text = await run('/last', [...urls, '--write-out', ' %{num_connects}\\n'])
    const lines = text.trim().split('\n')
    expect(lines).toHaveLength(21)
    expect(lines.filter((line) => line.endsWith(' 1'))).toHaveLength(1)
  })

  test('sends any method, and a target as it is', async () => {
    expect(JSON.parse(await run('/summary', ['--request', 'BREW']))).toMatchObject({ method: 'BREW' })
    expect(await run('/../a/./b', ['--path-as-is'])).toBe('/../a/./b')
    expect(await run('/hello', ['--request', 'OPTIONS', '--request-target', '*'])).toBe('*')
  })

  test('asks as through a proxy', async () => {
    const { stdout } = await curl('http://example.test/x', { args: ['--noproxy', '', '--proxy', server.url] })
    expect(stdout).toBe('http://example.test/x')
  })
})

function ask(
  path: string,
  options: RequestOptions = {},
  body?: Uint8Array,
): Promise<[IncomingMessage, Buffer]> {
  return new Promise((resolve, reject) => {
    const asked = nodeRequest(url(path), options, (answer) => {
      const pieces: Buffer[] = []
      answer.on('data', (bytes: Buffer) => pieces.push(bytes))
      answer.on('end', () => resolve([answer, Buffer.concat(pieces)]))
      answer.on('error', reject)
    })
    asked.on('error', reject)
    asked.end(body)
  })
}

describe("Node's http", () => {
  test('keeps its connections', async () => {
    const agent = new NodeAgent({ keepAlive: true, maxSockets: 2 })
    const texts = await Promise.all(
      Array.from({ length: 100 }, async (_, i) => (await ask(`/x?${i}`, { agent }))[1].toString()),
    )
    expect(texts).toEqual(Array.from({ length: 100 }, (_, i) => `/x?${i}`))
    agent.destroy()
  })

  test('sends and receives bodies, chunked and with trailers', async () => {
    const [, summary] = await ask(
      '/summary',
      { method: 'POST', headers: { 'content-length': BODY.length } },
      BODY,
    )
    expect(JSON.parse(summary.toString())).toMatchObject({ sha1: digest(BODY) })
    const [, echoed] = await ask('/echo', { method: 'POST' }, BODY)
    expect(digest(echoed)).toBe(digest(BODY))
    const [answer, pieces] = await ask('/pieces?20')
    expect([pieces.length, answer.trailers]).toEqual([20 * PIECE.length, { 'x-count': '20' }])
  })

  test('waits for 100 before it sends', async () => {
    const asked = nodeRequest(url('/summary'), { method: 'PUT', headers: { expect: '100-continue' } })
    asked.flushHeaders()
    await once(asked, 'continue')
    asked.end('now')
    const [answer] = (await once(asked, 'response')) as [IncomingMessage]
    expect(JSON.parse(Buffer.concat(await answer.toArray()).toString())).toMatchObject({ length: 3 })
  })

  test('is given the connection that it asked for', async () => {
    const asked = nodeRequest(url('/upgrade'), { headers: { connection: 'Upgrade', upgrade: 'echo' } })
    asked.end()
    const [, socket] = (await once(asked, 'upgrade')) as [IncomingMessage, import('node:net').Socket]
    socket.end('hello')
    expect(Buffer.concat(await socket.toArray()).toString()).toBe('hello')
  })
})

test('a thousand requests in one write are answered in their order', async () => {
  const client = connect(server.port, '127.0.0.1')
  const targets = Array.from({ length: 1_000 }, (_, i) => `/x?${i}`)
  client.write(targets.map((target) => get(target)).join(''))
  let text = ''
  const isEnough = answers(1_000)
  for await (const bytes of client) {
    text += (bytes as Buffer).toString('latin1')
    if (text.endsWith('/x?999') && isEnough(text)) break
  }
  expect(text.match(/\/x\?\d+/g)).toEqual(targets)
})

describe('undici', () => {
  test('sends ten requests ahead, with bodies both ways, and gets all answers', async () => {
    const client = new Client(server.url, { pipelining: 10 })
    const sums = await Promise.all(
      Array.from({ length: 200 }, async (_, i) => {
        const bytes = BODY.subarray(i, i + 100 * i)
        const isPost = i % 3 === 0
        // undici sends ahead what is safe to send again.
        const { body } = isPost
          ? await client.request({ path: '/echo', method: 'PUT', body: bytes, idempotent: true })
          : await client.request({ path: `/x?${i}`, method: 'GET' })
        return isPost ? digest(await body.bytes()) === digest(bytes) : (await body.text()) === `/x?${i}`
      }),
    )
    expect(sums).toEqual(sums.map(() => true))
    await client.close()
  })

  test('streams a body up and down', async () => {
    const body = Readable.from(Array.from({ length: 25 }, () => PIECE))
    const sent = await request(url('/echo'), { method: 'POST', body })
    expect(digest(await sent.body.bytes())).toBe(digest(BODY))
  })
})

const CHECKING = `
local wrong = 0
function response(status, headers, body)
  if status ~= 200 or body ~= "Hello, world!" then wrong = wrong + 1 end
  if wrong > 0 then wrk.thread:set("wrong", wrong) end
end
local threads = {}
function setup(thread) table.insert(threads, thread) end
function done()
  for _, thread in ipairs(threads) do print("wrong answers: " .. (thread:get("wrong") or 0)) end
end
`
const AHEAD = `
local ten
function init() ten = string.rep(wrk.format("GET", "/hello"), 10) end
function request() return ten end
`

describe('wrk', () => {
  test.each([
    ['loses no answer', '', 0],
    ['loses no answer to ten requests in one', AHEAD, 10],
  ])(
    '%s',
    async (_law, script, ahead) => {
      handled = 0
      const {
        answers: count,
        refused,
        failed,
        output,
      } = await wrk(url('/hello'), {
        connections: 50,
        timeS: 1,
        script: CHECKING + script,
      })
      expect({ refused, failed }, output).toEqual({ refused: 0, failed: 0 })
      expect(output).toContain('wrong answers: 0')
      expect(count).toBeGreaterThan(1_000)
      expect(handled).toBeGreaterThanOrEqual(count)
      // What was on its way when it ended.
      expect(handled - count).toBeLessThanOrEqual(50 * (ahead + 1))
    },
    20_000,
  )
})
