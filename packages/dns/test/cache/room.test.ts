/** What the cache takes of memory: that it counts truly, keeps to its limit, and that nothing else is kept. */
import { spawn } from '@shrapnel/core'
import { collectGarbage, expectFlatHeap } from '@shrapnel/test-support'
import { describe, expect, test } from 'vitest'
import type { Upstream } from '../../src/resolution.js'
import { Resolver } from '../../src/resolver.js'
import type { Message, Question, ResourceRecord } from '../../src/wire/index.js'
import { a, cname, mx, outcomeOf, reply, ScriptedUpstream, soa } from './scripted-upstream.js'

const MANY = 4_000

/** Keeps nothing itself. */
const answering = (answer: (question: Question) => Partial<Message>): Upstream => ({
  ask: async (question) => reply(answer(question), question),
})

const txt = (name: string): ResourceRecord => {
  const strings = [new Uint8Array(200).fill(65), new Uint8Array(20).fill(66)]
  return { name, type: 'TXT', class: 'IN', ttl: 300, data: { strings } }
}

/** A string that is a slice of a longer one, as a name cut out of a line of text is. */
const slice = (text: string): string => `${'x'.repeat(5_000)}${text}`.slice(5_000)

const shapes: readonly (readonly [what: string, answer: (question: Question) => Partial<Message>])[] = [
  ['one address', ({ name }) => ({ answers: [a(name)] })],
  [
    'eight addresses behind two aliases',
    ({ name }) => ({
      answers: [
        cname(name, `edge.${name}`),
        cname(`edge.${name}`, `pop.${name}`),
        ...Array.from({ length: 8 }, (_, i) => a(`pop.${name}`, `192.0.2.${i}`)),
      ],
    }),
  ],
  ['mail servers', ({ name }) => ({ answers: [mx(name, `mx1.${name}`), mx(name, `mx2.${name}`)] })],
  ['texts', ({ name }) => ({ answers: [txt(name)] })],
  ['a SOA', ({ name }) => ({ answers: [soa(name)] })],
  [
    'an alias alone',
    ({ name, type }) => ({
      answers: [cname(name, `edge.${name}`)],
      authorities: type === 'A' ? [soa(name)] : [],
    }),
  ],
  ['no such name', ({ name }) => ({ rcode: 'NXDOMAIN', authorities: [soa(name)] })],
  ['a bad reply', () => ({ rcode: 'REFUSED' })],
]
const types = ['A', 'A', 'MX', 'TXT', 'SOA', 'A', 'A', 'A']

describe('what is kept', () => {
  test.each(shapes)(
    'takes the memory that is counted: %s',
    async (what, answer) => {
      const type = types[shapes.findIndex(([shape]) => shape === what)] as string
      const resolver = new Resolver(answering(answer), { maxCacheBytes: 1e9 })
      const fill = async (from: number) => {
        for (let i = from; i < from + MANY; i++) {
          const name = slice(`host-number-${i}.example.com`)
          await outcomeOf(resolver.resolve(name, type))
          // What it gives is kept as well, for those who ask next.
          await outcomeOf(resolver.resolve(name, type))
        }
      }
      // The first ones compile code and fill V8's own tables.
      await fill(0)
      const before = { counted: resolver.inspect().cacheBytes, real: memory() }
      await fill(MANY)
      const counted = resolver.inspect().cacheBytes - before.counted
      const real = memory() - before.real
      expect(resolver.inspect().entries).toHaveLength(2 * MANY)
      expect(counted / real, `${counted / MANY} counted each, ${real / MANY} real`).toBeGreaterThan(0.9)
      expect(counted / real, `${counted / MANY} counted each, ${real / MANY} real`).toBeLessThan(1.35)
    },
    30_000,
  )

  test('is no more than the limit, and what was used least recently goes first', async () => {
    const resolver = new Resolver(new ScriptedUpstream(({ name }) => ({ answers: [a(name)] })), {
      maxCacheBytes: 50_000,
    })
    await resolver.resolve('kept.test', 'A')
    for (let i = 0; i < 1_000; i++) {
      await resolver.resolve(`${i}.test`, 'A')
      expect(resolver.resolve('kept.test', 'A')).toMatchObject({ source: 'cache' })
      expect(resolver.inspect().cacheBytes).toBeLessThanOrEqual(50_000)
    }
    const { entries, totals, cacheBytes } = resolver.inspect()
    expect(cacheBytes).toBe(entries.reduce((sum, { bytes }) => sum + bytes, 0))
    expect(totals.evictions).toBe(1_001 - entries.length)
    const newest = Array.from({ length: entries.length - 1 }, (_, i) => `${999 - i}.test`)
    expect(entries.map(({ name }) => name)).toEqual(['kept.test', ...newest])
  })

  test('is not what is larger than all there is room for', async () => {
    const upstream = new ScriptedUpstream(({ name, type }) => ({
      answers: [type === 'A' ? a(name) : txt(name)],
    }))
    const resolver = new Resolver(upstream, { maxCacheBytes: 900 })
    await resolver.resolve('small.test', 'A')
    const { records } = await resolver.resolve('large.test', 'TXT')
    expect(records).toHaveLength(1)
    expect(resolver.inspect().entries.map(({ name }) => name)).toEqual(['small.test'])
  })
})

describe('nothing is retained', () => {
  test('by a million lookups of one name', async () => {
    const resolver = new Resolver(answering(({ name }) => ({ answers: [a(name, '192.0.2.1', 86_400)] })))
    await resolver.resolve('www.test', 'A')
    await expectFlatHeap(1_000_000, () => resolver.resolve('www.test', 'A'))
  }, 30_000)

  test('by questions that are shared, fail, or are given up', async () => {
    const resolver = new Resolver(
      answering(({ name }) =>
        name === 'fails.test' ? { rcode: 'REFUSED' } : { answers: [a(name, '192.0.2.1', 0)] },
      ),
      { failureTtlSeconds: 0 },
    )
    const rounds = async (): Promise<void> => {
      const doomed = spawn(() => resolver.resolve('www.test', 'A'))
      const both = [
        resolver.resolve('www.test', 'A'),
        resolver.resolve('www.test', 'A'),
        resolver.resolve('fails.test', 'A'),
      ]
      doomed.shutdown()
      await Promise.all([...both, doomed.join()].map(outcomeOf))
      await outcomeOf(resolver.resolve('given-up.test', 'A', { timeoutMs: 0 }))
    }
    await expectFlatHeap(5_000, rounds, { warmUpRounds: 2_000 })
    expect(resolver.inspect()).toMatchObject({ inFlight: [], entries: [], cacheBytes: 0 })
  }, 30_000)

  test('by a cache that was filled many times over', async () => {
    let last = 0
    const resolver = new Resolver(
      answering(({ name }) => ({ answers: [a(name)] })),
      { maxCacheBytes: 100_000 },
    )
    await expectFlatHeap(20_000, () => resolver.resolve(`${last++}.test`, 'A'))
  }, 30_000)
})

function memory(): number {
  for (let i = 0; i < 3; i++) collectGarbage()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}
