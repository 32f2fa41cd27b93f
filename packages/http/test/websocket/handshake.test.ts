/** Both sides of the handshake, over sockets, against raw bytes and each other. */
import { memoryStreamPair, type Socket, type Stream, spawn, tcp } from '@shrapnel/core'
import { makeCertificateAuthority } from '@shrapnel/test-support'
import { afterAll, describe, expect, test } from 'vitest'
import {
  type AcceptWebSocketOptions,
  acceptWebSocket,
  connectWebSocket,
  type HttpRequest,
  serve,
  type WebSocketConnection,
} from '../../src/index.js'
import {
  acceptanceOf,
  acceptDeflate,
  agreeDeflate,
  type Extension,
  isWebSocketKey,
  makeWebSocketKey,
  offerDeflate,
  parseExtensions,
  parseProtocols,
  TEXT,
} from '../../src/wire/index.js'
import { RawPeer } from './raw-peer.js'

const HANDSHAKE = [
  'GET /chat?x=1 HTTP/1.1',
  'Host: example.com',
  'Connection: keep-alive, Upgrade',
  'Upgrade: WebSocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
]

async function echo(socket: WebSocketConnection): Promise<void> {
  for await (const message of socket) await socket.send(message)
}

let options: AcceptWebSocketOptions = {}
let seen: HttpRequest | undefined
const server = await serve({ port: 0 }, (request) => {
  seen = request
  return acceptWebSocket(request, options, echo)
})
const url = `ws://127.0.0.1:${server.port}/`
afterAll(async () => {
  await server.stop({ graceMs: 500 })
})

/** What the server answers to these lines, up to the empty one; and the connection. */
async function shake(
  lines: readonly string[],
  behind: Uint8Array = Buffer.alloc(0),
): Promise<{ head: string; socket: Socket; rest: Buffer }> {
  const socket = await tcp.connect('127.0.0.1', server.port)
  await socket.send(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), behind]))
  let bytes: Buffer = Buffer.alloc(0)
  for (;;) {
    const end = bytes.indexOf('\r\n\r\n')
    if (end >= 0) return { head: bytes.toString('latin1', 0, end), socket, rest: bytes.subarray(end + 4) }
    const more = await socket.recv()
    if (more.length === 0) throw new Error(`the server ended: ${bytes.toString('latin1')}`)
    bytes = Buffer.concat([bytes, more])
  }
}

const without = (name: string): string[] => HANDSHAKE.filter((line) => !line.startsWith(`${name}:`))
const withLine = (name: string, value: string): string[] => [...without(name), `${name}: ${value}`]

