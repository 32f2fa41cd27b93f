import { type Coroutine, Event, setExceptionNotifier, sleep, withTimeout } from '@shrapnel/core'
import { afterEach, describe, expect, test } from 'vitest'
import type { DnsServer } from '../../src/server/dns-server.js'
import type { ServeOptions } from '../../src/server/options.js'
import type { Answer, Query, QueryHandler } from '../../src/server/query.js'
import { serve } from '../../src/server/serve.js'
import { encodeMessage, type ResourceRecord } from '../../src/wire/index.js'
import { EDNS, query, TcpClient, UdpClient } from './client.js'

const open: DnsServer[] = []

async function start(handler: QueryHandler, options: Partial<ServeOptions> = {}): Promise<DnsServer> {
  const server = await serve({ port: 0, ...options }, handler)
  open.push(server)
  return server
}

afterEach(() => {
  for (const server of open.splice(0)) server.close()
})

function a(name: string, address = '192.0.2.1'): ResourceRecord {
  return { name, type: 'A', class: 'IN', ttl: 60, data: { address } }
}

const echo: QueryHandler = ({ question }) => ({ answers: [a(question.name)] })

/** An answer of about `bytes` bytes. */
function long(name: string, bytes: number): Answer {
  const strings = Array.from({ length: Math.ceil(bytes / 200) }, () => Buffer.alloc(199, 'x'))
  return { answers: [{ name, type: 'TXT', class: 'IN', ttl: 60, data: { strings } }] }
}

/** What the exception notifier hears until it is disposed. */
function failures(): Disposable & { readonly heard: unknown[]; readonly next: Event } {
  const heard: unknown[] = []
  const next = new Event()
  const before = setExceptionNotifier((error: unknown, _: Coroutine) => {
    heard.push(error)
    next.set()
  })
  return { heard, next, [Symbol.dispose]: () => void setExceptionNotifier(before) }
}

describe('an answer', () => {
  test('it has the id, the question in its own case, RD and CD of the query', async () => {
    const server = await start(echo)
    using client = new UdpClient(server.port)
    const asked = query('wWw.ExamPle.TEST', 'A', { id: 65_535, checkingDisabled: true })
    expect(await client.ask(asked)).toEqual({
      ...asked,
      isResponse: true,
      answers: [a('wWw.ExamPle.TEST')],
    })
  })

  test('UDP and TCP have the same port, and the handler is told who asks and how', async () => {
    const seen: Query[] = []
    const server = await start((asked) => {
      seen.push(asked)
      return {}
    })
    using udp = new UdpClient(server.port)
    await udp.ask(query('a.test'))
    using client = await TcpClient.connect(server.port)
    await client.send(query('b.test'))
    await client.receive()
    expect(seen.map(({ transport, from, question }) => [transport, from, question.name])).toEqual([
      ['udp', udp.socket.address, 'a.test'],
      ['tcp', client.socket.localAddress, 'b.test'],
    ])
  })

  test('EDNS is spoken with clients that speak it, and with no others', async () => {
    const server = await start(() => ({
      rcode: 'SERVFAIL',
      ednsOptions: [{ option: 'EXTENDED-ERROR', infoCode: 14, text: 'not ready' }],
    }))
    using client = new UdpClient(server.port)
    expect((await client.ask(query('a.test'))).edns).toBeUndefined()
    expect((await client.ask(query('a.test', 'A', { edns: { ...EDNS, dnssecOk: true } }))).edns).toEqual({
      udpPayloadBytes: 1232,
      version: 0,
      dnssecOk: true,
      options: [{ option: 'EXTENDED-ERROR', infoCode: 14, text: 'not ready' }],
    })
  })

  test('undefined is none: the next query on the same socket is answered', async () => {
    const server = await start((asked) => (asked.question.name === 'drop.test' ? undefined : echo(asked)))
    using client = new UdpClient(server.port)
    await client.send(query('drop.test', 'A', { id: 1 }))
    expect(await client.ask(query('keep.test', 'A', { id: 2 }))).toMatchObject({ id: 2 })
  })

  test.each([
    [
      'throws at once',
      () => {
        throw new Error('broken')
      },
    ],
    [
      'rejects later',
      async () => {
        await sleep(1)
        throw new Error('broken')
      },
    ],
    ['gives what cannot be encoded', () => ({ answers: [a('x', 'no address')] })],
  ] as const)('a handler that %s is SERVFAIL, and the notifier hears of it', async (_, handler) => {
    using notified = failures()
    const server = await start(handler as QueryHandler)
    using client = new UdpClient(server.port)
    expect(await client.ask(query('a.test'))).toMatchObject({ rcode: 'SERVFAIL', answers: [] })
    await withTimeout(5_000, () => notified.next.wait())
    expect(notified.heard).toEqual([expect.any(Error)])
  })
})

