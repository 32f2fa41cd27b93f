/** Every lie that a server, or somebody in its name, can tell: none is believed, and the honest reply is waited for. */
import { describe, expect, test } from 'vitest'
import { Servers } from '../../src/exchange/servers.js'
import { encodeMessage } from '../../src/wire/index.js'
import { addressIn, asking, failureOf, QUESTION, questionOf, until } from './asking.js'
import { changed, forgery, type Heard, HONEST, LyingServer, refusal, reply } from './lying-server.js'

type Row = readonly [lie: string, tell: (heard: Heard) => Buffer, dropped: Record<string, number>]

const rows: readonly Row[] = [
  ['another id', (heard) => changed(forgery(heard), { 1: (heard.bytes[1] as number) ^ 1 }), { id: 1 }],
  ['a query and no reply', (heard) => forgery(heard, { isResponse: false }), { 'not-a-reply': 1 }],
  ['another opcode', (heard) => forgery(heard, { opcode: 'NOTIFY' }), { opcode: 1 }],
  [
    'the answer to another name',
    (heard) => forgery(heard, { questions: [{ ...heard.question, name: 'www.example.evil' }] }),
    { question: 1 },
  ],
  [
    'the answer to a longer name',
    (heard) => forgery(heard, { questions: [{ ...heard.question, name: `a.${heard.question.name}` }] }),
    { question: 1 },
  ],
  [
    'another type',
    (heard) => forgery(heard, { questions: [{ ...heard.question, type: 'AAAA' }] }),
    { question: 1 },
  ],
  [
    'another class',
    (heard) => forgery(heard, { questions: [{ ...heard.question, class: 'CH' }] }),
    { question: 1 },
  ],
  ['a type that differs in one bit, as letters do', (heard) => typeWithCaseBit(heard), { question: 1 }],
  ['two questions', (heard) => changed(forgery(heard), { 5: 2 }), { question: 1 }],
  ['no question', (heard) => forgery(heard, { questions: [] }), { 'no-question': 1 }],
  ['no question, and FORMERR', (heard) => refusal(heard, 'FORMERR', { questions: [] }), { 'no-question': 1 }],
  ['eleven bytes', (heard) => forgery(heard).subarray(0, 11), { short: 1 }],
  ['one byte', (heard) => forgery(heard).subarray(0, 1), { short: 1 }],
  ['no byte', () => Buffer.alloc(0), { short: 1 }],
  ['a header alone', (heard) => forgery(heard).subarray(0, 12), { question: 1 }],
  ['more answers promised than there are', (heard) => changed(forgery(heard), { 7: 200 }), { malformed: 1 }],
  ['fewer answers counted than there are', (heard) => changed(forgery(heard), { 7: 0 }), { malformed: 1 }],
  ['an answer cut short', (heard) => forgery(heard, { edns: undefined }).subarray(0, -2), { malformed: 1 }],
  ['a name that points at itself', (heard) => pointing(heard, 0), { malformed: 1 }],
  ['a name that points forward', (heard) => pointing(heard, 4), { malformed: 1 }],
  [
    'a cookie that is not ours',
    (heard) => withCookie(heard, Buffer.alloc(8, 7), Buffer.alloc(8, 9)),
    { cookie: 1 },
  ],
  [
    'our cookie with a part of the server that is too short',
    (heard) => withOurs(heard, Buffer.alloc(3, 9)),
    { malformed: 1 },
  ],
]

function typeWithCaseBit(heard: Heard): Buffer {
  const bytes = forgery(heard, { edns: undefined, answers: [] })
  return changed(bytes, { [bytes.length - 3]: 1 ^ 0x20 })
}

function withCookie(heard: Heard, client: Uint8Array, server: Uint8Array): Buffer {
  const edns = { udpPayloadBytes: 1232, version: 0, dnssecOk: false }
  return forgery(heard, { edns: { ...edns, options: [{ option: 'COOKIE', client, server }] } })
}

/** The codec refuses to write such a cookie. */
function withOurs(heard: Heard, server: Uint8Array): Buffer {
  const bytes = forgery(heard, { edns: undefined })
  const cookie = heard.message.edns?.options.find((option) => option.option === 'COOKIE')
  const client = cookie?.option === 'COOKIE' ? cookie.client : Buffer.alloc(8)
  const data = Buffer.concat([Buffer.from([0, 10, 0, 8 + server.length]), client, server])
  const opt = Buffer.from([0, 0, 41, 4, 208, 0, 0, 0, 0, 0, data.length])
  return changed(Buffer.concat([bytes, opt, data]), { 11: 1 })
}

