/** One server stops while another takes its place on the same port: no client is refused, and no request is lost. */
import { type Socket, sleep, spawn, tcp } from '@shrapnel/core'
import { wrk } from '@shrapnel/test-support'
import { expect, test } from 'vitest'
import { type Handler, type Server, serve } from '../../src/index.js'
import { answers, body, get } from '../conversation.js'

interface Tally {
  readonly answers: string[]
  readonly lost: string[]
  /** Sent again, because the server had closed the connection before it came (RFC 9112, 9.3.1). */
  repeated: number
}

class Visitor {
  #conn: Socket | undefined
  readonly #port: number
  readonly #isNewEachTime: boolean
  readonly #tally: Tally
  constructor(port: number, isNewEachTime: boolean, tally: Tally) {
    this.#port = port
    this.#isNewEachTime = isNewEachTime
    this.#tally = tally
  }

  async visit(target: string): Promise<void> {
    const isReused = this.#conn !== undefined
    let text = ''
    try {
      this.#conn ??= await tcp.connect('127.0.0.1', this.#port)
      await this.#conn.send(get(target, this.#isNewEachTime ? 'Connection: close\r\n' : ''))
      const isEnough = answers(1)
      while (!isEnough(text)) {
        const bytes = await this.#conn.recv()
        if (bytes.length === 0) throw new Error(`it ended after ${JSON.stringify(text)}`)
        text += bytes.toString('latin1')
      }
      this.#tally.answers.push(body(text))
      if (text.includes('Connection: close')) this.leave()
    } catch (error) {
      this.leave()
      if (isReused && text === '') {
        this.#tally.repeated++
        return this.visit(target)
      }
      this.#tally.lost.push(`${target}: ${error}`)
    }
  }

  leave(): void {
    this.#conn?.close()
    this.#conn = undefined
  }
}

const named =
  (name: string): Handler =>
  async (request) => {
    await sleep(1)
    return { body: `${name} ${request.path}` }
  }

const start = (name: string, port: number): Promise<Server> =>
  serve({ port, reusePort: true, backlog: 512 }, named(name))

test.each([
  ['that stay', false],
  ['that are new each time', true],
])(
  'under load, over connections %s',
  async (_which, isNewEachTime) => {
    const tally: Tally = { answers: [], lost: [], repeated: 0 }
    let server = await start('0', 0)
    const { port } = server
    let isOver = false
    const visitors = Array.from({ length: 20 }, (_, i) =>
      spawn(async () => {
        const visitor = new Visitor(port, isNewEachTime, tally)
        for (let n = 0; !isOver; n++) await visitor.visit(`/${i}/${n}`)
        visitor.leave()
      }),
    )
    for (let i = 1; i <= 5; i++) {
      const before = tally.answers.length
      while (tally.answers.length < before + 200) await sleep(1)
      const next = await start(`${i}`, port)
      expect(await server.stop({ graceMs: 5_000 })).toBe(0)
      server = next
    }
    const before = tally.answers.length
    while (tally.answers.length < before + 200) await sleep(1)
    isOver = true
    for (const visitor of visitors) await visitor.join()
    await server.stop()
    expect(tally.lost).toEqual([])
    const paths = tally.answers.map((text) => text.slice(2))
    expect(new Set(paths).size).toBe(paths.length)
    expect([...new Set(tally.answers.map((text) => text[0]))].sort()).toEqual(['0', '1', '2', '3', '4', '5'])
  },
  30_000,
)

test('wrk sees no wrong answer while servers come and go', async () => {
  let server = await start('0', 0)
  const { port } = server
  const running = wrk(`http://127.0.0.1:${port}/x`, { connections: 20, timeS: 2 })
  let isOver = false
  const ended = running.finally(() => {
    isOver = true
  })
  for (let i = 1; !isOver; i++) {
    await sleep(200)
    const next = await start(`${i % 10}`, port)
    expect(await server.stop({ graceMs: 5_000 })).toBe(0)
    server = next
  }
  const { refused, answers: count, output } = await ended
  await server.stop()
  expect(refused, output).toBe(0)
  expect(count).toBeGreaterThan(500)
}, 30_000)
