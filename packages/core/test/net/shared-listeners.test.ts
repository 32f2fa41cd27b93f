/** Listeners that several processes share (`exclusive`): who is woken, who accepts, and what it costs to wait. */
import { type ChildProcess, spawn as startChild } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expectNoDescriptorLeak } from '@shrapnel/test-support'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Listener, type Socket, spawn, tcp, yieldSlice } from '../../src/index.js'
import { native } from '../../src/native.js'
import { drain, duplicate, outcomeOf, pairOver, until, untilIn } from './connections.js'
import { compileOddPeer, OddPeer } from './odd-peer.js'

const sharer = fileURLToPath(new URL('../programs/shares-listener.mjs', import.meta.url))
const isSlow = process.env.SHRAPNEL_SLOW !== undefined
const START_MS = isSlow ? 60_000 : 30_000
let oddPeer: string

beforeAll(() => {
  oddPeer = compileOddPeer()
}, 60_000)
afterAll(() => rmSync(oddPeer, { force: true }))

type Kind = 'exclusive' | 'ordinary'

/** A process that accepts from `listener`. */
class Sharer implements Disposable {
  readonly #child: ChildProcess
  output = ''

  constructor(listener: Listener, kind: Kind, what = 'serve', before = '') {
    const command = `${before} exec "${process.execPath}" "${sharer}" ${kind} ${what}`
    this.#child = startChild('sh', ['-c', command], { stdio: ['ignore', 'pipe', 'inherit', listener.fd] })
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.output += text
    })
  }

  get pid(): number {
    return this.#child.pid as number
  }

  /** Waits until it has said so many lines; the last of them. */
  async line(count: number): Promise<string> {
    const lines = (): string[] => this.output.split('\n').slice(0, -1)
    await until(() => lines().length >= count, `line ${count} of ${this.output}`, START_MS)
    return lines()[count - 1] as string
  }

  /** How often its thread has gone to sleep. */
  get sleeps(): number {
    return Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(this.#proc('status'))?.[1])
  }

  get isAsleep(): boolean {
    return /\) S /.test(this.#proc('stat'))
  }

  #proc(file: string): string {
    return readFileSync(`/proc/${this.pid}/${file}`, 'latin1')
  }

  [Symbol.dispose](): void {
    this.#child.kill('SIGKILL')
  }
}

/** Four processes that wait for connections. */
async function four(listener: Listener, kind: Kind): Promise<Sharer[]> {
  const sharers = Array.from({ length: 4 }, () => new Sharer(listener, kind))
  for (const each of sharers) await each.line(1)
  await allAsleep(sharers)
  return sharers
}

const allAsleep = (sharers: readonly Sharer[]): Promise<void> =>
  until(() => sharers.every(({ isAsleep }) => isAsleep), 'all asleep')

/** The process that answers. */
async function ask(listener: Listener): Promise<number> {
  const client = await tcp.connect('127.0.0.1', listener.port)
  const answer = Number(await drain(client))
  client.close()
  return answer
}

/** One connection after another, each with all processes asleep again: how many each accepted, and how often they woke. */
async function measure(kind: Kind, connections: number): Promise<{ shares: number[]; wakes: number }> {
  using listener = tcp.listen({ port: 0 })
  const sharers = await four(listener, kind)
  try {
    const before = sharers.reduce((sum, { sleeps }) => sum + sleeps, 0)
    const shares = new Map(sharers.map(({ pid }) => [pid, 0]))
    for (let i = 0; i < connections; i++) {
      const pid = await ask(listener)
      shares.set(pid, (shares.get(pid) ?? 0) + 1)
      await allAsleep(sharers)
    }
    const wakes = sharers.reduce((sum, { sleeps }) => sum + sleeps, 0) - before
    return { shares: [...shares.values()], wakes }
  } finally {
    for (const each of sharers) each[Symbol.dispose]()
  }
}

const total = (numbers: readonly number[]): number => numbers.reduce((sum, each) => sum + each, 0)

describe('four processes that share a listener', () => {
  test('are not all woken by each connection, and each takes its share', {
    timeout: 2 * START_MS,
  }, async () => {
    const exclusive = await measure('exclusive', 200)
    expect(total(exclusive.shares)).toBe(200)
    expect(exclusive.shares).toHaveLength(4)
    expect(Math.min(...exclusive.shares)).toBeGreaterThan(0)
    const ordinary = await measure('ordinary', 200)
    expect(total(ordinary.shares)).toBe(200)
    // About 200 and 800: one wakes, or four.
    expect(exclusive.wakes).toBeLessThan(ordinary.wakes / 2)
  })

  test('answer also when they die one after the other', { timeout: 2 * START_MS }, async () => {
    using listener = tcp.listen({ port: 0 })
    const sharers = await four(listener, 'exclusive')
    while (sharers.length > 0) {
      const living = sharers.map(({ pid }) => pid)
      for (let i = 0; i < 20; i++) expect(living).toContain(await ask(listener))
      sharers.pop()?.[Symbol.dispose]()
    }
  })

  test('answer many at once', { timeout: 2 * START_MS }, async () => {
    using listener = tcp.listen({ port: 0 })
    const sharers = await four(listener, 'exclusive')
    const pids = sharers.map(({ pid }) => pid)
    const asking = Array.from({ length: 200 }, () => spawn(() => ask(listener)))
    for (const each of asking) expect(pids).toContain(await each.join())
    for (const each of sharers) each[Symbol.dispose]()
  })
})

