/** What is done where a server cannot, or may not be who it says: TCP, without EDNS, with another cookie, the next server. */
import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import type { DnsError } from '../../src/errors.js'
import { Servers } from '../../src/exchange/servers.js'
import type { EdnsOption, Message } from '../../src/wire/index.js'
import { addressIn, failureOf, QUESTION, questionOf, until } from './asking.js'
import {
  addressOf,
  changed,
  FORGED,
  forgery,
  type Heard,
  HONEST,
  LyingServer,
  refusal,
  reply,
} from './lying-server.js'

const UDP = 'udp www.example.test A'
const TCP = 'tcp www.example.test A'

function cookieOf({ message }: Heard): Extract<EdnsOption, { option: 'COOKIE' }> | undefined {
  const cookie = message.edns?.options.find((option) => option.option === 'COOKIE')
  return cookie?.option === 'COOKIE' ? cookie : undefined
}

function serverPart(heard: Heard): string {
  return Buffer.from(cookieOf(heard)?.server ?? []).toString()
}

/** With the client's cookie back, and a part of the server's own. */
function withCookie(heard: Heard, server: string, changes: Partial<Message> = {}): Buffer {
  const client = cookieOf(heard)?.client ?? Buffer.alloc(8)
  const options = [{ option: 'COOKIE', client, server: Buffer.from(server) }] as const
  return reply(heard, { edns: { udpPayloadBytes: 1232, version: 0, dnssecOk: false, options }, ...changes })
}

test('a truncated reply is asked for again over TCP', async () => {
  using server = new LyingServer((heard) => {
    heard.say(heard.transport === 'udp' ? forgery(heard, { isTruncated: true }) : reply(heard))
  })
  using servers = new Servers({ servers: [server.address] })
  const answer = await servers.ask(QUESTION)
  expect(addressIn(answer)).toBe(HONEST)
  expect(answer).toMatchObject({ transport: 'tcp', server: server.address })
  expect(server.questions).toEqual([UDP, TCP])
})

test('a truncated reply may end in the middle of a record', async () => {
  using server = new LyingServer((heard) => {
    const cut = changed(forgery(heard, { isTruncated: true, edns: undefined }), {})
    heard.say(heard.transport === 'udp' ? cut.subarray(0, -7) : reply(heard))
  })
  using servers = new Servers({ servers: [server.address] })
  expect(await servers.ask(QUESTION)).toMatchObject({ transport: 'tcp' })
  expect(server.questions).toEqual([UDP, TCP])
  expect(servers.inspect()[0]?.dropped.malformed).toBe(0)
})

/** A HTTPS record whose parameter says that it is longer than the record. */
function withMalformedRecord(heard: Heard): Buffer {
  const data = { bytes: Buffer.from([0, 1, 0, 0, 1, 0, 9, 2, 0x68, 0x32]) }
  const unknown = { name: heard.question.name, type: 'TYPE65280', class: 'IN', ttl: 300, data } as const
  const bytes = reply(heard, { answers: [unknown], edns: undefined })
  return changed(bytes, { [bytes.indexOf('ff00', 'hex')]: 0, [bytes.indexOf('ff00', 'hex') + 1]: 65 })
}

test('a reply that cannot be decoded is asked for over TCP, and if that is no better it is an error at once', async () => {
  using server = new LyingServer((heard) => heard.say(withMalformedRecord(heard)))
  using servers = new Servers({ servers: [server.address], timeoutMs: 60_000 })
  // RFC 9460, 2.2: one malformed record, and the client goes on as if there were none of them.
  expect(await failureOf(servers.ask({ ...QUESTION, type: 'HTTPS' }))).toMatchObject({
    code: 'EBADRESP',
    attempts: [{ error: { cause: { code: 'DNS_RDATA_SHORT' } } }],
  })
  expect(server.questions).toEqual([UDP, TCP].map((each) => each.replace(/A$/, 'HTTPS')))
})

test('of a datagram that cannot be decoded and an honest one after it, the honest one is taken', async () => {
  using server = new LyingServer((heard) => {
    if (heard.transport === 'tcp') return
    heard.say(forgery(heard, { edns: undefined }).subarray(0, -2))
    heard.say(reply(heard))
  })
  using servers = new Servers({ servers: [server.address] })
  expect(addressIn(await servers.ask(QUESTION))).toBe(HONEST)
  await until(() => servers.inspect()[0]?.openConnections === 0 || server.connections > 0)
})

