import { get } from 'node:https'
import type { TLSSocket } from 'node:tls'
import { BufferedReader, sleep, tcp, unix } from '@shrapnel/core'
import { connectWebSocket, html, router, type Server, serve } from '@shrapnel/http'
import { type TemporaryFolder, temporaryFolder } from '@shrapnel/test-support'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Progress } from '../../service/board.js'
import type { Link } from '../../service/link.js'
import { Terminal } from '../terminal.js'
import { BoardProcess } from './board-process.js'
import { LivePage } from './live-page.js'

let folder: TemporaryFolder
let board: BoardProcess
let elsewhere: Server

beforeAll(async () => {
  elsewhere = await serve(
    { port: 0 },
    router().get('/*name', ({ params }) => html(`<title>Page ${params.name}</title>`)),
  )
  folder = await temporaryFolder()
  board = await BoardProcess.start({ folder, args: ['--fetch-private'] })
}, 60_000)
afterAll(async () => {
  await board[Symbol.asyncDispose]()
  await elsewhere.stop()
  await folder.remove()
})

function pageUrl(name: string): string {
  return `${elsewhere.url}/${name}`
}

test('a link is posted, gets the title of its page, and can be had by its number', async () => {
  await using page = await LivePage.open(board)
  const response = await board.post({ url: pageUrl('first'), note: '  worth a look ' })
  const link = (await response.json()) as Link
  expect(response.status).toBe(201)
  expect(response.headers.get('location')).toBe(`/api/links/${link.id}`)
  expect(link).toMatchObject({ url: pageUrl('first'), note: 'worth a look' })
  await page.until(({ type, title }) => type === 'link' && title === 'Page first')
  expect(await board.get(`/api/links/${link.id}`)).toMatchObject({
    ...link,
    title: 'Page first',
    version: expect.any(Number),
  })
})

test('the same URL again is the link that is there', async () => {
  const first = (await (await board.post({ url: 'Example.COM/x' })).json()) as Link
  const again = await board.post({ url: 'https://example.com/x', note: 'another note' })
  expect(again.status).toBe(200)
  expect(await again.json()).toMatchObject({ id: first.id, url: 'https://example.com/x', note: '' })
})

test.each([
  [{}, 'A link needs a URL.'],
  [{ url: 'javascript:alert(1)' }, 'Links begin with http or https.'],
  [{ url: 'https://user:secret@example.com/' }, 'A link has no place for a password.'],
  [{ url: 'http://' }, 'That is no URL.'],
  [{ url: `https://example.com/${'x'.repeat(2000)}` }, 'A URL has at most 2000 characters.'],
  [{ url: 'https://example.com/', note: 'x'.repeat(501) }, 'A note has at most 500 characters.'],
  [{ url: 'https://example.com/', note: 7 }, 'A note is text.'],
])('%j cannot be posted, by JSON nor by JSON-RPC', async (body, message) => {
  const response = await board.post(body)
  expect(response.status).toBe(422)
  expect(await response.json()).toEqual({ error: { code: 'INVALID', message } })
  expect(await board.rpc('links.post', body)).toMatchObject({
    error: { code: -32_602, message, data: { code: 'INVALID' } },
  })
})

test('what is no JSON, and what a page of another site can send, is refused', async () => {
  const send = (type: string, body: string) =>
    fetch(`${board.url}/api/links`, { method: 'POST', headers: { 'content-type': type }, body })
  expect((await send('application/json', '{')).status).toBe(400)
  expect((await send('text/plain', '{"url":"https://example.com/"}')).status).toBe(415)
  expect((await send('application/json', `"${'x'.repeat(20_000)}"`)).status).toBe(413)
  await expect(
    connectWebSocket(`${board.url.replace('http', 'ws')}/live`, {
      headers: { origin: 'https://example.com' },
    }),
  ).rejects.toMatchObject({ code: 'WS_REFUSED', status: 403 })
})

