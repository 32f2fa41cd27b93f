/** How servers are written, what is refused, and that nobody can foresee what is sent. */
import { describe, expect, test } from 'vitest'
import { type ServerOptions, serverAddress } from '../../src/exchange/server-address.js'
import { Servers } from '../../src/exchange/servers.js'
import { failureOf, QUESTION, questionOf } from './asking.js'
import { LyingServer, reply } from './lying-server.js'

describe('a server can be written', () => {
  test.each<[string, Partial<ServerOptions> & { name: string }]>([
    ['192.0.2.53', { address: '192.0.2.53', port: 53, transport: 'udp', name: '192.0.2.53:53' }],
    ['192.0.2.53:5353', { address: '192.0.2.53', port: 5353, name: '192.0.2.53:5353' }],
    ['2001:db8::1', { address: '2001:db8::1', port: 53, name: '[2001:db8::1]:53' }],
    ['[2001:db8::1]:5353', { address: '2001:db8::1', port: 5353, name: '[2001:db8::1]:5353' }],
    ['[2001:db8::1]', { address: '2001:db8::1', port: 53, name: '[2001:db8::1]:53' }],
    ['fe80::1%lo', { address: 'fe80::1%lo', name: '[fe80::1%lo]:53' }],
    ['tcp://192.0.2.53', { address: '192.0.2.53', port: 53, transport: 'tcp', name: 'tcp://192.0.2.53:53' }],
    [
      'tls://1.1.1.1#name',
      { address: '1.1.1.1', port: 853, transport: 'tls', serverName: 'name', name: 'tls://1.1.1.1:853' },
    ],
    [
      'tls://[2001:db8::1]:8853#a.b',
      { address: '2001:db8::1', port: 8853, serverName: 'a.b', name: 'tls://[2001:db8::1]:8853' },
    ],
    [
      'tls://2001:db8::1#a.b',
      { address: '2001:db8::1', port: 853, serverName: 'a.b', name: 'tls://[2001:db8::1]:853' },
    ],
  ])('%s', (text, expected) => expect(serverAddress(text)).toMatchObject(expected))

  test.each([
    '',
    'dns.example',
    '192.0.2.53:0',
    '192.0.2.53:65536',
    '192.0.2.53:',
    'http://192.0.2.53',
    '[192.0.2.53',
    '1.2.3',
  ])('not so: %s', (text) =>
    expect(() => serverAddress(text)).toThrow(expect.objectContaining({ code: 'ERR_OUT_OF_RANGE' })),
  )
})

test.each<[unknown, string]>([
  [{}, 'ERR_INVALID_ARG_TYPE'],
  [{ servers: [] }, 'ERR_OUT_OF_RANGE'],
  [{ servers: ['192.0.2.1'], timeout: 1 }, 'ERR_UNKNOWN_OPTION'],
  [{ servers: [{ address: '192.0.2.1', host: 1 }] }, 'ERR_UNKNOWN_OPTION'],
  [{ servers: [{ address: '192.0.2.1', transport: 'quic' }] }, 'ERR_OUT_OF_RANGE'],
  [{ servers: ['192.0.2.1'], timeoutMs: -1 }, 'ERR_OUT_OF_RANGE'],
  [{ servers: ['192.0.2.1'], retryMs: 0 }, 'ERR_OUT_OF_RANGE'],
  [{ servers: ['192.0.2.1'], rotate: 1 }, 'ERR_INVALID_ARG_TYPE'],
  [{ servers: ['192.0.2.1'], maxUdpPayloadBytes: 511 }, 'ERR_OUT_OF_RANGE'],
])('these options are refused: %j', (options, code) => {
  expect(() => new Servers(options as never)).toThrow(expect.objectContaining({ code }))
})

test('a server that is written twice is one', () => {
  using servers = new Servers({ servers: ['192.0.2.1', '192.0.2.1:53', { address: '192.0.2.1' }] })
  expect(servers.inspect()).toHaveLength(1)
})

test('every query has an id, a port and letters that the last one does not tell', async () => {
  using server = new LyingServer((heard) => heard.say(reply(heard)))
  using servers = new Servers({ servers: [server.address] })
  for (let round = 0; round < 200; round++) await servers.ask(QUESTION)
  const distinct = (values: readonly (number | string)[]): number => new Set(values).size
  expect(distinct(server.heard.map(({ message }) => message.id))).toBeGreaterThan(190)
  expect(distinct(server.heard.map(({ port }) => port))).toBeGreaterThan(180)
  expect(distinct(server.heard.map(({ question }) => question.name))).toBeGreaterThan(180)
})

test('of a hundred at once few share a port, as many as allowed, and no two an id there', async () => {
  using server = new LyingServer((heard) => heard.say(reply(heard)))
  using servers = new Servers({ servers: [server.address], maxQueriesPerPort: 10 })
  await Promise.all(Array.from({ length: 100 }, (_, index) => servers.ask(questionOf(`n${index}.test`))))
  const counts = new Map<number, Set<number>>()
  for (const { port, message } of server.heard)
    counts.set(port, (counts.get(port) ?? new Set()).add(message.id))
  expect([...counts.values()].map((ids) => ids.size)).toEqual(Array.from({ length: 10 }, () => 10))
})

test('the query says what was chosen', async () => {
  using server = new LyingServer((heard) => heard.say(reply(heard)))
  const ask = async (options: object): Promise<void> => {
    using servers = new Servers({ servers: [server.address], ...options })
    await servers.ask(QUESTION)
  }
  await ask({})
  await ask({ dnssecOk: true, checkingDisabled: true, cookies: false, maxUdpPayloadBytes: 4_000 })
  await ask({ edns: false, randomCase: false })
  expect(server.heard.map(({ message }) => message)).toMatchObject([
    {
      recursionDesired: true,
      checkingDisabled: false,
      edns: { udpPayloadBytes: 1232, dnssecOk: false, options: [{ option: 'COOKIE' }] },
    },
    { checkingDisabled: true, edns: { udpPayloadBytes: 4_000, dnssecOk: true, options: [] } },
    { edns: undefined, questions: [QUESTION] },
  ])
})

test('the failure of a server that cannot be reached is the cause', async () => {
  using servers = new Servers({ servers: [{ address: '127.0.0.1', port: 1, transport: 'tcp' }] })
  expect(await failureOf(servers.ask(QUESTION))).toMatchObject({
    code: 'ECONNREFUSED',
    cause: { syscall: 'connect' },
  })
})