test('a refusal comes with what the server said', async () => {
  using server = new LyingServer((heard) => heard.say(refusal(heard, 'REFUSED')))
  using servers = new Servers({ servers: [server.address] })
  const error = (await failureOf(servers.ask(QUESTION))) as DnsError
  expect(error.reply).toMatchObject({
    server: server.address,
    transport: 'udp',
    message: { rcode: 'REFUSED', questions: [{ name: QUESTION.name }] },
  })
  expect(inspect(error)).not.toContain('recursionDesired')
})

test('a reply that is truncated for ever rules the server out', async () => {
  using server = new LyingServer((heard) => heard.say(reply(heard, { isTruncated: true })))
  using honest = new LyingServer((heard) => heard.say(reply(heard)))
  using alone = new Servers({ servers: [server.address] })
  expect(await failureOf(alone.ask(QUESTION))).toMatchObject({ code: 'EBADRESP' })
  using both = new Servers({ servers: [server.address, honest.address] })
  expect(await both.ask(QUESTION)).toMatchObject({ server: honest.address })
})

test.each(['SERVFAIL', 'REFUSED', 'NOTIMP', 'FORMERR', 'YXDOMAIN'])(
  'after %s the next server is asked',
  async (rcode) => {
    using first = new LyingServer((heard) => heard.say(refusal(heard, rcode)))
    using second = new LyingServer((heard) => heard.say(reply(heard)))
    using servers = new Servers({ servers: [first.address, second.address], retryMs: 5_000 })
    expect(await servers.ask(QUESTION)).toMatchObject({ server: second.address })
    expect(first.questions).toEqual([UDP])
  },
)

test.each([
  ['SERVFAIL', 'ESERVFAIL'],
  ['REFUSED', 'EREFUSED'],
  ['NOTIMP', 'ENOTIMP'],
  ['FORMERR', 'EFORMERR'],
  ['YXDOMAIN', 'ERCODE'],
])('where all servers say %s, that is the error, and it names each of them', async (rcode, code) => {
  using first = new LyingServer((heard) => heard.say(refusal(heard, rcode)))
  using second = new LyingServer((heard) => heard.say(refusal(heard, rcode)))
  using servers = new Servers({ servers: [first.address, second.address] })
  const failure = (await failureOf(servers.ask(QUESTION))) as DnsError
  expect(failure).toMatchObject({ name: 'DnsError', code, hostname: 'www.Example.test', type: 'A' })
  expect(failure.attempts?.map(({ server }) => server)).toEqual([first.address, second.address])
})

test('what a server says beside its refusal is in the error', async () => {
  const options = [{ option: 'EXTENDED-ERROR', infoCode: 15, text: 'blocked' }] as const
  using server = new LyingServer((heard) =>
    heard.say(
      refusal(heard, 'REFUSED', { edns: { udpPayloadBytes: 1232, version: 0, dnssecOk: false, options } }),
    ),
  )
  using servers = new Servers({ servers: [server.address] })
  expect(await failureOf(servers.ask(QUESTION))).toMatchObject({
    extendedError: { infoCode: 15, text: 'blocked' },
  })
})

test('that there is no such name is an answer, and no other server is asked', async () => {
  using first = new LyingServer((heard) => heard.say(refusal(heard, 'NXDOMAIN')))
  using second = new LyingServer((heard) => heard.say(reply(heard)))
  using servers = new Servers({ servers: [first.address, second.address] })
  expect(addressIn(await servers.ask(QUESTION))).toBe('NXDOMAIN')
  expect(second.heard).toHaveLength(0)
})

test('a server that only refers to others has not answered, unless recursion was not asked for', async () => {
  const authorities = [
    { name: 'test', type: 'NS', class: 'IN', ttl: 60, data: { target: 'ns.test' } },
  ] as const
  using server = new LyingServer((heard) =>
    heard.say(reply(heard, { recursionAvailable: false, answers: [], authorities })),
  )
  using servers = new Servers({ servers: [server.address] })
  expect(await failureOf(servers.ask(QUESTION))).toMatchObject({ code: 'EBADRESP' })
  using walker = new Servers({ servers: [server.address], recursionDesired: false })
  expect((await walker.ask(QUESTION)).message.authorities).toEqual(authorities)
  expect(server.heard.map(({ message }) => message.recursionDesired)).toEqual([true, false])
})