test('search finds all words or their beginnings, in titles, notes and URLs', async () => {
  await board.post({ url: 'https://blog.example.org/structured-concurrency', note: 'Über Müßiggang & mehr' })
  const find = async (query: string) =>
    ((await board.get(`/api/links?q=${encodeURIComponent(query)}`)) as { links: Link[] }).links.map(
      ({ url }) => url,
    )
  for (const query of ['concurrency', 'STRUCT blog', 'müßig', 'über mehr', "org & | ! ') (concurr"])
    expect(await find(query), query).toEqual(['https://blog.example.org/structured-concurrency'])
  expect(await find('structured elsewhere')).toEqual([])
  expect(await find('first')).toEqual([pageUrl('first')])
})

test('links come in pages, the newest first', async () => {
  for (let i = 0; i < 5; i++) await board.post({ url: `https://pages.example/${i}` })
  const first = (await board.get('/api/links?q=pages&limit=3')) as { links: Link[]; hasMore: boolean }
  expect(first.links.map(({ url }) => url.at(-1))).toEqual(['4', '3', '2'])
  expect(first.hasMore).toBe(true)
  const rest = (await board.get(`/api/links?q=pages&before=${first.links.at(-1)?.id}`)) as typeof first
  expect(rest.links.map(({ url }) => url.at(-1))).toEqual(['1', '0'])
  expect(rest.hasMore).toBe(false)
})

test('JSON-RPC does the same, one call or many', async () => {
  expect(await board.rpc('links.post', { url: 'https://rpc.example/' })).toMatchObject({
    result: { url: 'https://rpc.example/' },
  })
  expect(await board.rpc('links.find', { q: 'rpc', limit: 1 })).toMatchObject({
    result: { links: [{ url: 'https://rpc.example/' }], hasMore: false },
  })
  expect(await board.rpc('links.get', { id: 123_456 })).toMatchObject({
    error: { data: { code: 'NOT_FOUND' } },
  })
  expect(await board.rpc('links.find', { limit: 'many' })).toMatchObject({ error: { code: -32_602 } })
  expect(await board.rpc('no.such')).toMatchObject({ error: { code: -32_601 } })
  const batch = [1, 2].map((id) => ({ jsonrpc: '2.0', id, method: 'status' }))
  expect(await (await board.post(batch, '/rpc')).json()).toMatchObject([
    { result: { database: 'up' } },
    { id: 2 },
  ])
})

test('what is not there is a 404', async () => {
  for (const path of ['/api/links/999999', '/api/links/99999999999', '/nothing', '/../package.json'])
    expect((await fetch(`${board.url}${path}`)).status, path).toBe(404)
  expect((await fetch(`${board.url}/api/links/x`)).status).toBe(422)
})

test('a page that comes hears what it missed, and nothing else', async () => {
  await using first = await LivePage.open(board)
  const all = await first.until(({ type }) => type === 'links')
  expect(all.isAll).toBe(true)
  const since = all.since as Progress
  expect(since.version).toBe(Math.max(...(all.links ?? []).map((link) => link.version)))
  await board.post({ url: 'https://missed.example/' })
  await using second = await LivePage.open(board, since)
  const missed = await second.until(({ type }) => type === 'links')
  expect(missed.isAll).toBe(false)
  expect(missed.links?.map(({ url }) => url)).toContain('https://missed.example/')
  expect(missed.links?.every((link) => link.version > since.version)).toBe(true)
})