describe('truncation', () => {
  const handler: QueryHandler = ({ question }) => long(question.name, 1_400)

  test.each([
    ['512 bytes without EDNS', undefined, true],
    ['512 bytes, even if a client says less', { ...EDNS, udpPayloadBytes: 100 }, true],
    ['what the server allows, whatever a client says', { ...EDNS, udpPayloadBytes: 65_535 }, true],
  ])('UDP takes %s', async (_, edns, isTruncated) => {
    const server = await start(handler)
    using client = new UdpClient(server.port)
    const reply = await client.ask(query('a.test', 'TXT', { edns }))
    expect(reply).toMatchObject({ isTruncated, answers: [], questions: [{ name: 'a.test' }] })
    expect(reply.edns === undefined).toBe(edns === undefined)
  })

  test('what fits into both is whole', async () => {
    const server = await start(handler, { maxUdpBytes: 4_096 })
    using client = new UdpClient(server.port)
    const whole = await client.ask(query('a.test', 'TXT', { edns: { ...EDNS, udpPayloadBytes: 1_500 } }))
    expect(whole).toMatchObject({ isTruncated: false, answers: [{ type: 'TXT' }] })
    const cut = await client.ask(query('a.test', 'TXT', { edns: { ...EDNS, udpPayloadBytes: 1_400 } }))
    expect(cut).toMatchObject({ isTruncated: true, answers: [] })
  })

  test('TCP has all of it', async () => {
    const server = await start(({ question }) => ({ ...long(question.name, 60_000), isTruncated: true }))
    using client = await TcpClient.connect(server.port)
    await client.send(query('a.test', 'TXT'))
    expect(await client.receive()).toMatchObject({ isTruncated: false, answers: [{ type: 'TXT' }] })
  })

  test('additional records are left out without a word, but glue is not', async () => {
    const many = Array.from({ length: 40 }, (_, at) => a(`host${at}.elsewhere.test`))
    const ns: ResourceRecord = {
      name: 'sub.test',
      type: 'NS',
      class: 'IN',
      ttl: 60,
      data: { target: 'host1.elsewhere.test' },
    }
    const server = await start(({ question }) =>
      question.type === 'NS'
        ? { authorities: [ns], additionals: many }
        : { answers: [a(question.name)], additionals: many },
    )
    using client = new UdpClient(server.port)
    const answer = await client.ask(query('a.test', 'A'))
    expect(answer).toMatchObject({ isTruncated: false, answers: [{ type: 'A' }] })
    expect(answer.additionals.length).toBeLessThan(many.length)
    expect(await client.ask(query('x.sub.test', 'NS'))).toMatchObject({ isTruncated: true })
  })
})

describe('what is no query', () => {
  test.each([
    ['cannot be read', 'FORMERR', Buffer.from('124d01000001000000000000ff', 'hex')],
    [
      'has two questions',
      'FORMERR',
      Buffer.from('124d01000002000000000000000001000100000100 01'.replaceAll(' ', ''), 'hex'),
    ],
    ['has none', 'FORMERR', query('.', 'A', { id: 0x124d, questions: [] })],
    ['has answers', 'FORMERR', query('.', 'A', { id: 0x124d, answers: [a('a.test')] })],
    ['is an update', 'NOTIMP', query('.', 'SOA', { id: 0x124d, opcode: 'UPDATE' })],
    ['is a notification', 'NOTIMP', query('.', 'SOA', { id: 0x124d, opcode: 'NOTIFY' })],
    ['speaks a later EDNS', 'BADVERS', query('.', 'A', { id: 0x124d, edns: { ...EDNS, version: 1 } })],
  ])('what %s is %s, and the handler does not see it', async (_, rcode, sent) => {
    const server = await start(() => {
      throw new Error('seen')
    })
    using client = new UdpClient(server.port)
    expect(await client.ask(sent)).toMatchObject({ id: 0x124d, isResponse: true, rcode, answers: [] })
  })

  test.each([
    ['nothing', Buffer.alloc(0)],
    ['11 bytes', Buffer.alloc(11)],
    ['an answer', query('a.test', 'A', { id: 1, isResponse: true })],
    ['an answer that cannot be read', Buffer.from('0001800000010000000000', 'hex')],
  ])('%s gets no answer, by UDP and TCP', async (_, sent) => {
    const server = await start(echo)
    using udp = new UdpClient(server.port)
    await udp.send(sent)
    expect(await udp.ask(query('a.test', 'A', { id: 2 }))).toMatchObject({ id: 2 })
    using client = await TcpClient.connect(server.port)
    if (sent instanceof Uint8Array)
      await client.socket.send(Buffer.concat([Buffer.from([0, sent.length]), sent]))
    else await client.send(sent)
    await client.send(query('a.test', 'A', { id: 3 }))
    expect(await client.receive()).toMatchObject({ id: 3 })
  })
})

