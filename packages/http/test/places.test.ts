import { closeSync, openSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { tcp, unix } from '@shrapnel/core'
import {
  type CertificateAuthority,
  makeCertificateAuthority,
  type TemporaryFolder,
  temporaryFolder,
} from '@shrapnel/test-support'
import { tls } from '@shrapnel/tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Handler, type HttpRequest, type ServeOptions, serve } from '../src/index.js'
import { body, get, lastGet, post } from './conversation.js'

let authority: CertificateAuthority
let certificate: { readonly cert: string; readonly key: string }
let folder: TemporaryFolder
beforeAll(async () => {
  authority = await makeCertificateAuthority()
  const { chainPem: cert, keyPem: key } = await authority.issue()
  certificate = { cert, key }
  folder = await temporaryFolder()
}, 60_000)
afterAll(async () => {
  await authority.close()
  await folder.remove()
})

async function readAll(stream: { recv(): Buffer | Promise<Buffer> }): Promise<string> {
  let text = ''
  for (let bytes = await stream.recv(); bytes.length > 0; bytes = await stream.recv())
    text += bytes.toString('latin1')
  return text
}

describe('over TLS', () => {
  const connect = (port: number) =>
    tls.connect('127.0.0.1', port, {
      ca: authority.certificatePem,
      serverName: 'localhost',
      alpn: ['h2', 'http/1.1'],
    })

  test('a server speaks http/1.1, and its handlers know of TLS', async () => {
    let seen: HttpRequest | undefined
    let address: string | undefined
    await using server = await serve({ port: 0, tls: certificate }, async (request) => {
      seen = request
      address = request.peer?.address
      return { body: await request.body.text() }
    })
    expect(server.url).toBe(`https://127.0.0.1:${server.port}`)
    using client = await connect(server.port)
    expect(client.alpn).toBe('http/1.1')
    await client.send(post('secret') + lastGet('/x'))
    expect(await readAll(client)).toMatch(/\r\n\r\nsecretHTTP/)
    expect(seen?.tls).toMatchObject({ alpn: 'http/1.1', serverName: 'localhost' })
    expect(seen?.url.href).toBe('https://a/x')
    expect(address).toBe('127.0.0.1')
  })

  test('a long answer and a long body are whole', async () => {
    const bytes = Buffer.alloc(1_000_000, 'abcdefg')
    await using server = await serve({ port: 0, tls: certificate }, async (request) => ({
      close: true,
      body: await request.body.bytes(),
    }))
    using client = await connect(server.port)
    await client.send(post(bytes.toString('latin1')))
    expect(body(await readAll(client)) === bytes.toString('latin1')).toBe(true)
  })

  test('a file goes out through TLS, too', async () => {
    const path = join(folder.path, 'tls.txt')
    writeFileSync(path, '0123456789'.repeat(100_000))
    await using server = await serve({ port: 0, tls: certificate }, fileHandler(path))
    using client = await connect(server.port)
    await client.send(lastGet())
    expect(body(await readAll(client))).toBe('0123456789'.repeat(100_000).slice(5, 900_005))
  })
})

let closed = 0
function fileHandler(path: string, length = 900_000): Handler {
  return () => {
    const fd = openSync(path, 'r')
    const close = (): void => {
      closed++
      closeSync(fd)
    }
    return { body: { file: { fd, offset: 5, length, close } } }
  }
}

describe('a file', () => {
  test('is sent from its offset on, and closed; also for HEAD', async () => {
    const path = join(folder.path, 'plain.txt')
    writeFileSync(path, '0123456789'.repeat(300_000))
    await using server = await serve({ port: 0 }, fileHandler(path, 2_900_000))
    using client = await tcp.connect('127.0.0.1', server.port)
    closed = 0
    await client.send(lastGet())
    expect(body(await readAll(client)) === '0123456789'.repeat(300_000).slice(5, 2_900_005)).toBe(true)
    using second = await tcp.connect('127.0.0.1', server.port)
    await second.send('HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
    expect(await readAll(second)).toMatch(/Content-Length: 2900000\r\n.*\r\n\r\n$/s)
    expect(closed).toBe(2)
  })

  test('that is shorter than was said cuts the connection', async () => {
    const path = join(folder.path, 'short.txt')
    writeFileSync(path, '0123456789')
    const errors: unknown[] = []
    await using server = await serve(
      { port: 0, onError: (error) => errors.push(error) },
      fileHandler(path, 100),
    )
    using client = await tcp.connect('127.0.0.1', server.port)
    await client.send(get())
    await expect(readAll(client)).rejects.toMatchObject({ code: 'ECONNRESET' })
    expect(errors).toMatchObject([{ code: 'HTTP_HEADER' }])
  })
})

describe('a server listens', () => {
  const hello: Handler = (request) => ({ body: String(request.peer?.address) })

  test('at a path', async () => {
    const path = join(folder.path, 'socket')
    await using server = await serve({ path }, hello)
    expect(server.port).toBe(0)
    using client = await unix.connect(path)
    await client.send(lastGet())
    expect(body(await readAll(client))).toBe('undefined')
  })

  test('on a listener that is given to it', async () => {
    const listener = tcp.listen({ port: 0 })
    await using server = await serve({ listener }, hello)
    using client = await tcp.connect('127.0.0.1', listener.port)
    await client.send(lastGet())
    expect(body(await readAll(client))).toBe('127.0.0.1')
    await server.stop()
    expect(listener.isClosed).toBe(true)
  })

  test.each([
    ['no place', {}, 'ERR_INCOMPATIBLE_OPTION_PAIR'],
    ['two places', { port: 0, path: '/a' }, 'ERR_INCOMPATIBLE_OPTION_PAIR'],
    ['a limit that is misspelt', { port: 0, maxHeadByte: 1 }, 'ERR_UNKNOWN_OPTION'],
    ['a limit that is none', { port: 0, maxHeadBytes: 0 }, 'ERR_OUT_OF_RANGE'],
    ['a time that is text', { port: 0, idleTimeoutMs: '5' }, 'ERR_INVALID_ARG_TYPE'],
    ['a port that is none', { port: 70_000 }, 'ERR_OUT_OF_RANGE'],
    ['a switch that is a number', { port: 0, allowHalfClose: 1 }, 'ERR_INVALID_ARG_TYPE'],
  ])('not with %s', async (_why, options, code) => {
    await expect(serve(options as ServeOptions, hello)).rejects.toMatchObject({ code })
  })

  test('not without a handler', async () => {
    await expect(serve({ port: 0 }, undefined as unknown as Handler)).rejects.toMatchObject({
      code: 'ERR_INVALID_ARG_TYPE',
    })
  })
})
