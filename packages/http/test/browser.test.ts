/** Chromium as a client: it is started once, and its page asks the server that it came from. */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Event, sleep } from '@shrapnel/core'
import { commandPath, type TemporaryFolder, temporaryFolder } from '@shrapnel/test-support'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  compose,
  compress,
  eventStream,
  files,
  html,
  noContent,
  router,
  type Server,
  serve,
  statusPage,
  text,
} from '../src/index.js'
import { digest, patternBytes } from './peers/answering.js'

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]
const DOWNLOAD = patternBytes(2_000_000)

let folder: TemporaryFolder
let server: Server
let browser: Browser
let page: Page
/** Times that the event stream was asked for, with the id that the browser had last. */
const asked: (string | undefined)[] = []
let hasBegun = 0
let hasEnded = 0

/** The first piece, and the others when the page has that one. */
const goesOn = new Event()
async function* numbers(): AsyncGenerator<string> {
  yield '0\n'
  await goesOn.wait()
  for (let i = 1; i < 100; i++) yield `${i}\n`
}

const app = router()
  .get('/', () =>
    html('<!doctype html><title>a page</title><a id="file" href="/files/data.bin" download>data</a>'),
  )
  .post('/count', async (request) => text(`${request.version} ${(await request.body.bytes()).length}`))
  .get('/numbers', () => ({ headers: { 'cache-control': 'no-transform' }, body: numbers() }))
  .post('/go-on', () => {
    goesOn.set()
    return noContent()
  })
  .get('/endless', async () => {
    hasBegun++
    try {
      await sleep(60_000)
      return {}
    } finally {
      hasEnded++
    }
  })
  .get('/status', statusPage({ refreshSeconds: 0 }))
  .get('/events', (request) => {
    asked.push(request.headers.get('last-event-id'))
    return eventStream(
      request,
      async (send) => {
        const first = Number(request.headers.get('last-event-id') ?? 0) + 1
        for (let id = first; id < first + 3; id++)
          await send({ id: `${id}`, event: 'count', data: `line ${id}\nand more` })
      },
      { retryMs: 10 },
    )
  })

beforeAll(async () => {
  folder = await temporaryFolder()
  const root = join(folder.path, 'files')
  await mkdir(root)
  await writeFile(join(root, 'data.bin'), DOWNLOAD)
  await writeFile(join(root, 'text.txt'), 'a line of text\n'.repeat(2_000))
  const behind = compose([compress(), files(root, { prefix: '/files', listing: true })], app)
  server = await serve({ port: 0 }, behind)
  browser = await chromium.launch({
    executablePath: commandPath('chromium'),
    headless: true,
    args: FLAGS,
    downloadsPath: folder.path,
  })
  page = await browser.newPage()
  await page.goto(server.url)
}, 60_000)
afterAll(async () => {
  await browser.close()
  await server.stop()
  await folder.remove()
})

test('a page comes as it is', async () => {
  expect(await page.title()).toBe('a page')
})

test('what is fetched comes piece by piece', async () => {
  const pieces = await page.evaluate(async () => {
    const response = await fetch('/numbers')
    const found: string[] = []
    const reader = (response.body as ReadableStream<Uint8Array>).getReader()
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return found
      found.push(new TextDecoder().decode(value))
      if (found.length === 1) await fetch('/go-on', { method: 'POST' })
    }
  })
  expect(pieces.join('')).toBe(Array.from({ length: 100 }, (_, i) => `${i}\n`).join(''))
  expect(pieces[0]).toBe('0\n')
})

test('what is sent comes whole', async () => {
  const counted = await page.evaluate(async () => {
    const bytes = new Uint8Array(3_000_000)
    const whole = await fetch('/count', { method: 'POST', body: bytes })
    const blob = await fetch('/count', { method: 'POST', body: new Blob([bytes, 'x']) })
    return [await whole.text(), await blob.text()]
  })
  expect(counted).toEqual(['1.1 3000000', '1.1 3000001'])
})

