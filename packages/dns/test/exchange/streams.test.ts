/** TCP and TLS: one connection for many queries, taken up again where it broke. */
import { all, type Coroutine } from '@shrapnel/core'
import { useClock } from '@shrapnel/core/testing'
import { type CertificateAuthority, makeCertificateAuthority, VirtualClock } from '@shrapnel/test-support'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Servers } from '../../src/exchange/servers.js'
import type { Reply } from '../../src/resolution.js'
import { addressIn, asking, failureOf, QUESTION, questionOf, until } from './asking.js'
import { changed, forgery, type Heard, HONEST, LyingServer, reply } from './lying-server.js'

let authority: CertificateAuthority
let certificate: { readonly cert: string; readonly key: string }
beforeAll(async () => {
  authority = await makeCertificateAuthority()
  const issued = await authority.issue()
  certificate = { cert: issued.chainPem, key: issued.keyPem }
}, 60_000)
afterAll(() => authority.close())

function many(servers: Servers, count: number): Coroutine<Reply>[] {
  return Array.from({ length: count }, (_, index) => asking(servers, questionOf(`n${index}.test`)))
}

test('a hundred queries to a slow server use one connection, and their replies come in any order', async () => {
  const heard: Heard[] = []
  using server = new LyingServer((each) => {
    heard.push(each)
    if (heard.length === 100) for (const one of heard.splice(0).reverse()) one.say(reply(one))
  })
  using servers = new Servers({ servers: [`tcp://${server.address}`] })
  const askers = many(servers, 100)
  for (const [index, asker] of askers.entries()) {
    const { message, transport } = await asker.join()
    expect(message.questions[0]?.name).toBe(`n${index}.test`)
    expect(transport).toBe('tcp')
  }
  expect(server.connections).toBe(1)
  await Promise.all([servers.ask(QUESTION), ...Array.from({ length: 99 }, () => servers.ask(QUESTION))])
  expect(server.connections).toBe(1)
})

test('more than fit on a connection use another, and more than that wait', async () => {
  const heard: Heard[] = []
  using server = new LyingServer((each) => heard.push(each))
  using servers = new Servers({
    servers: [`tcp://${server.address}`],
    maxQueriesPerConnection: 3,
    maxConnections: 2,
  })
  const askers = many(servers, 10)
  await until(() => heard.length === 6)
  expect(servers.inspect()[0]).toMatchObject({ openConnections: 2, queued: 4 })
  askers[9]?.interrupt()
  await failureOf((askers[9] as Coroutine<Reply>).join())
  expect(servers.inspect()[0]).toMatchObject({ queued: 3 })
  server.script = (each) => each.say(reply(each))
  for (const each of heard) each.say(reply(each))
  for (const asker of askers.slice(0, 9)) expect(addressIn(await asker.join())).toBe(HONEST)
  expect(server.connections).toBe(2)
})

test('where a connection breaks, what was not answered is asked again on a new one', async () => {
  const heard: Heard[] = []
  using server = new LyingServer((each) => {
    heard.push(each)
    if (heard.length < 10) return
    if (server.connections > 1) return each.say(reply(each))
    for (const one of heard.slice(0, 4)) one.say(reply(one))
    each.sayRaw(Buffer.from([0, 200, 1, 2, 3]))
    each.hangUp()
  })
  using servers = new Servers({ servers: [`tcp://${server.address}`] })
  for (const asker of many(servers, 10)) expect(addressIn(await asker.join())).toBe(HONEST)
  expect(server.connections).toBe(2)
  expect(server.heard.length).toBeGreaterThanOrEqual(16)
})

test('a server that hangs up on every query is asked twice and ruled out', async () => {
  using server = new LyingServer((heard) => heard.hangUp())
  using servers = new Servers({ servers: [`tcp://${server.address}`] })
  expect(await failureOf(servers.ask(QUESTION))).toMatchObject({ code: 'ECONNREFUSED', attempts: [{}] })
  expect(server.connections).toBe(2)
})

test('a connection that the server closed while it was idle is replaced', async () => {
  using server = new LyingServer((heard) => heard.say(reply(heard)))
  using servers = new Servers({ servers: [`tcp://${server.address}`] })
  await servers.ask(QUESTION)
  server.heard[0]?.hangUp()
  expect(addressIn(await servers.ask(QUESTION))).toBe(HONEST)
  expect(server.connections).toBe(2)
})

