/** Many at once, on servers and files that behave badly: whoever waits hears something, and in the end nothing is left. */
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { all, Interrupted, now, sleep, spawn, yieldSlice } from '@shrapnel/core'
import {
  expectFlatHeap,
  expectNoDescriptorLeak,
  seededRandom,
  type TemporaryFolder,
  temporaryFolder,
} from '@shrapnel/test-support'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { DnsError } from '../src/errors.js'
import { Servers } from '../src/exchange/servers.js'
import { Resolver } from '../src/resolver.js'
import { parseResolvConf } from '../src/system/resolv-conf.js'
import { SystemResolver } from '../src/system-resolver.js'
import { SystemUpstream } from '../src/system-upstream.js'
import { addressIn, questionOf, until } from './exchange/asking.js'
import { changed, forgery, type Heard, HONEST, LyingServer, refusal, reply } from './exchange/lying-server.js'

let folder: TemporaryFolder
beforeEach(async () => {
  folder = await temporaryFolder()
})
afterEach(() => folder.remove())

function file(name: string, text: string): void {
  writeFileSync(join(folder.path, 'new'), text)
  renameSync(join(folder.path, 'new'), join(folder.path, name))
}

function systemResolver(port: number): SystemResolver {
  const at = (name: string): string => join(folder.path, name)
  const paths = { resolvConf: at('resolv.conf'), hosts: at('hosts'), nsswitch: at('nsswitch.conf') }
  return new SystemResolver({ paths, port, timeoutMs: 2_000 })
}

/** What it comes to: a code, or `done`. Anything else that it throws is the test's failure. */
async function endOf(work: () => unknown): Promise<string> {
  try {
    const value = await work()
    return typeof value === 'string' ? value : 'done'
  } catch (error) {
    if (error instanceof DnsError || error instanceof Interrupted) return (error as { code: string }).code
    throw error
  }
}

/** Answers some at once, some over TCP, some with a failure, some not at all: as the id has it, which is anybody's guess. */
function answersSome(heard: Heard): void {
  const kind = heard.bytes[0] as number
  if (kind < 40) return
  if (kind < 60) heard.say(refusal(heard, 'SERVFAIL'))
  else if (kind < 80 && heard.transport === 'udp') heard.say(reply(heard, { isTruncated: true }))
  else heard.say(kind < 120 ? refusal(heard, 'NXDOMAIN') : reply(heard))
}

test('ten thousand lookups, cancelled at any moment, leave nothing', { timeout: 60_000 }, async () => {
  file('resolv.conf', 'nameserver 127.0.0.1\nsearch one.test two.test\n')
  const random = seededRandom(1)
  using server = new LyingServer(answersSome)
  const before = all().length
  await expectNoDescriptorLeak(async () => {
    const ends = new Map<string, number>()
    const resolver = systemResolver(server.port)
    for (let round = 0; round < 100; round++) {
      const lookups = Array.from({ length: 100 }, (_, i) =>
        spawn(() => endOf(() => resolver.lookup(`host-${round}-${i % 70}`, { family: i % 3 === 0 ? 0 : 4 }))),
      )
      for (const each of lookups) {
        if (random() < 0.02) await yieldSlice()
        if (random() < 0.9) each.interrupt()
      }
      await yieldSlice()
      for (const each of lookups) each.interrupt()
      for (const each of lookups) {
        const end = await endOf(() => each.join())
        ends.set(end, (ends.get(end) ?? 0) + 1)
      }
    }
    expect(
      [...ends.keys()].filter((end) => !['INTERRUPTED', 'done', 'ENOTFOUND', 'EAI_AGAIN'].includes(end)),
    ).toEqual([])
    expect(ends.get('INTERRUPTED')).toBeGreaterThan(1_000)
    await until(() => resolver.inspect().inFlight.length === 0)
    server.script = (heard) => heard.say(reply(heard))
    resolver.flush()
    expect(await resolver.lookup('still.there.test.', { family: 4 })).toMatchObject([{ address: HONEST }])
    resolver.close()
    server.script = answersSome
    await until(() => all().length <= before)
  })
})

test('servers that die and come back: everyone hears something', { timeout: 30_000 }, async () => {
  let server = new LyingServer((heard) => heard.say(reply(heard)))
  const { port } = server
  const servers = new Servers({
    servers: [`127.0.0.1:${port}`, `tcp://127.0.0.1:${port}`],
    timeoutMs: 300,
    retryMs: 20,
  })
  const before = all().length
  const ends: string[] = []
  let isOver = false
  const askers = Array.from({ length: 50 }, (_, i) =>
    spawn(async () => {
      for (let n = 0; !isOver; n++) ends.push(await endOf(() => servers.ask(questionOf(`n${i}-${n}.test`))))
    }),
  )
  for (let death = 0; death < 10; death++) {
    await sleep(40)
    server[Symbol.dispose]()
    await sleep(20)
    server = new LyingServer((heard) => heard.say(reply(heard)), { port })
  }
  isOver = true
  for (const each of askers) await each.join()
  expect(new Set(ends)).toContain('done')
  expect(
    [...new Set(ends)].filter((end) => !['done', 'ECONNREFUSED', 'ETIMEOUT', 'EBADRESP'].includes(end)),
  ).toEqual([])
  expect(addressIn(await servers.ask(questionOf('after.test')))).toBe(HONEST)
  servers.close()
  server[Symbol.dispose]()
  await until(() => all().length < before)
})