describe('a connection', () => {
  test('queries in one packet are answered as they are ready', async () => {
    const gates = new Map([['slow.test', new Event()]])
    const server = await start(async (asked) => {
      await gates.get(asked.question.name)?.wait()
      return echo(asked)
    })
    using client = await TcpClient.connect(server.port)
    await client.send(
      query('slow.test', 'A', { id: 1 }),
      query('quick.test', 'A', { id: 2 }),
      query('other.test', 'A', { id: 3 }),
    )
    expect([await client.receive(), await client.receive()].map(({ id }) => id).sort()).toEqual([2, 3])
    gates.get('slow.test')?.set()
    expect(await client.receive()).toMatchObject({ id: 1 })
  })

  test('bytes one at a time are queries too', async () => {
    const server = await start(echo)
    using client = await TcpClient.connect(server.port)
    for (const byte of encodeMessage(query('a.test'), { framed: true }))
      await client.socket.send(Buffer.of(byte))
    expect(await client.receive()).toMatchObject({ id: 4711 })
  })

  test('what was asked before its end is still answered', async () => {
    const gate = new Event()
    const server = await start(async (asked) => {
      await gate.wait()
      return echo(asked)
    })
    using client = await TcpClient.connect(server.port)
    await client.send(query('a.test'))
    await client.socket.shutdown()
    gate.set()
    expect(await client.receive()).toMatchObject({ id: 4711 })
    expect(await client.isEnded()).toBe(true)
  })

  test('one with nothing under way is closed after the idle time, one that waits for an answer is not', async () => {
    const gate = new Event()
    const server = await start(
      async (asked) => {
        await gate.wait()
        return echo(asked)
      },
      { idleTimeoutMs: 50 },
    )
    using idle = await TcpClient.connect(server.port)
    using slow = await TcpClient.connect(server.port)
    using half = await TcpClient.connect(server.port)
    await slow.send(query('a.test'))
    await half.socket.send(Buffer.of(0, 40, 1))
    expect(await idle.isEnded()).toBe(true)
    expect(await half.isEnded()).toBe(true)
    gate.set()
    expect(await slow.receive()).toMatchObject({ id: 4711 })
  })

  test('one that does not read is closed', async () => {
    const server = await start(({ question }) => long(question.name, 60_000), { idleTimeoutMs: 200 })
    using client = await TcpClient.connect(server.port)
    const many = Array.from({ length: 400 }, (_, id) => query('a.test', 'TXT', { id }))
    await client.send(...many)
    await untilTrue(() => server.queriesInFlight > 0)
    await untilTrue(() => server.connections === 0)
    expect(server.queriesInFlight).toBe(0)
  })

  test('its end ends the handlers of its queries, and their places are free', async () => {
    const begun = new Event()
    const ended = new Event()
    const server = await start(
      async (asked) => {
        if (asked.transport === 'udp') return echo(asked)
        begun.set()
        try {
          await sleep(60_000)
        } finally {
          ended.set()
        }
        return {}
      },
      { maxQueries: 1 },
    )
    const client = await TcpClient.connect(server.port)
    await client.send(query('a.test'))
    // One that has a place and has not begun yet never would.
    await begun.wait()
    client.socket.reset()
    await withTimeout(5_000, () => ended.wait())
    using udp = new UdpClient(server.port)
    expect(await udp.ask(query('b.test'))).toMatchObject({ id: 4711 })
  })
})