test.each([
  ['with the question', (heard: Heard) => refusal(heard, 'FORMERR', { edns: undefined })],
  ['without a question', (heard: Heard) => refusal(heard, 'FORMERR', { edns: undefined, questions: [] })],
])('FORMERR to EDNS, %s, is asked again without it, and the server is remembered', async (_, refuse) => {
  using server = new LyingServer((heard) => heard.say(heard.message.edns ? refuse(heard) : reply(heard)))
  using servers = new Servers({ servers: [server.address] })
  expect(addressIn(await servers.ask(QUESTION))).toBe(HONEST)
  expect(addressIn(await servers.ask(QUESTION))).toBe(HONEST)
  expect(server.heard.map(({ message }) => message.edns !== undefined)).toEqual([true, false, false])
})

test('BADVERS is asked again without EDNS', async () => {
  using server = new LyingServer((heard) =>
    heard.say(heard.message.edns ? refusal(heard, 'BADVERS') : reply(heard)),
  )
  using servers = new Servers({ servers: [server.address] })
  expect(addressIn(await servers.ask(QUESTION))).toBe(HONEST)
})

test('a server that has spoken EDNS is not talked out of it', async () => {
  using server = new LyingServer((heard) => heard.say(reply(heard)))
  using servers = new Servers({ servers: [server.address] })
  await servers.ask(QUESTION)
  server.script = (heard) => heard.say(refusal(heard, 'FORMERR', { edns: undefined }))
  expect(await failureOf(servers.ask(QUESTION))).toMatchObject({ code: 'EFORMERR' })
  expect(server.heard.every(({ message }) => message.edns !== undefined)).toBe(true)
})

test("a server's part of the cookie is sent with the next query, and each server has a part of ours of its own", async () => {
  using one = new LyingServer((heard) => heard.say(withCookie(heard, 'eight---')))
  using other = new LyingServer((heard) => heard.say(withCookie(heard, 'another---')))
  using servers = new Servers({ servers: [one.address, other.address], rotate: true })
  for (let round = 0; round < 4; round++) await servers.ask(QUESTION)
  expect(one.heard.map((heard) => serverPart(heard))).toEqual(['', 'eight---'])
  expect(other.heard.map((heard) => serverPart(heard))).toEqual(['', 'another---'])
  const clients = [...one.heard, ...other.heard].map((heard) =>
    Buffer.from(cookieOf(heard)?.client ?? []).toString('hex'),
  )
  expect(new Set(clients).size).toBe(2)
  expect(clients[0]).toHaveLength(16)
})

test('BADCOOKIE is asked again with the cookie that came with it, and then over TCP', async () => {
  using server = new LyingServer((heard) => {
    const isGood = serverPart(heard) === 'second--'
    heard.say(
      isGood
        ? withCookie(heard, 'second--')
        : withCookie(heard, 'second--', { rcode: 'BADCOOKIE', answers: [] }),
    )
  })
  using servers = new Servers({ servers: [server.address] })
  expect(await servers.ask(QUESTION)).toMatchObject({ transport: 'udp' })
  expect(server.questions).toEqual([UDP, UDP])
  server.script = (heard) =>
    heard.say(
      heard.transport === 'tcp'
        ? withCookie(heard, 'third---')
        : withCookie(heard, `never${server.heard.length}--`, { rcode: 'BADCOOKIE', answers: [] }),
    )
  expect(await servers.ask(QUESTION)).toMatchObject({ transport: 'tcp' })
  expect(server.questions).toEqual([UDP, UDP, UDP, UDP, TCP])
})

test('where there was a cookie, a datagram without one is not believed: TCP is asked', async () => {
  using server = new LyingServer((heard) => heard.say(withCookie(heard, 'eight---')))
  using servers = new Servers({ servers: [server.address] })
  await servers.ask(QUESTION)
  server.script = (heard) =>
    heard.say(heard.transport === 'tcp' ? withCookie(heard, 'eight---') : forgery(heard))
  const answer = await servers.ask(QUESTION)
  expect(addressIn(answer)).toBe(HONEST)
  expect(answer.transport).toBe('tcp')
  expect(servers.inspect()[0]).toMatchObject({ hasCookie: true, dropped: { cookie: 1 } })
})