describe('a server', () => {
  test('answers as RFC 6455 has it', async () => {
    const { head, socket } = await shake(HANDSHAKE)
    expect(head).toMatch(/^HTTP\/1\.1 101 /)
    expect(head).toMatch(/\r\nUpgrade: websocket/i)
    expect(head).toMatch(/\r\nConnection: Upgrade/i)
    expect(head).toMatch(/\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=/i)
    expect(head).not.toMatch(/Sec-WebSocket-(Protocol|Extensions)|Content-Length/i)
    expect(seen?.path).toBe('/chat')
    socket.close()
  })

  test('takes frames that come in the packet of the handshake', async () => {
    const frames = [new RawPeer(memoryStreamPair()[0], true).frame(TEXT, 'early'), Buffer.of(0x81)]
    const { socket, rest } = await shake(HANDSHAKE, Buffer.concat(frames))
    await socket.send(new RawPeer(socket, true).frame(TEXT, 'late').subarray(1))
    let bytes = rest
    while (bytes.length < 13) bytes = Buffer.concat([bytes, await socket.recv()])
    expect(bytes.toString('latin1')).toBe('\x81\x05early\x81\x04late')
    socket.close()
  })

  const refused: readonly (readonly [why: string, lines: readonly string[], status: number])[] = [
    ['no Upgrade', without('Upgrade'), 426],
    ['another Upgrade', withLine('Upgrade', 'h2c'), 426],
    ['no Connection', without('Connection'), 426],
    ['no version', without('Sec-WebSocket-Version'), 426],
    ['an old version', withLine('Sec-WebSocket-Version', '8'), 426],
    ['no key', without('Sec-WebSocket-Key'), 400],
    ['a short key', withLine('Sec-WebSocket-Key', 'dGhlIHNhbXBsZQ=='), 400],
    ['a key that is no base64', withLine('Sec-WebSocket-Key', 'dGhlIHNhbXBsZSBub25jZ!=='), 400],
    ['two keys', [...HANDSHAKE, 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='], 400],
    ['HTTP/1.0', ['GET / HTTP/1.0', ...HANDSHAKE.slice(1)], 400],
    ['POST', ['POST / HTTP/1.1', 'Content-Length: 0', ...HANDSHAKE.slice(1)], 405],
    ['a subprotocol twice', [...HANDSHAKE, 'Sec-WebSocket-Protocol: a, a'], 400],
    ['a subprotocol that is no name', [...HANDSHAKE, 'Sec-WebSocket-Protocol: a b'], 400],
    ['extensions that are none', [...HANDSHAKE, 'Sec-WebSocket-Extensions: a; =b'], 400],
    ['a page of another site', [...HANDSHAKE, 'Origin: https://evil.example'], 403],
    ['a page of a file', [...HANDSHAKE, 'Origin: null'], 403],
    ['two origins', [...HANDSHAKE, 'Origin: http://example.com', 'Origin: http://example.com'], 403],
    ['a page of the same host on another port', [...HANDSHAKE, 'Origin: http://example.com:8080'], 403],
  ]
  test.each(refused)('refuses %s with its status', async (_why, lines, status) => {
    const { head, socket } = await shake(lines)
    expect(Number(head.slice(9, 12))).toBe(status)
    socket.close()
  })

  test('says which version it speaks', async () => {
    const { head, socket } = await shake(withLine('Sec-WebSocket-Version', '8'))
    expect(head).toMatch(/\r\nSec-WebSocket-Version: 13/)
    socket.close()
  })

  test.each(['http://example.com', 'https://example.com', 'https://EXAMPLE.com:443'])(
    'lets pages of its own host in: %s',
    async (origin) => {
      const { head, socket } = await shake([...HANDSHAKE, `Origin: ${origin}`])
      expect(head.slice(9, 12)).toBe('101')
      socket.close()
    },
  )

  test.each([
    [['https://good.example'], 'https://good.example', 101],
    [['https://good.example'], 'http://good.example', 403],
    [['https://good.example'], 'http://example.com', 403],
    ['any', 'https://evil.example', 101],
    [(origin: string) => origin.endsWith('.example'), 'https://sub.example', 101],
    [() => false, 'http://example.com', 403],
  ] as const)('with origins %j answers %s with %i', async (origins, origin, status) => {
    options = { origins }
    const { head, socket } = await shake([...HANDSHAKE, `Origin: ${origin}`])
    options = {}
    expect(Number(head.slice(9, 12))).toBe(status)
    socket.close()
  })

  test('chooses the first subprotocol of the client that it speaks, or none', async () => {
    options = { protocols: ['b', 'c'] }
    for (const [offered, chosen] of [
      ['a, c, b', 'c'],
      ['a', ''],
    ] as const) {
      const { head, socket } = await shake([...HANDSHAKE, `Sec-WebSocket-Protocol: ${offered}`])
      expect(/Sec-WebSocket-Protocol: (.*)/i.exec(head)?.[1] ?? '').toBe(chosen)
      socket.close()
    }
    options = {}
  })

  test('refuses options that are none', () => {
    const accept = (wrong: object): unknown => acceptWebSocket(seen as HttpRequest, wrong, echo)
    expect(() => accept({ maxMessage: 1 })).toThrow(expect.objectContaining({ code: 'ERR_UNKNOWN_OPTION' }))
    expect(() => accept({ maxMessageBytes: '1' })).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }),
    )
    expect(() => accept({ maxMessageBytes: 0 })).toThrow(
      expect.objectContaining({ code: 'ERR_OUT_OF_RANGE' }),
    )
    expect(() => accept({ compression: 1 })).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }),
    )
    expect(() => accept({ compression: { bits: 1 } })).toThrow(
      expect.objectContaining({ code: 'ERR_UNKNOWN_OPTION' }),
    )
    expect(() => accept({ compression: { maxWindowBits: 8 } })).toThrow(
      expect.objectContaining({ code: 'ERR_OUT_OF_RANGE' }),
    )
    expect(() => accept({ origins: 1 })).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }))
    expect(() => accept({ protocols: ['a b'] })).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }),
    )
  })
})

