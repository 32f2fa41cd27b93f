/** nginx and haproxy in front of the server, as they are set up in the field. */
import { once } from 'node:events'
import { connect } from 'node:net'
import { Readable } from 'node:stream'
import { type RealServer, startHaproxy, startNginxProxy } from '@shrapnel/test-support'
import { Agent, request } from 'undici'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Server, serve } from '../../src/index.js'
import { CHUNKS } from '../corpus/chunks.js'
import { CODINGS } from '../corpus/codings.js'
import { FIELDS } from '../corpus/fields.js'
import { LENGTHS } from '../corpus/lengths.js'
import { LINES } from '../corpus/lines.js'
import { MEANINGS } from '../corpus/meanings.js'
import { TARGETS } from '../corpus/targets.js'
import { answering, digest, PIECE, patternBytes } from './answering.js'

const CORPUS = [LENGTHS, CODINGS, CHUNKS, LINES, FIELDS, TARGETS, MEANINGS].flat()

let server: Server
let nginx: RealServer
let haproxy: RealServer
const dispatcher = new Agent({ keepAliveTimeout: 1_000 })
const ports = new Set<number>()

beforeAll(async () => {
  server = await serve({ port: 0, onError: () => {} }, (asked) => {
    if (asked.peer !== undefined) ports.add(asked.peer.port)
    return answering(asked)
  })
  const options = { upstreamPort: server.port }
  ;[nginx, haproxy] = await Promise.all([startNginxProxy(options), startHaproxy(options)])
}, 30_000)
afterAll(async () => {
  await dispatcher.close()
  await Promise.all([nginx.stop(), haproxy.stop()])
  await server.stop()
})

// First of all: after many connections at a time haproxy keeps none for a while.
test('proxies that keep connections use few of them', async () => {
  for (const proxy of [nginx, haproxy]) {
    ports.clear()
    for (let i = 0; i < 50; i++) {
      const { body } = await request(`http://127.0.0.1:${proxy.port}/x`, { dispatcher })
      await body.dump()
    }
    expect(ports.size, proxy === nginx ? 'nginx' : 'haproxy').toBeLessThan(5)
  }
})

const PLACES = [
  ['nginx that keeps connections', () => nginx, ''],
  ['nginx that buffers nothing', () => nginx, '/unbuffered'],
  ['nginx that speaks HTTP/1.0', () => nginx, '/old'],
  ['haproxy that keeps connections', () => haproxy, ''],
  ['haproxy with a connection for each request', () => haproxy, '/closing'],
] as const

describe.each(PLACES)('behind %s', (_name, proxy, prefix) => {
  const url = (name: string): string => `http://127.0.0.1:${proxy().port}${prefix}/${name}`

  test('requests are answered, one after another', async () => {
    for (let i = 0; i < 20; i++) {
      const { statusCode, body } = await request(url('hello'), { dispatcher })
      expect([statusCode, await body.text()]).toEqual([200, 'Hello, world!'])
    }
  })

  test('large bodies pass both ways, whole', async () => {
    const bytes = patternBytes(3_000_000)
    const sent = await request(url('summary'), { dispatcher, method: 'POST', body: bytes })
    expect(await sent.body.json()).toMatchObject({ length: bytes.length, sha1: digest(bytes) })
    const received = await request(url('large?3000000'), { dispatcher })
    expect(digest(await received.body.bytes())).toBe(digest(bytes))
  })

  test('bodies whose length nobody knows pass both ways', async () => {
    const sent = await request(url('summary'), {
      dispatcher,
      method: 'POST',
      body: Readable.from(Array.from({ length: 25 }, () => PIECE)),
    })
    expect(await sent.body.json()).toMatchObject({ length: 1_000_000, sha1: digest(patternBytes(1_000_000)) })
    const received = await request(url('pieces?25'), { dispatcher })
    expect(digest(await received.body.bytes())).toBe(digest(patternBytes(1_000_000)))
  })

  test('a body comes back while it is sent', async () => {
    const bytes = patternBytes(1_000_000)
    const { body } = await request(url('echo'), { dispatcher, method: 'POST', body: bytes })
    expect(digest(await body.bytes())).toBe(digest(bytes))
  })

  test('an answer to a body that nobody read arrives', async () => {
    for (const length of [10, 100_000, 2_000_000]) {
      const { statusCode, body } = await request(url('unread'), {
        dispatcher,
        method: 'PUT',
        body: patternBytes(length),
      })
      expect([statusCode, await body.text()]).toEqual([403, 'no, thank you'])
    }
  })

  test('HEAD and 204 have no body, and the next answer is the next', async () => {
    const head = await request(url('large?70000'), { dispatcher, method: 'HEAD' })
    expect([head.headers['content-length'], await head.body.text()]).toEqual(['70000', ''])
    const nothing = await request(url('nothing'), { dispatcher })
    expect([nothing.statusCode, await nothing.body.text()]).toEqual([204, ''])
    const next = await request(url('next?1'), { dispatcher })
    expect(await next.body.text()).toBe(`${prefix}/next?1`)
  })

  test('many clients at a time each get their own answers', async () => {
    const texts = await Promise.all(
      Array.from({ length: 200 }, async (_, i) => (await request(url(`a?${i}`), { dispatcher })).body.text()),
    )
    expect(texts).toEqual(Array.from({ length: 200 }, (_, i) => `${prefix}/a?${i}`))
  })
})

test('what takes over a connection passes through both', async () => {
  for (const proxy of [nginx, haproxy]) {
    const client = connect(proxy.port, '127.0.0.1')
    client.write('GET /upgrade/upgrade HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n')
    let text = ''
    client.on('data', (bytes: Buffer) => {
      text += bytes.toString('latin1')
      if (text.endsWith('\r\n\r\n')) client.write('hello')
      if (text.endsWith('hello')) client.end()
    })
    await once(client, 'close')
    expect(text).toMatch(/^HTTP\/1\.1 101 /)
    expect(text).toMatch(/hello$/)
  }
})

/** Sends the bytes as a client that then goes away, and waits until the proxy has let go of it. */
async function sendAndLeave(port: number, bytes: Buffer): Promise<void> {
  const client = connect(port, '127.0.0.1')
  client.on('error', () => {})
  client.resume()
  client.end(bytes)
  await once(client, 'close')
}

describe.each([
  ['nginx', () => nginx],
  ['haproxy', () => haproxy],
] as const)('%s and the server', (_name, proxy) => {
  test('are in step whatever a client sends: whoever comes next gets its own answers', async () => {
    const wrong: string[] = []
    for (const [why, text] of CORPUS) {
      await sendAndLeave(proxy().port, Buffer.from(text, 'latin1'))
      const target = `/victim?${encodeURIComponent(why)}`
      const answers = await Promise.all(
        [1, 2].map(async (i) => {
          const { statusCode, body } = await request(`http://127.0.0.1:${proxy().port}${target}${i}`, {
            dispatcher,
          })
          return `${statusCode} ${await body.text()}`
        }),
      )
      if (answers.join() !== `200 ${target}1,200 ${target}2`) wrong.push(`${why}: ${answers}`)
    }
    expect(wrong).toEqual([])
  }, 60_000)
})
