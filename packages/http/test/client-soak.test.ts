import { sleep, spawn, withTimeout } from '@shrapnel/core'
import { seededRandom } from '@shrapnel/test-support'
import { expect, test } from 'vitest'
import { createClient, type HttpClient } from '../src/index.js'
import { type Line, scripted } from './scripted-server.js'

const SEED = 4_711
const WORKERS = 12
const ROUNDS = 60

/** Answers with what it was asked for, in one of several ways; sometimes it closes, before or behind that. */
async function answer(line: Line, path: string, random: () => number): Promise<boolean> {
  const body = `${path} `.repeat(1 + Math.floor(random() * 200))
  const kind = random()
  if (kind < 0.03) return false
  const isLast = kind < 0.1
  const fields = isLast ? 'Connection: close\r\n' : ''
  const cut = Math.floor(random() * body.length)
  if (random() < 0.5) {
    const text = `HTTP/1.1 200 OK\r\n${fields}Content-Length: ${body.length}\r\n\r\n${body}`
    const at = Math.floor(random() * text.length)
    await line.send(text.slice(0, at))
    if (random() < 0.2) await sleep(random() * 3)
    await line.send(text.slice(at))
  } else {
    const [one, two] = [body.slice(0, cut), body.slice(cut)]
    const chunks = [one, two].filter((piece) => piece !== '')
    const text = chunks.map((piece) => `${piece.length.toString(16)}\r\n${piece}\r\n`).join('')
    await line.send(`HTTP/1.1 200 OK\r\n${fields}Transfer-Encoding: chunked\r\n\r\n${text}0\r\n\r\n`)
  }
  return !isLast
}

async function work(client: HttpClient, url: string, name: string, random: () => number): Promise<number> {
  let answered = 0
  for (let round = 0; round < ROUNDS; round++) {
    const path = `/${name}/${round}`
    const limitMs = random() < 0.1 ? random() * 4 : 20_000
    try {
      const response = await withTimeout(limitMs, () => client.get(url + path))
      if (random() < 0.1) {
        response.discard()
        continue
      }
      const text = await response.text()
      // The answer to this very request, whatever happened to others.
      expect(text.replaceAll(`${path} `, '')).toBe('')
      answered++
    } catch (error) {
      const { code } = error as { code?: string }
      if (code !== 'TIMEOUT' && code !== 'HTTP_CUT') throw error
    }
  }
  return answered
}

test.each([1, 4])(
  'every answer belongs to its request, %i deep, whatever is cancelled or cut',
  async (pipelining) => {
    const draw = seededRandom(SEED + pipelining)
    using server = scripted(async (line) => {
      for (;;) {
        const request = await line.request()
        if (request === '' || !(await answer(line, request.split(' ')[1] as string, draw))) return
      }
    })
    using client = createClient({ maxConnectionsPerOrigin: 5, pipelining })
    const workers = Array.from({ length: WORKERS }, (_, i) =>
      spawn(() => work(client, server.url, `w${i}`, draw)),
    )
    let answered = 0
    for (const worker of workers) answered += await worker.join()
    expect(answered).toBeGreaterThan(WORKERS * ROUNDS * 0.5)
    expect(client.stats[0]).toMatchObject({ waiting: 0 })
  },
)