/** The answer's name is a pointer to itself, or `ahead` bytes further. */
function pointing(heard: Heard, ahead: number): Buffer {
  const head = encodeMessage({ ...heard.message, isResponse: true, answers: [], edns: undefined })
  const to = head.length + ahead
  const record = Buffer.from([0xc0 | (to >> 8), to & 255, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, 203, 0, 113, 66])
  return changed(Buffer.concat([head, record]), { 7: 1 })
}

describe('is dropped and counted, and the honest reply is taken:', () => {
  test.each(rows)('%s', async (_, tell, dropped) => {
    using server = new LyingServer((heard) => {
      heard.say(tell(heard))
      heard.say(reply(heard))
    })
    using servers = new Servers({ servers: [server.address], retryMs: 5_000 })
    // A server that never spoke EDNS is believed more; see the tests of EDNS.
    server.script = (heard) => heard.say(reply(heard))
    await servers.ask(QUESTION)
    server.script = (heard) => {
      heard.say(tell(heard))
      heard.say(reply(heard))
    }
    expect(addressIn(await servers.ask(QUESTION))).toBe(HONEST)
    expect(servers.inspect()[0]?.dropped).toMatchObject(dropped)
    expect(total(servers)).toBe(1)
    expect(server.questions).toEqual(['udp www.example.test A', 'udp www.example.test A'])
  })
})

describe('is never believed where nothing better comes:', () => {
  test.each(rows)('%s', async (_, tell) => {
    using server = new LyingServer((heard) => heard.say(reply(heard)), { only: 'udp' })
    using servers = new Servers({ servers: [server.address], timeoutMs: 40 })
    await servers.ask(QUESTION)
    server.script = (heard) => heard.say(tell(heard))
    expect(await failureOf(servers.ask(QUESTION))).toMatchObject({
      code: expect.stringMatching(/^(ETIMEOUT|EBADRESP)$/),
      hostname: QUESTION.name,
      type: 'A',
    })
  })
})

test('a reply from another port than the one that was asked does not even arrive', async () => {
  using server = new LyingServer((heard) => {
    heard.sayFromElsewhere(forgery(heard))
    heard.say(reply(heard))
  })
  using servers = new Servers({ servers: [server.address] })
  expect(addressIn(await servers.ask(QUESTION))).toBe(HONEST)
  expect(total(servers)).toBe(0)
})

test('of two answers the first is taken, and the second reaches nobody', async () => {
  using server = new LyingServer((heard) => {
    heard.say(reply(heard))
    heard.say(forgery(heard))
  })
  using servers = new Servers({ servers: [server.address] })
  for (let round = 0; round < 20; round++) expect(addressIn(await servers.ask(QUESTION))).toBe(HONEST)
})

test('a thousand forged replies before the honest one are a thousand dropped', async () => {
  using server = new LyingServer((heard) => {
    for (let i = 1; i <= 100; i++) heard.say(changed(forgery(heard), { 1: (heard.bytes[1] as number) ^ i }))
    heard.say(reply(heard))
  })
  using servers = new Servers({ servers: [server.address] })
  for (let round = 0; round < 10; round++) expect(addressIn(await servers.ask(QUESTION))).toBe(HONEST)
  expect(servers.inspect()[0]?.dropped.id).toBe(1_000)
})

test('the reply to a query that is over does not reach another one on the same port', async () => {
  const heard: Heard[] = []
  using server = new LyingServer((each) => heard.push(each))
  using servers = new Servers({ servers: [server.address] })
  const given = asking(servers, questionOf('given-up.test'))
  const other = asking(servers, questionOf('other.test'))
  await until(() => heard.length === 2)
  const [first, second] = heard as [Heard, Heard]
  expect(first.port).toBe(second.port)
  given.interrupt()
  expect(await failureOf(given.join())).toMatchObject({ code: 'INTERRUPTED' })
  first.say(forgery(first))
  await until(() => servers.inspect()[0]?.dropped.late === 1)
  second.say(reply(second))
  expect(addressIn(await other.join())).toBe(HONEST)
})

function total(servers: Servers): number {
  const { dropped } = servers.inspect()[0] as { dropped: Record<string, number> }
  return Object.values(dropped).reduce((sum, count) => sum + count, 0)
}