test.each<[string, (heard: Heard) => void]>([
  ['another id', (heard) => heard.say(changed(forgery(heard), { 1: (heard.bytes[1] as number) ^ 1 }))],
  ['another question', (heard) => heard.say(forgery(heard, { questions: [questionOf('other.test')] }))],
  ['a query', (heard) => heard.say(forgery(heard, { isResponse: false }))],
])('what is not the reply is passed over on a connection too: %s', async (_, lie) => {
  using server = new LyingServer((heard) => {
    lie(heard)
    heard.say(reply(heard))
  })
  using servers = new Servers({ servers: [`tcp://${server.address}`] })
  expect(addressIn(await servers.ask(QUESTION))).toBe(HONEST)
  expect(server.connections).toBe(1)
})

test.each<[string, (heard: Heard) => void, string]>([
  ['messages shorter than a header', (heard) => heard.sayRaw(Buffer.from([0, 3, 1, 2, 3])), 'EBADRESP'],
  ['messages of no length', (heard) => heard.sayRaw(Buffer.from([0, 0])), 'EBADRESP'],
  ['a reply that cannot be decoded', (heard) => heard.say(changed(reply(heard), { 7: 9 })), 'EBADRESP'],
  ['no question', (heard) => heard.say(reply(heard, { questions: [] })), 'EBADRESP'],
  ['a message that never ends', (heard) => heard.sayRaw(Buffer.from([255, 255, 0, 0, 0])), 'ETIMEOUT'],
])('on a connection this is %s, and no answer', async (_, lie, code) => {
  using server = new LyingServer(lie)
  const timeoutMs = code === 'ETIMEOUT' ? 100 : 8_000
  using servers = new Servers({ servers: [`tcp://${server.address}`], timeoutMs })
  expect(await failureOf(servers.ask(QUESTION))).toMatchObject({ code })
})

test('an idle connection is closed after its time, and not before', async () => {
  using server = new LyingServer((heard) => heard.say(reply(heard)))
  using servers = new Servers({ servers: [`tcp://${server.address}`], idleTimeoutMs: 10_000 })
  const clock = new VirtualClock()
  const restore = useClock(clock)
  try {
    await servers.ask(QUESTION)
    await clock.advance(9_000)
    await servers.ask(QUESTION)
    await clock.advance(9_900)
    expect(servers.inspect()[0]?.openConnections).toBe(1)
    await clock.advance(200)
    await clock.settle()
    expect(servers.inspect()[0]?.openConnections).toBe(0)
    expect(server.connections).toBe(1)
    expect(all().filter(({ name }) => name.startsWith('dns '))).toEqual([])
  } finally {
    restore()
  }
})

test('a connection on which nothing comes any more is given up for a new one', async () => {
  using server = new LyingServer((heard) => {
    if (server.connections > 1) heard.say(reply(heard))
  })
  using servers = new Servers({ servers: [`tcp://${server.address}`] })
  const clock = new VirtualClock()
  const restore = useClock(clock)
  try {
    const asker = asking(servers)
    await clock.advance(4_000)
    expect(addressIn(await asker.join())).toBe(HONEST)
    expect(server.connections).toBe(2)
    await clock.settle()
    expect(servers.inspect()[0]?.openConnections).toBe(1)
  } finally {
    restore()
  }
})

test('over TLS a query is padded to a multiple of 128 bytes, carries no cookie, and the server proves its name', async () => {
  using server = new LyingServer((heard) => heard.say(reply(heard)), { tlsOptions: certificate })
  const tls = { ca: authority.certificatePem }
  const address = '127.0.0.1'
  using servers = new Servers({
    servers: [{ address, port: server.port, transport: 'tls', serverName: 'localhost', tls }],
  })
  for (let length = 1; length < 60; length += 7) {
    const question = questionOf(`${'x'.repeat(length)}.test`)
    expect(await servers.ask(question)).toMatchObject({
      transport: 'tls',
      server: `tls://127.0.0.1:${server.port}`,
    })
  }
  expect(new Set(server.heard.map(({ bytes }) => bytes.length))).toEqual(new Set([128]))
  expect(server.heard[0]?.message.edns?.options.map(({ option }) => option)).toEqual(['PADDING'])
  expect(server.connections).toBe(1)
  using wrong = new Servers({
    servers: [{ address, port: server.port, transport: 'tls', serverName: 'dns.example', tls }],
  })
  expect(await failureOf(wrong.ask(QUESTION))).toMatchObject({
    code: 'ECONNREFUSED',
    cause: { name: 'CertificateError' },
  })
})