describe('a client', () => {
  test('says who it is, and what it wants', async () => {
    options = { protocols: ['two'] }
    await using socket = await connectWebSocket(`${url}path?query=1`.replace('ws://', 'ws://us%20er:pw@'), {
      protocols: ['one', 'two'],
      headers: { Cookie: 'a=b', Host: 'ignored', Origin: `http://127.0.0.1:${server.port}` },
    })
    options = {}
    expect(socket.protocol).toBe('two')
    expect(socket.extensions).toBe('')
    expect(seen?.target).toBe('/path?query=1')
    expect(seen?.headers.get('cookie')).toBe('a=b')
    expect(seen?.headers.getAll('host')).toEqual([`127.0.0.1:${server.port}`])
    expect(seen?.headers.get('authorization')).toBe(`Basic ${Buffer.from('us er:pw').toString('base64')}`)
    await socket.send('hello')
    expect(await socket.receive()).toBe('hello')
  })

  async function answered(answer: (key: string) => string, more: object = {}): Promise<WebSocketConnection> {
    const [ours, theirs] = memoryStreamPair()
    const peer = spawn(async () => {
      let text = ''
      while (!text.endsWith('\r\n\r\n')) text += (await theirs.recv()).toString('latin1')
      const key = /Sec-WebSocket-Key: (.*)\r/i.exec(text)?.[1] ?? ''
      await theirs.send(Buffer.from(answer(key), 'latin1'))
      await theirs.shutdown()
    })
    try {
      return await connectWebSocket('ws://example.com/', { ...more, connect: (): Stream => ours })
    } finally {
      await peer.join()
    }
  }
  const head = (key: string, more = '', accept = acceptanceOf(key)): string =>
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n${more}\r\n`

  const bad: readonly (readonly [
    why: string,
    answer: (key: string) => string,
    status: number | undefined,
  ])[] = [
    ['a page', () => 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', 200],
    ['a redirect', () => 'HTTP/1.1 302 Found\r\nLocation: ws://elsewhere/\r\n\r\n', 302],
    ['a refusal', () => 'HTTP/1.1 401 No\r\nWWW-Authenticate: Basic\r\n\r\n', 401],
    ['nothing', () => '', undefined],
    ['half a head', () => 'HTTP/1.1 101 S\r\nUpg', undefined],
    ['no HTTP', () => 'SSH-2.0-OpenSSH_9.2\r\n\r\n', undefined],
    ['the wrong key', () => head('', '', acceptanceOf('other')), undefined],
    ['another protocol', (key) => head(key).replace('websocket', 'h2c'), undefined],
    ['no upgrade', (key) => head(key).replace('Connection: Upgrade', 'Connection: close'), undefined],
    ['a subprotocol that was not offered', (key) => head(key, 'Sec-WebSocket-Protocol: x\r\n'), undefined],
    [
      'an extension that was not offered',
      (key) => head(key, 'Sec-WebSocket-Extensions: permessage-deflate\r\n'),
      undefined,
    ],
    ['endless fields', () => `HTTP/1.1 101 S\r\n${'A: b\r\n'.repeat(200)}`, undefined],
  ]
  test.each(bad)('refuses %s', async (_why, answer, status) => {
    const refusal = answered(answer)
    await expect(refusal).rejects.toMatchObject({ code: 'WS_REFUSED', status })
  })

  test('takes frames that come with the answer', async () => {
    const socket = await answered((key) => `${head(key)}\x81\x05early`)
    expect(await socket.receive()).toBe('early')
    socket.terminate()
  })

  test('gives up after timeoutMs, and leaves nothing open', async () => {
    const [ours, theirs] = memoryStreamPair()
    const connecting = connectWebSocket('ws://example.com/', { timeoutMs: 20, connect: () => ours })
    await expect(connecting).rejects.toMatchObject({ code: 'TIMEOUT' })
    expect(ours.isClosed).toBe(true)
    theirs.close()
  })

  test('refuses what is no WebSocket URL', async () => {
    await expect(connectWebSocket('http://example.com/')).rejects.toMatchObject({ code: 'ERR_OUT_OF_RANGE' })
    await expect(connectWebSocket('ws://example.com/#a')).rejects.toMatchObject({ code: 'ERR_OUT_OF_RANGE' })
    await expect(connectWebSocket('nonsense')).rejects.toMatchObject({ code: 'ERR_INVALID_URL' })
    await expect(connectWebSocket(url, { protocols: ['a b'] })).rejects.toMatchObject({
      code: 'ERR_INVALID_ARG_TYPE',
    })
    await expect(connectWebSocket(url, { proxy: 1 } as object)).rejects.toMatchObject({
      code: 'ERR_UNKNOWN_OPTION',
    })
  })

  test('speaks TLS, and knows whom it speaks to', async () => {
    await using authority = await makeCertificateAuthority()
    const { chainPem: cert, keyPem: key } = await authority.issue()
    await using secure = await serve({ port: 0, tls: { cert, key } }, (request) =>
      acceptWebSocket(request, echo),
    )
    const where = `wss://localhost:${secure.port}/`
    await using socket = await connectWebSocket(where, { tls: { ca: authority.certificatePem } })
    for (const length of [1, 20_000, 1_000_000]) {
      const sending = spawn(() => socket.send(Buffer.alloc(length, 'x')))
      expect(((await socket.receive()) as Buffer).equals(Buffer.alloc(length, 'x'))).toBe(true)
      await sending.join()
    }
    await expect(connectWebSocket(where)).rejects.toMatchObject({ name: 'CertificateError' })
  })
})

