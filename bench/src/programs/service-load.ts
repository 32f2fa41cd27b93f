/**
 * As many browsers as it is told, without the browsers: each has the two WebSockets of the link board's page, the links and the arena. Posts
 * links, and looks when the last of them has each. Prints one line; `service-load.js URL BROWSERS POSTS` tries a service that runs already.
 */
import { Event, group, inParallel, now, sleep, withTimeout } from '@shrapnel/core'
import { client, connectWebSocket, type WebSocketConnection } from '@shrapnel/http'

/** Connections at a time while all are being opened. */
const AT_ONCE = 50
const WATCH_MS = 5_000
const PATIENCE_MS = 60_000
/** Below what the service lets one address post in the long run. */
const BETWEEN_POSTS_MS = 250

const [url = '', browsersText = '1000', postsText = '20'] = process.argv.slice(2)
const [browsers, posts] = [Number(browsersText), Number(postsText)]

/** One post on its way to all pages. */
class Arrival {
  readonly everywhere = new Event<number>()
  #count = 0

  arrived(): void {
    this.#count++
    if (this.#count === browsers) this.everywhere.set(now())
  }
}

const arrivals = new Map<string, Arrival>()
let frames = 0
let lost = 0

async function read(page: WebSocketConnection): Promise<void> {
  try {
    for await (const message of page) {
      const text = message as string
      if (!text.startsWith('{"type":"link",')) continue
      const link = JSON.parse(text) as { url: string; title: string | null; problem: string | null }
      // It is told of again when its page has been looked at.
      if (link.title === null && link.problem === null) arrivals.get(link.url)?.arrived()
    }
  } catch {
    lost++
  }
}

async function watch(arena: WebSocketConnection): Promise<void> {
  try {
    for await (const _frame of arena) frames++
  } catch {
    lost++
  }
}

async function openAll(path: string): Promise<WebSocketConnection[]> {
  const open: WebSocketConnection[] = []
  while (open.length < browsers) {
    const some = Array.from({ length: Math.min(AT_ONCE, browsers - open.length) }, () => async () => {
      return connectWebSocket(url.replace('http', 'ws') + path)
    })
    open.push(...(await inParallel(some)))
  }
  return open
}

/** Until the last page has it, in milliseconds. */
async function post(number: number): Promise<number> {
  const link = `http://service-load.invalid/${process.pid}/${number}`
  const arrival = new Arrival()
  arrivals.set(link, arrival)
  const startedAt = now()
  const response = await client.post(`${url}/api/links`, { json: { url: link, note: 'load' } })
  if (response.status !== 201) throw new Error(`the post was answered with ${response.status}`)
  response.discard()
  return (await withTimeout(PATIENCE_MS, async () => arrival.everywhere.wait())) - startedAt
}

function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? Number.NaN
}

const startedAt = now()
const pages = await openAll('/live')
const arenas = await openAll('/arena')
const openMs = now() - startedAt
await group(async (readers) => {
  for (const page of pages) readers.spawn({ name: 'page' }, read, page)
  for (const arena of arenas) readers.spawn({ name: 'arena' }, watch, arena)
  await sleep(WATCH_MS / 5)
  frames = 0
  await sleep(WATCH_MS)
  const framesPerSecond = (frames * 1000) / WATCH_MS / browsers
  const times: number[] = []
  for (let i = 0; i < posts; i++) {
    times.push(await post(i))
    await sleep(BETWEEN_POSTS_MS)
  }
  const figures = {
    openMs,
    framesPerSecond,
    medianMs: quantile(times, 0.5),
    slowestMs: quantile(times, 1),
    lost,
  }
  process.stdout.write(`${JSON.stringify(figures)}\n`)
  process.exit(0)
})