test('pages know all that is in the database, also when whoever posted has gone away', async () => {
  for (let i = 0; i < 20; i++) {
    const body = JSON.stringify({ url: `https://rude.example/${i}` })
    using socket = await tcp.connect('127.0.0.1', board.ports.http)
    await socket.send(
      `POST /api/links HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    )
    // Somewhere between its arrival and its answer.
    await sleep(i / 2)
    socket.reset()
  }
  await board.post({ url: 'https://rude.example/last' })
  const { links } = (await board.get('/api/links?q=rude')) as { links: Link[] }
  await using page = await LivePage.open(board)
  const heard = (await page.until(({ type }) => type === 'links')).links?.map(({ url }) => url) ?? []
  expect(heard.filter((url) => url.includes('rude'))).toEqual(links.map(({ url }) => url))
})

test('who has come as far in another database, or further than this one, gets all', async () => {
  await using page = await LivePage.open(board)
  const { since } = await page.until(({ type }) => type === 'links')
  const { board: identity, version } = since as Progress
  const others = [
    { board: '00000000-0000-0000-0000-000000000000', version },
    { board: identity, version: version + 1_000_000 },
    { board: identity, version: Number.NaN },
  ]
  for (const seen of others) {
    await using other = await LivePage.open(board, seen)
    expect((await other.until(({ type }) => type === 'links')).isAll).toBe(true)
  }
})

test('canvas and telnet show one arena', async () => {
  const socket = await connectWebSocket(`${board.url.replace('http', 'ws')}/arena`)
  const whole = numbersOf(await socket.receive())
  expect([...whole.subarray(0, 3)]).toEqual([0, 80, 22])
  expect(whole).toHaveLength(3 + 80 * 22)
  await using terminal = await Terminal.connect(board.ports.telnet)
  await terminal.untilThereAre({ worms: 10 })
  await socket.send('n')
  await terminal.untilThereAre({ worms: 11 })
  terminal.press('h')
  const cells = whole.slice(3)
  while (cells.some(isWorm)) {
    const [type, ...changes] = numbersOf(await socket.receive())
    expect(type).toBe(1)
    for (let at = 0; at < changes.length; at += 2) cells[changes[at] as number] = changes[at + 1] as number
  }
  await terminal.untilThereAre({ worms: 0 })
  await socket.close()
})

function numbersOf(message: string | Buffer): Uint16Array {
  const bytes = new Uint8Array(message as Buffer)
  return new Uint16Array(bytes.buffer)
}

function isWorm(cell: number): boolean {
  return !' +=|'.includes(String.fromCharCode(cell & 0xff))
}

test('the page is served with a policy that lets no foreign code in, over https too', async () => {
  const response = await fetch(`${board.url}/`)
  expect(response.headers.get('content-security-policy')).toMatch(/^default-src 'none'; script-src 'self';/)
  expect(await response.text()).toContain('<title>Link board</title>')
  const names = await new Promise((resolve, reject) => {
    // The certificate is a throwaway: nobody has signed it.
    const request = get({ port: board.ports.https, path: '/', rejectUnauthorized: false }, (answer) => {
      expect(answer.headers['content-security-policy']).toBe(response.headers.get('content-security-policy'))
      resolve((answer.socket as TLSSocket).getPeerCertificate().subjectaltname)
      answer.destroy()
    })
    request.on('error', reject)
  })
  expect(names).toBe('DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1')
})

test('the coroutines of the program can be seen while it runs', async () => {
  const response = await fetch(`${board.url}/coroutines`, { headers: { accept: 'application/json' } })
  const text = await response.text()
  for (const name of ['embedded database', 'titles', 'telnet']) expect(text).toContain(name)
})

test('the backdoor leads to the board', async () => {
  using door = await unix.connect(board.backdoorPath)
  const lines = new BufferedReader(door)
  await door.send('(await board.find({ query: "first" })).links[0].title\n')
  for (;;) if ((await lines.readLine()).includes("'Page first'")) return
})

// The last one: it takes all that this address may post.
test('who posts too often is told to wait, in either way, and may go on reading', async () => {
  let posts = 0
  for (; posts < 200; posts++) if ((await board.post({ url: 'https://often.example/' })).status === 429) break
  expect(posts).toBeLessThan(200)
  const refused = await Promise.all(
    Array.from({ length: 10 }, () => board.rpc('links.post', { url: 'https://often.example/' })),
  )
  expect(refused).toContainEqual(
    expect.objectContaining({ error: expect.objectContaining({ data: { code: 'TOO_MANY' } }) }),
  )
  for (let reads = 0; reads < 60; reads++)
    expect(await board.rpc('links.find', { q: 'often' })).toHaveProperty('result')
})