describe('limits', () => {
  test('more queries than maxQueries wait', async () => {
    const gate = new Event()
    let most = 0
    const server: DnsServer = await start(
      async (asked) => {
        most = Math.max(most, server.queriesInFlight)
        await gate.wait()
        return echo(asked)
      },
      { maxQueries: 2 },
    )
    using client = new UdpClient(server.port)
    for (let id = 0; id < 5; id++) await client.send(query('a.test', 'A', { id }))
    await untilTrue(() => server.queriesInFlight === 2)
    gate.set()
    const ids = []
    for (let count = 0; count < 5; count++) ids.push((await client.receive()).id)
    expect(ids.sort()).toEqual([0, 1, 2, 3, 4])
    expect(most).toBe(2)
  })

  test('more queries of a connection than maxQueriesPerConnection wait, and others do not', async () => {
    const gate = new Event()
    let running = 0
    const server = await start(
      async (asked) => {
        if (asked.transport === 'udp') return echo(asked)
        running++
        await gate.wait()
        return echo(asked)
      },
      { maxQueriesPerConnection: 3 },
    )
    using client = await TcpClient.connect(server.port)
    await client.send(...Array.from({ length: 6 }, (_, id) => query('a.test', 'A', { id })))
    await untilTrue(() => running === 3)
    using udp = new UdpClient(server.port)
    await udp.ask(query('b.test'))
    expect(running).toBe(3)
    gate.set()
    for (let count = 0; count < 6; count++) await client.receive()
    expect(running).toBe(6)
  })

  test('more connections than maxConnections wait until one ends', async () => {
    const server = await start(echo, { maxConnections: 1 })
    const first = await TcpClient.connect(server.port)
    await first.send(query('a.test'))
    await first.receive()
    using second = await TcpClient.connect(server.port)
    await second.send(query('b.test'))
    expect(server.connections).toBe(1)
    first.socket.close()
    expect(await second.receive()).toMatchObject({ id: 4711 })
  })
})

describe('close', () => {
  test('handlers are shut down, connections end, the port is free', async () => {
    const begun = new Event()
    const ended = new Event()
    const server = await start(async () => {
      begun.set()
      try {
        await sleep(60_000)
      } finally {
        ended.set()
      }
      return {}
    })
    using client = await TcpClient.connect(server.port)
    using udp = new UdpClient(server.port)
    await udp.send(query('a.test'))
    await withTimeout(5_000, () => begun.wait())
    server.close()
    server.close()
    await withTimeout(5_000, () => ended.wait())
    expect(await client.isEnded()).toBe(true)
    expect(server).toMatchObject({ isClosed: true })
    const again = await start(echo, { port: server.port })
    expect(again.port).toBe(server.port)
    using other = new UdpClient(again.port)
    expect(await other.ask(query('a.test'))).toMatchObject({ id: 4711 })
  })

  test('await using closes', async () => {
    let seen: DnsServer
    {
      await using server = await serve({ port: 0, tcp: false }, echo)
      seen = server
      using client = new UdpClient(server.port)
      await client.ask(query('a.test'))
    }
    expect(seen.isClosed).toBe(true)
  })
})

describe('options', () => {
  test.each([
    [{ port: 70_000 }, 'ERR_OUT_OF_RANGE'],
    [{}, 'ERR_INVALID_ARG_TYPE'],
    [{ port: 0, maxUdpBytes: 511 }, 'ERR_OUT_OF_RANGE'],
    [{ port: 0, tcp: 1 }, 'ERR_INVALID_ARG_TYPE'],
    [{ port: 0, maxQuerys: 1 }, 'ERR_UNKNOWN_OPTION'],
    [{ port: 0, tls: { certificate: '' } }, 'ERR_UNKNOWN_OPTION'],
    [{ port: 0, tls: { cert: 'no certificate', port: 0 } }, 'TLS_OPTION'],
    [{ port: 0, host: 'example.test' }, 'ERR_OUT_OF_RANGE'],
  ])('%o is %s', async (options, code) => {
    await expect(serve(options as ServeOptions, echo)).rejects.toMatchObject({ code })
  })

  test('a handler is a function', async () => {
    await expect(serve({ port: 0 }, {} as QueryHandler)).rejects.toMatchObject({
      code: 'ERR_INVALID_ARG_TYPE',
    })
  })

  test('a port that is taken is EADDRINUSE, and nothing stays open', async () => {
    const server = await start(echo)
    const { port } = server
    await expect(serve({ port }, echo)).rejects.toMatchObject({ code: 'EADDRINUSE' })
    server.close()
    const udpOnly = await start(echo, { port, tcp: false })
    await expect(serve({ port }, echo)).rejects.toMatchObject({ code: 'EADDRINUSE' })
    udpOnly.close()
    expect((await start(echo, { port })).port).toBe(port)
  })
})

async function untilTrue(condition: () => boolean): Promise<void> {
  await withTimeout(5_000, async () => {
    while (!condition()) await sleep(2)
  })
}