test('of a flood of forgeries none is believed, and the answer is found among them', async () => {
  using server = new LyingServer((heard) => {
    const [high, low] = heard.bytes as unknown as [number, number]
    for (let guess = 1; guess <= 300; guess++)
      heard.say(changed(forgery(heard), { 0: high ^ (guess >> 8), 1: low ^ guess }))
    for (let flip = 0; flip < 20; flip++) heard.say(changed(forgery(heard), { 13: 0x21 + flip }))
    heard.say(reply(heard))
  })
  using servers = new Servers({ servers: [server.address], retryMs: 4_000 })
  const questions = Array.from({ length: 20 }, (_, i) => questionOf(`n${i}.test`))
  const answers = await Promise.all(questions.map((question) => servers.ask(question)))
  expect(answers.map(addressIn)).toEqual(questions.map(() => HONEST))
  expect(servers.inspect()[0]?.dropped.id).toBeGreaterThan(1_000)
})

test('resolv.conf that is another one all the time keeps nothing of those before', async () => {
  using server = new LyingServer((heard) => heard.say(reply(heard)))
  const variants = ['rotate', 'timeout:1', 'use-vc', 'ndots:3', 'rotate use-vc']
  const conf = (round: number) =>
    parseResolvConf(`nameserver 127.0.0.1\noptions ${variants[round % variants.length]}\n`)
  const before = all().length
  const upstream = new SystemUpstream(conf(0), { port: server.port })
  await expectFlatHeap(300, async (round) => {
    upstream.follow(conf(round))
    expect(addressIn(await upstream.ask(questionOf('www.test')))).toBe(HONEST)
    server.heard.length = 0
  })
  upstream.follow(conf(0))
  // A connection that is kept belongs to the settings of now, or to none.
  await until(() => all().filter(({ name }) => name.startsWith('dns ')).length === 0)
  upstream.close()
  await until(() => all().length <= before)
})

test('a hosts file of 10 MB is refused, and what was read before stays', async () => {
  using server = new LyingServer((heard) => heard.say(refusal(heard, 'NXDOMAIN')))
  file('resolv.conf', 'nameserver 127.0.0.1\n')
  file('hosts', '192.0.2.9 known\n')
  using resolver = systemResolver(server.port)
  expect(await resolver.lookup('known')).toMatchObject([{ address: '192.0.2.9' }])
  file('hosts', '192.0.2.10 known\n'.repeat(620_000))
  await sleep(1_100)
  expect(await resolver.lookup('known')).toMatchObject([{ address: '192.0.2.9' }])
  expect(resolver.inspect().files.find(({ path }) => path.endsWith('hosts'))?.failure).toContain(
    'more than 8388608',
  )
  rmSync(join(folder.path, 'hosts'))
  mkdirSync(join(folder.path, 'hosts'))
  await sleep(1_100)
  expect(await resolver.lookup('known')).toMatchObject([{ address: '192.0.2.9' }])
})

test('names of odd bytes are errors with a code, and not questions for other names', {
  timeout: 30_000,
}, async () => {
  using server = new LyingServer((heard) => heard.say(reply(heard)))
  file('resolv.conf', 'nameserver 127.0.0.1\nsearch corp.test\n')
  using resolver = systemResolver(server.port)
  const random = seededRandom(7)
  const pieces = [
    '.',
    '..',
    'a',
    '\0',
    '\\',
    '\\0',
    '\\000',
    '\\256',
    ' ',
    '\t',
    '\n',
    '"',
    '%',
    '@',
    '_',
    '-',
    '--',
    '*',
    'xn--',
    'xn--a',
    'ü',
    '☃',
    '\ud800',
    '\u202e',
    '。',
    '０',
    '0x7f',
    '::',
    '[',
    ']',
    '/',
    'x'.repeat(64),
    'y.'.repeat(130),
  ]
  const started = now()
  for (let i = 0; i < 1_500; i++) {
    const name = Array.from(
      { length: 1 + Math.floor(random() * 5) },
      () => pieces[Math.floor(random() * pieces.length)],
    ).join('')
    for (const ask of [
      () => resolver.lookup(name, { family: 4 }),
      () => resolver.resolve(name, 'TXT'),
      () => resolver.service(name),
    ]) {
      const end = await endOf(ask)
      expect(
        ['done', 'ENOTFOUND', 'ENODATA', 'EBADNAME', 'EBADRESP', 'EAI_AGAIN'],
        `${JSON.stringify(name)}: ${end}`,
      ).toContain(end)
    }
  }
  expect(now() - started).toBeLessThan(25_000)
  for (const { question } of server.heard) expect(question.name).not.toMatch(/[\0\n]/)
})

test('a cache of few bytes under many names stays small, and the heap where it is', {
  timeout: 30_000,
}, async () => {
  using server = new LyingServer((heard) => heard.say(reply(heard)))
  using servers = new Servers({ servers: [server.address] })
  using resolver = new Resolver(servers, { maxCacheBytes: 50_000 })
  let asked = 0
  await expectFlatHeap(
    30,
    async () => {
      await Promise.all(Array.from({ length: 50 }, () => resolver.resolve(`n${asked++}.test`, 'A')))
      server.heard.length = 0
    },
    { toleranceBytes: 1024 * 1024 },
  )
  expect(resolver.inspect().cacheBytes).toBeLessThanOrEqual(50_000)
})
