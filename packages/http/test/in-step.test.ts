/** What the two ends of a connection must see alike, where a message ends and something else begins. */
import { Event, memoryStreamPair, spawn, yieldSlice } from '@shrapnel/core'
import { describe, expect, test } from 'vitest'
import { type Handler, serveStream } from '../src/index.js'
import { answers, body, get, inMemory, post, status } from './conversation.js'

const UPGRADE = 'Connection: Upgrade\r\nUpgrade: echo\r\n'
const echo: Handler = () => ({
  status: 101,
  headers: { upgrade: 'echo' },
  upgrade: async (stream) => {
    for (let bytes = await stream.recv(); bytes.length > 0; bytes = await stream.recv())
      await stream.send(bytes)
  },
})

describe('an upgrade', () => {
  test('begins behind the body of its request, read or not', async () => {
    for (const handler of [
      echo,
      async (request: Parameters<Handler>[0]) => {
        await request.body.bytes()
        return echo(request)
      },
    ]) {
      await using talk = await inMemory(handler)
      await talk.send(`${post('a body', UPGRADE)}and more`)
      expect(body(await talk.until((text) => text.endsWith('and more')))).toBe('and more')
    }
  })

  test('is refused with 400 while its body is not there', async () => {
    await using talk = await inMemory(echo)
    const head = `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n${UPGRADE}\r\nabc`
    const answer = await talk.ask(head)
    expect(status(answer)).toBe(400)
    expect(answer).toContain('Connection: close')
  })

  test('is refused where its body is wrong', async () => {
    await using talk = await inMemory(echo)
    const head = `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n${UPGRADE}\r\nxyz\r\n`
    expect(status(await talk.ask(head))).toBe(400)
  })
})

describe('CONNECT', () => {
  test('that is not granted ends the connection: what follows is no request', async () => {
    let requests = 0
    await using talk = await inMemory(() => {
      requests++
      return { status: 405 }
    })
    const answer = await talk.ask(`CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n${get('/hidden')}`)
    expect(answer.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 405'])
    expect(answer).toContain('Connection: close')
    expect(requests).toBe(1)
  })
})

describe('a client that has sent its last, where that is allowed', () => {
  const talkTo = async (handler: Handler, sent: string): Promise<string> => {
    const [client, server] = memoryStreamPair()
    const session = spawn(() => serveStream(server, handler, { allowHalfClose: true }))
    await client.send(sent)
    await client.shutdown()
    let text = ''
    for (let came = await client.recv(); came.length > 0; came = await client.recv()) text += came.toString()
    await session.join()
    return text
  }

  test('gets an answer to each request that it sent', async () => {
    const text = await talkTo(
      async ({ path }) => {
        await yieldSlice()
        return { body: `<${path}>` }
      },
      get('/1') + get('/2') + get('/3'),
    )
    expect(text.match(/<.*?>/g)).toEqual(['</1>', '</2>', '</3>'])
    expect(text.match(/Connection: close/g)).toHaveLength(1)
  })

  test('gets those before a request that is cut', async () => {
    const text = await talkTo(
      async ({ path }) => {
        await yieldSlice()
        return { body: `<${path}>` }
      },
      `${get('/1')}${get('/2')}GET /3 HT`,
    )
    expect(text.match(/<.*?>/g)).toEqual(['</1>', '</2>'])
  })

  test('is not waited for in the middle of a body behind other requests', async () => {
    const text = await talkTo(
      async ({ path, body }) => {
        await yieldSlice()
        return { body: `<${path} ${await body.text().catch((error) => error.code)}>` }
      },
      `${get('/1')}${post('ab', '', '/2')}${post('abc', '', '/3').slice(0, -1)}`,
    )
    expect(text.match(/<.*?>/g)).toEqual(['</1 >', '</2 ab>', '</3 HTTP_CUT>'])
  })

  test('is heard to its end by a handler that asks for the body late', async () => {
    for (const sent of [
      post('abc'),
      post('3\r\nabc\r\n0\r\n\r\n').replace(/Content-Length: \d+/, 'Transfer-Encoding: chunked'),
    ]) {
      const text = await talkTo(async (request) => {
        for (let i = 0; i < 10; i++) await yieldSlice()
        return { body: await request.body.text() }
      }, sent)
      expect(body(text)).toBe('abc')
    }
  })

  test('is not waited for where a body was not read and will not come', async () => {
    const text = await talkTo(() => ({ body: 'early' }), post('x').slice(0, -1))
    expect(body(text)).toBe('early')
  })
})

test('requests behind one that waits are answered when the client still sends', async () => {
  const go = new Event()
  await using talk = await inMemory(async ({ path }) => {
    if (path === '/1') await go.wait()
    return { body: path }
  })
  await talk.send(get('/1') + get('/2'))
  go.set()
  expect(await talk.until(answers(2))).toContain('/2')
})

test('an upgrade that fails is told of, and one whose client went away is not', async () => {
  const told: unknown[] = []
  for (const code of ['MINE', 'ECONNRESET']) {
    const handler: Handler = () => ({
      status: 101,
      upgrade: async () => {
        throw Object.assign(new Error(code), { code })
      },
    })
    const options = { onError: (error: unknown, { path }: { path: string }) => told.push([error, path]) }
    await using talk = await inMemory(handler, options)
    await talk.ask(get('/up', UPGRADE))
  }
  expect(told).toEqual([[expect.objectContaining({ code: 'MINE' }), '/up']])
})