test('many requests at a time each get their answer', async () => {
  const answers = await page.evaluate(async () => {
    const all = Array.from({ length: 60 }, (_, i) => fetch('/count', { method: 'POST', body: 'x'.repeat(i) }))
    return Promise.all(all.map(async (response) => (await response).text()))
  })
  expect(answers).toEqual(Array.from({ length: 60 }, (_, i) => `1.1 ${i}`))
})

test('a request that the page gives up cancels its handler', async () => {
  await page.evaluate(() => {
    const controller = new AbortController()
    Object.assign(globalThis, {
      controller,
      asking: fetch('/endless', { signal: controller.signal }).catch(() => {}),
    })
  })
  while (hasBegun === 0) await sleep(1)
  await page.evaluate(() => (globalThis as unknown as { controller: AbortController }).controller.abort())
  while (hasEnded === 0) await sleep(1)
  expect([hasBegun, hasEnded]).toEqual([1, 1])
})

test('events come with their ids, and the browser comes back for those after them', async () => {
  const events = await page.evaluate(
    () =>
      new Promise<string[]>((resolve) => {
        const found: string[] = []
        const source = new EventSource('/events')
        source.addEventListener('count', (event) => {
          const { lastEventId, data } = event as unknown as { lastEventId: string; data: string }
          if (found.push(`${lastEventId}: ${data}`) < 6) return
          source.close()
          resolve(found)
        })
      }),
  )
  expect(events).toEqual([1, 2, 3, 4, 5, 6].map((id) => `${id}: line ${id}\nand more`))
  expect(asked.slice(0, 2)).toEqual([undefined, '3'])
})

test('a file is downloaded, compressed where that helps, and in parts', async () => {
  const [download] = await Promise.all([page.waitForEvent('download'), page.click('#file')])
  expect(digest(await readFile(await download.path()))).toBe(digest(DOWNLOAD))
  const fetched = await page.evaluate(async () => {
    const response = await fetch('/files/text.txt')
    const part = await fetch('/files/data.bin', { headers: { Range: 'bytes=10-19' } })
    const again = await fetch('/files/text.txt', { cache: 'no-cache' } as RequestInit)
    return {
      coding: response.headers.get('content-encoding'),
      length: (await response.text()).length,
      part: [part.status, ...new Uint8Array(await part.arrayBuffer())],
      again: again.status,
    }
  })
  expect(fetched.coding).toMatch(/^(?:br|gzip|zstd)$/)
  expect(fetched).toMatchObject({ length: 30_000, part: [206, ...DOWNLOAD.subarray(10, 20)], again: 200 })
})

test.each([
  ['a telephone', 390, 'dark'],
  ['a desk', 1280, 'light'],
] as const)(
  'the pages of this package fit on %s, and load nothing that they may not',
  async (_where, width, colorScheme) => {
    const visit = await browser.newPage({ viewport: { width, height: 800 }, colorScheme })
    const complaints: string[] = []
    visit.on('console', (message) => complaints.push(message.text()))
    visit.on('pageerror', (error) => complaints.push(error.message))
    for (const [path, text] of [
      ['/status', 'main'],
      ['/files/', 'text.txt'],
    ]) {
      await visit.goto(`${server.url}${path}`)
      const found = await visit.evaluate(() => {
        const { document, getComputedStyle } = globalThis as unknown as {
          document: { body: { textContent: string }; documentElement: { scrollWidth: number } }
          getComputedStyle(element: object): { fontFamily: string }
        }
        const { body, documentElement } = document
        const { fontFamily } = getComputedStyle(body)
        return { scrollWidth: documentElement.scrollWidth, text: body.textContent, font: fontFamily }
      })
      expect(found.scrollWidth, path).toBeLessThanOrEqual(width)
      expect(found.text).toContain(text)
      // Its style is let in by the policy.
      expect(found.font).toMatch(/^system-ui/)
    }
    // No page has an icon, which a browser asks for once.
    expect(complaints.filter((line) => !line.includes('404'))).toEqual([])
    await visit.close()
  },
)