test('a server that has no cookies any more, and says so over TCP, is believed from then on', async () => {
  using server = new LyingServer((heard) => heard.say(withCookie(heard, 'eight---')))
  using servers = new Servers({ servers: [server.address] })
  await servers.ask(QUESTION)
  server.script = (heard) => heard.say(reply(heard))
  expect(await servers.ask(QUESTION)).toMatchObject({ transport: 'tcp' })
  expect(await servers.ask(QUESTION)).toMatchObject({ transport: 'udp' })
})

test('letters go out in random case, and names come back as they were asked for', async () => {
  using server = new LyingServer((heard) => heard.say(reply(heard)))
  using servers = new Servers({ servers: [server.address] })
  for (let round = 0; round < 20; round++) {
    const { message } = await servers.ask(QUESTION)
    expect(message.questions).toEqual([QUESTION])
    expect(message.answers[0]?.name).toBe(QUESTION.name)
  }
  expect(new Set(server.heard.map(({ question }) => question.name)).size).toBeGreaterThan(10)
})

function inLowerCase(heard: Heard, address = HONEST): Buffer {
  const name = heard.question.name.toLowerCase()
  return reply(heard, { questions: [{ ...heard.question, name }], answers: [addressOf(name, address)] })
}

/** A name that random case changes but once in four thousand million. */
const LONG = questionOf('a-name-with-more-than-thirty-two-letters-in-it.example')

test('a reply in another case is not believed: TCP is asked, and says whether the server keeps no case', async () => {
  using server = new LyingServer((heard) => heard.say(inLowerCase(heard)))
  using servers = new Servers({ servers: [server.address] })
  expect(await servers.ask(LONG)).toMatchObject({ transport: 'tcp' })
  expect(servers.inspect()[0]).toMatchObject({ keepsCase: false, dropped: { case: 1 } })
  expect(await servers.ask(LONG)).toMatchObject({ transport: 'udp' })
  expect(server.heard.at(-1)?.question.name).toBe(LONG.name)
})

test('a forgery in another case makes no server look as if it kept no case', async () => {
  using server = new LyingServer((heard) =>
    heard.say(heard.transport === 'udp' ? inLowerCase(heard, FORGED) : reply(heard)),
  )
  using servers = new Servers({ servers: [server.address] })
  expect(addressIn(await servers.ask(LONG))).toBe(HONEST)
  expect(servers.inspect()[0]?.keepsCase).toBe(true)
})

test('while TCP is asked, the honest datagram is still taken', async () => {
  using server = new LyingServer((heard) => {
    if (heard.transport === 'udp') heard.say(inLowerCase(heard, FORGED))
    else server.heard[0]?.say(reply(server.heard[0]))
  })
  using servers = new Servers({ servers: [server.address] })
  const answer = await servers.ask(LONG)
  expect(addressIn(answer)).toBe(HONEST)
  expect(answer.transport).toBe('udp')
})

test('a server that keeps no case and has no TCP is asked in plain case', async () => {
  using server = new LyingServer((heard) => heard.say(inLowerCase(heard)), { only: 'udp' })
  using servers = new Servers({ servers: [server.address] })
  const answer = await servers.ask(LONG)
  expect(addressIn(answer)).toBe(HONEST)
  expect(server.heard.at(-1)?.question.name).toBe(LONG.name)
  await servers.ask(LONG)
  expect(server.heard).toHaveLength(3)
})

test('a server that is not there is passed over at once', async () => {
  const gone = new LyingServer(() => {})
  const { address } = gone
  gone[Symbol.dispose]()
  using server = new LyingServer((heard) => heard.say(reply(heard)))
  using both = new Servers({ servers: [address, server.address], retryMs: 60_000 })
  expect(await both.ask(QUESTION)).toMatchObject({ server: server.address })
  using alone = new Servers({ servers: [address, `tcp://${address}`] })
  expect(await failureOf(alone.ask(QUESTION))).toMatchObject({ code: 'ECONNREFUSED' })
})

test('a name that is none is EBADNAME, before anything is sent', async () => {
  using server = new LyingServer((heard) => heard.say(reply(heard)))
  using servers = new Servers({ servers: [server.address] })
  for (const name of ['a..b', `${'x'.repeat(64)}.test`, `${'abcdefg.'.repeat(40)}test`])
    expect(await failureOf(servers.ask(questionOf(name)))).toMatchObject({ code: 'EBADNAME', hostname: name })
  expect(server.heard).toHaveLength(0)
})
