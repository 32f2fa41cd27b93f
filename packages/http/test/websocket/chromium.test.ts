/** Against a browser that people use: headless Chromium, from a page that our own server gave it. */
import { commandPath } from '@shrapnel/test-support'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { acceptWebSocket, type Server, serve } from '../../src/index.js'

/** What runs in the page: the types of Node know nothing of it. */
interface BrowserSocket {
  readonly protocol: string
  readonly extensions: string
  binaryType: string
  send(data: string | Uint8Array): void
  close(code: number, reason: string): void
  onopen: () => void
  onmessage: (event: { readonly data: string | ArrayBuffer }) => void
  onclose: (event: { readonly code: number; readonly reason: string; readonly wasClean: boolean }) => void
}
interface Asked {
  readonly url: string
  readonly protocols: string[]
  readonly lengths: number[]
}
interface Told {
  readonly protocol: string
  readonly extensions: string
  readonly texts: number[]
  readonly bytes: number[]
  readonly code: number
  readonly reason: string
  readonly wasClean: boolean
}

let server: Server
let browser: Browser
let page: Page

beforeAll(async () => {
  server = await serve({ port: 0 }, (request) => {
    if (request.path === '/') return { headers: { 'content-type': 'text/html' }, body: '<title>page</title>' }
    const isFussy = request.path === '/elsewhere'
    return acceptWebSocket(
      request,
      {
        protocols: ['second', 'third'],
        compression: request.path === '/deflate' ? { thresholdBytes: 0 } : false,
        ...(isFussy ? { origins: ['https://elsewhere.example'] } : {}),
      },
      async (socket) => {
        if (request.path === '/bye') await socket.close(4003, 'bye, bröwser')
        for await (const message of socket) await socket.send(message)
      },
    )
  })
  browser = await chromium.launch({
    executablePath: commandPath('chromium') ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-dev-shm-usage'],
  })
  page = await browser.newPage()
  await page.goto(`${server.url}/`)
}, 60_000)
afterAll(async () => {
  await browser?.close()
  await server?.stop({ graceMs: 500 })
})

function ask(path: string, lengths: number[] = []): Promise<Told> {
  const asked: Asked = {
    url: `${server.url.replace('http', 'ws')}${path}`,
    protocols: ['first', 'second'],
    lengths,
  }
  return page.evaluate(({ url, protocols, lengths }) => {
    const { WebSocket } = globalThis as unknown as {
      WebSocket: new (url: string, protocols: string[]) => BrowserSocket
    }
    return new Promise<Told>((resolve) => {
      const socket = new WebSocket(url, protocols)
      const texts: number[] = []
      const bytes: number[] = []
      socket.binaryType = 'arraybuffer'
      socket.onopen = () => {
        for (const length of lengths) {
          socket.send('ü'.repeat(length))
          socket.send(new Uint8Array(length).fill(length))
        }
      }
      socket.onmessage = ({ data }) => {
        if (typeof data === 'string') texts.push(data === 'ü'.repeat(data.length) ? data.length : -1)
        else
          bytes.push(
            new Uint8Array(data).every((byte) => byte === data.byteLength % 256) ? data.byteLength : -1,
          )
        if (bytes.length === lengths.length && texts.length === lengths.length) socket.close(4004, 'done')
      }
      socket.onclose = ({ code, reason, wasClean }) => {
        const { protocol, extensions } = socket
        resolve({ protocol, extensions, texts, bytes, code, reason, wasClean })
      }
    })
  }, asked)
}

describe('Chromium', () => {
  const lengths = [0, 1, 125, 126, 1_000, 65_535, 65_536, 300_000]

  test.each([
    ['/plain', ''],
    ['/deflate', 'permessage-deflate; server_no_context_takeover; client_no_context_takeover'],
  ])('is echoed at %s', async (path, extensions) => {
    const told = await ask(path, lengths)
    expect(told).toEqual({
      protocol: 'second',
      extensions,
      texts: lengths,
      bytes: lengths,
      code: 4004,
      reason: 'done',
      wasClean: true,
    })
  })

  test('is told why it is closed', async () => {
    expect(await ask('/bye')).toMatchObject({ code: 4003, reason: 'bye, bröwser', wasClean: true })
  })

  test('does not get in from a page of another site', async () => {
    expect(await ask('/elsewhere')).toMatchObject({ code: 1006, wasClean: false })
  })
})