describe('the fields', () => {
  test('a key is 16 bytes in base64, another one each time', () => {
    expect(isWebSocketKey(makeWebSocketKey())).toBe(true)
    expect(makeWebSocketKey()).not.toBe(makeWebSocketKey())
  })

  test('subprotocols are names, in order', () => {
    expect(parseProtocols(' a ,b,\tc')).toEqual(['a', 'b', 'c'])
    for (const wrong of ['', 'a,,b', 'a b', 'a,a', 'a;b'])
      expect(parseProtocols(wrong), wrong).toBeUndefined()
  })

  test('extensions have parameters, quoted or not', () => {
    expect(parseExtensions('')).toEqual([])
    expect(parseExtensions('a; b; c=1 ; d="2", E')).toEqual([
      {
        name: 'a',
        parameters: [
          ['b', true],
          ['c', '1'],
          ['d', '2'],
        ],
      },
      { name: 'e', parameters: [] },
    ])
    for (const wrong of [
      'a;',
      'a; b=',
      'a; b="',
      'a; b="c d"',
      ',a',
      'a,',
      'a b',
      '=',
      'a; b="\\c"',
      'a,'.repeat(40),
    ])
      expect(parseExtensions(wrong), wrong).toBeUndefined()
  })

  const offers: readonly (readonly [offer: string, answer: string | undefined, own: number, peer: number])[] =
    [
      ['permessage-deflate', '', 15, 15],
      ['permessage-deflate; client_max_window_bits', '', 15, 15],
      ['permessage-deflate; client_max_window_bits=10', '; client_max_window_bits=10', 15, 10],
      ['permessage-deflate; server_max_window_bits=10', '; server_max_window_bits=10', 10, 15],
      ['permessage-deflate; server_max_window_bits=8', undefined, 0, 0],
      ['permessage-deflate; server_max_window_bits=8, permessage-deflate', '', 15, 15],
      ['permessage-deflate; server_max_window_bits', undefined, 0, 0],
      ['permessage-deflate; server_max_window_bits=16', undefined, 0, 0],
      ['permessage-deflate; server_max_window_bits=010', undefined, 0, 0],
      ['permessage-deflate; server_no_context_takeover=1', undefined, 0, 0],
      ['permessage-deflate; client_max_window_bits=7', undefined, 0, 0],
      ['permessage-deflate; client_max_window_bits; client_max_window_bits', undefined, 0, 0],
      ['permessage-deflate; unheard_of', undefined, 0, 0],
      ['x-webkit-deflate-frame', undefined, 0, 0],
    ]
  test.each(offers)('the offer %s is answered as RFC 7692 has it', (offer, more, own, peer) => {
    const answer = `permessage-deflate; server_no_context_takeover; client_no_context_takeover${more}`
    expect(acceptDeflate(parseExtensions(offer) ?? [], 15)).toEqual(
      more === undefined ? undefined : { answer, deflate: { ownWindowBits: own, peerWindowBits: peer } },
    )
  })

  test('a smaller window of one side is told to the other', () => {
    expect(
      acceptDeflate(parseExtensions('permessage-deflate; client_max_window_bits') ?? [], 9)?.answer,
    ).toMatch(/server_max_window_bits=9; client_max_window_bits=9$/)
    const [offer] = parseExtensions(offerDeflate(9)) ?? []
    expect(acceptDeflate([offer as Extension], 15)?.deflate).toEqual({ ownWindowBits: 9, peerWindowBits: 9 })
  })

  test.each([
    ['permessage-deflate; server_no_context_takeover', 15, 15],
    [
      'permessage-deflate; server_no_context_takeover; client_no_context_takeover; client_max_window_bits=12',
      12,
      15,
    ],
    ['permessage-deflate', undefined, 0],
    ['permessage-deflate; server_no_context_takeover; client_max_window_bits', undefined, 0],
    ['permessage-deflate; server_no_context_takeover; client_max_window_bits=8', undefined, 0],
    ['other', undefined, 0],
  ])('a client makes of the answer %s what it can', (answer, own, peer) => {
    const [extension] = parseExtensions(answer) ?? []
    expect(agreeDeflate(extension as Extension, 15)).toEqual(
      own === undefined ? undefined : { ownWindowBits: own, peerWindowBits: peer },
    )
  })
})