test('a connection whose wake-up went to a process that does not take it is taken by another', {
  timeout: 2 * START_MS,
}, async () => {
  using listener = tcp.listen({ port: 0 })
  using swallower = new OddPeer(oddPeer, 'swallow', 3, listener.fd)
  await until(() => swallower.output === 'done\n')
  using sharer = new Sharer(listener, 'exclusive')
  await sharer.line(1)
  await allAsleep([sharer])
  expect(await ask(listener)).toBe(sharer.pid)
  expect(swallower.output).toBe('done\nswallowed\n')
})

describe('connections that a process does not take cost it no rounds of the loop', () => {
  // It is one or four. A loop that spins makes thousands in the 300 ms that are counted; one that took itself off the listener
  // only when it goes to the end of the queue would make sixteen.
  const FEW = 12

  test.each([
    ['nobody accepts', 'pause', ''],
    ['there are no descriptors', 'exhaust', 'ulimit -n 256;'],
  ] as const)('while %s', { timeout: START_MS }, async (_, what, before) => {
    using listener = tcp.listen({ port: 0 })
    using sharer = new Sharer(listener, 'exclusive', what, before)
    await sharer.line(1)
    const clients: Socket[] = []
    for (let i = 0; i < 100; i++) clients.push(await tcp.connect('127.0.0.1', listener.port))
    expect(Number(await sharer.line(2))).toBeLessThan(FEW)
    // And none is forgotten.
    for (const client of clients) {
      expect(Number(await drain(client))).toBe(sharer.pid)
      client.close()
    }
  })
})

test('a process whose accepts are cancelled again and again accepts like any other', {
  timeout: START_MS,
}, async () => {
  using listener = tcp.listen({ port: 0 })
  using sharer = new Sharer(listener, 'exclusive', 'cancel')
  await sharer.line(1)
  for (let i = 0; i < 20; i++) expect(await ask(listener)).toBe(sharer.pid)
})

describe('in one process', () => {
  test('two listeners on one socket both accept, and closing one leaves the other', async () => {
    const one = tcp.listen({ port: 0, exclusive: true })
    using other = tcp.listen({ fd: await duplicate(one.fd), exclusive: true })
    for (const listener of [one, other, one]) {
      const { client, server } = await pairOver(listener, () => tcp.connect('127.0.0.1', one.port))
      client.close()
      server.close()
    }
    const waiting = spawn(() => one.accept())
    await untilIn(waiting, 'accept')
    one.close()
    expect(await outcomeOf(waiting)).toMatchObject({ code: 'CLOSED' })
    const { client, server } = await pairOver(other, () => tcp.connect('127.0.0.1', other.port))
    client.close()
    server.close()
  })

  test('connections that came while nobody accepted are all accepted afterwards', async () => {
    using listener = tcp.listen({ port: 0, exclusive: true })
    const clients: Socket[] = []
    for (let round = 0; round < 5; round++) {
      const first = spawn(() => listener.accept())
      await untilIn(first, 'accept')
      for (let i = 0; i < 20; i++) clients.push(await tcp.connect('127.0.0.1', listener.port))
      ;(await first.join()).close()
      for (let i = 1; i < 20; i++) (await listener.accept()).close()
    }
    for (const client of clients) client.close()
  })

  test('a listener that comes and goes, waited on or not, leaves no descriptor', async () => {
    await expectNoDescriptorLeak(async () => {
      for (let i = 0; i < 20; i++) {
        const listener = tcp.listen({ port: 0, exclusive: true })
        if (i % 2 === 0) {
          listener.close()
          continue
        }
        const waiting = spawn(() => listener.accept())
        await untilIn(waiting, 'accept')
        for (let turn = 0; turn < i % 3; turn++) await yieldSlice()
        listener.close()
        expect(await outcomeOf(waiting)).toMatchObject({ code: 'CLOSED' })
      }
    })
  })

  test('what is not watched so is told EBADF', () => {
    using listener = tcp.listen({ port: 0 })
    expect(native.setAccepting(listener.fd, 1)).toBeLessThan(0)
  })
})
