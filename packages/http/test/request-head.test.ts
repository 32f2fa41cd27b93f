import { checkFeeding, chunkings, feed } from '@shrapnel/test-support'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DEFAULT_HEAD_LIMITS } from '../src/wire/index.js'
import { describeRefusals } from './refusals.js'
import { type FedRequest, requestFeeder } from './request-feeder.js'

function request(text: string, expected: Partial<FedRequest>): void {
  const complete = { line: '', fields: [], length: -1, isChunked: false, ...expected }
  checkFeeding(() => requestFeeder(), Buffer.from(text, 'latin1'), complete)
}

describe('a request head', () => {
  test('is read the same however it is cut', () => {
    request('GET /a?b=c HTTP/1.1\r\nHost: example.com:80\r\nX-Empty:\r\nx-Two: \t a b \t\r\n\r\n', {
      line: 'GET /a?b=c HTTP/1.1',
      fields: [
        ['Host', 'example.com:80'],
        ['X-Empty', ''],
        ['x-Two', 'a b'],
      ],
    })
  })
  test('says how long its body is', () => {
    request('POST / HTTP/1.1\r\nHost: a\r\nCONTENT-length: 0012\r\n\r\n', {
      line: 'POST / HTTP/1.1',
      fields: [
        ['Host', 'a'],
        ['CONTENT-length', '0012'],
      ],
      length: 12,
    })
  })
  test('says that its body is chunked, in any case of letters', () => {
    request('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\tChunked \r\n\r\n', {
      line: 'POST / HTTP/1.1',
      fields: [
        ['Host', 'a'],
        ['Transfer-Encoding', 'Chunked'],
      ],
      isChunked: true,
    })
  })
  test.each([
    ['an absolute target', 'GET http://example.com:8080/x?y HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['OPTIONS of the whole server', 'OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['CONNECT to a host and port', 'CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n'],
    ['CONNECT to an address of IPv6', 'CONNECT [::1]:443 HTTP/1.1\r\nHost: [::1]:443\r\n\r\n'],
    ['HTTP/1.0 without a Host', 'GET / HTTP/1.0\r\n\r\n'],
    ['a method that nobody knows', 'BREW /pot HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['an empty Host', 'GET / HTTP/1.1\r\nHost:\r\n\r\n'],
    ['bytes beyond ASCII in a value', 'GET / HTTP/1.1\r\nHost: a\r\nX: \xe4\xff\r\n\r\n'],
    ['a minor version that is still to come', 'GET / HTTP/1.7\r\nHost: a\r\n\r\n'],
    ['one empty line before it', '\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['as many fields as are allowed', `GET / HTTP/1.1\r\nHost: a\r\n${'a: b\r\n'.repeat(99)}\r\n`],
    ['a target as long as is allowed', `GET /${'a'.repeat(8191)} HTTP/1.1\r\nHost: a\r\n\r\n`],
  ])('can have %s', (_why, text) => {
    expect(requestFeeder().push(Buffer.from(text, 'latin1'))).toHaveLength(1)
  })
  test('may be exactly as long as its limit', () => {
    const text = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'
    const limits = { ...DEFAULT_HEAD_LIMITS, maxHeadBytes: text.length }
    expect(requestFeeder(limits).push(Buffer.from(text))).toHaveLength(1)
    expect(() => requestFeeder({ ...limits, maxHeadBytes: text.length - 1 }).push(Buffer.from(text))).toThrow(
      'maxHeadBytes',
    )
  })
})

const HOST = 'Host: a\r\n'
describeRefusals('a request head is refused for', () => requestFeeder(), [
  ['a bare LF behind the request line', `GET / HTTP/1.1\n${HOST}\r\n`, 400],
  ['a bare LF behind a field', 'GET / HTTP/1.1\r\nHost: a\n\r\n', 400],
  ['a bare LF as the empty line', `GET / HTTP/1.1\r\n${HOST}\n`, 400],
  ['a bare CR in a value', 'GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n', 400],
  ['a bare CR in the request line', `GET /\rHTTP/1.1\r\n${HOST}\r\n`, 400],
  ['two empty lines before it', `\r\n\r\nGET / HTTP/1.1\r\n${HOST}\r\n`, 400],
  ['a field that goes on in a second line', 'GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n', 400],
  ['a field that goes on behind a tab', 'GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n\tb\r\n\r\n', 400],
  ['white space before the first field', `GET / HTTP/1.1\r\n ${HOST}\r\n`, 400],
  ['a space before the colon', 'GET / HTTP/1.1\r\nHost : a\r\n\r\n', 400],
  ['a tab before the colon', 'GET / HTTP/1.1\r\nHost: a\r\nContent-Length\t: 5\r\n\r\n', 400],
  ['a field without a name', `GET / HTTP/1.1\r\n${HOST}: a\r\n\r\n`, 400],
  ['a field without a colon', `GET / HTTP/1.1\r\n${HOST}abc\r\n\r\n`, 400],
  ['NUL in a value', `GET / HTTP/1.1\r\n${HOST}X: a\0b\r\n\r\n`, 400],
  ['NUL in a name', `GET / HTTP/1.1\r\n${HOST}X\0: ab\r\n\r\n`, 400],
  ['NUL in the target', `GET /\0 HTTP/1.1\r\n${HOST}\r\n`, 400],
  ['DEL in a value', `GET / HTTP/1.1\r\n${HOST}X: a\x7f\r\n\r\n`, 400],
  ['a control byte in a value', `GET / HTTP/1.1\r\n${HOST}X: \x0bchunked\r\n\r\n`, 400],
  ['a byte beyond ASCII in a name', `GET / HTTP/1.1\r\n${HOST}X\xe4: a\r\n\r\n`, 400],
  ['a byte beyond ASCII in the target', `GET /\xe4 HTTP/1.1\r\n${HOST}\r\n`, 400],
  ['a fragment in the target', `GET /#a HTTP/1.1\r\n${HOST}\r\n`, 400],
  ['two spaces behind the method', `GET  / HTTP/1.1\r\n${HOST}\r\n`, 400],
  ['two spaces behind the target', `GET /  HTTP/1.1\r\n${HOST}\r\n`, 400],
  ['a space behind the version', `GET / HTTP/1.1 \r\n${HOST}\r\n`, 400],
  ['a space before the method', ` GET / HTTP/1.1\r\n${HOST}\r\n`, 400],
  ['a tab in the request line', `GET\t/ HTTP/1.1\r\n${HOST}\r\n`, 400],
  ['a request line of one word', `GET\r\n${HOST}\r\n`, 400],
  ['a request without a version', `GET /\r\n${HOST}\r\n`, 400],
  ['a version in small letters', `GET / http/1.1\r\n${HOST}\r\n`, 400],
  ['a version of another protocol', `GET / RTSP/1.0\r\n${HOST}\r\n`, 400],
  ['a minor version of two digits', `GET / HTTP/1.10\r\n${HOST}\r\n`, 400],
  ['a version that is no number', `GET / HTTP/1.x\r\n${HOST}\r\n`, 400],
  ['a method that is no token', `G@T / HTTP/1.1\r\n${HOST}\r\n`, 400],
  ['a method without end', `${'A'.repeat(40)} / HTTP/1.1\r\n${HOST}\r\n`, 400],
  ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 505],
  ['HTTP/2 with a path', `GET / HTTP/2.0\r\n${HOST}\r\n`, 505],
  ['HTTP/0.9 that says so', `GET / HTTP/0.9\r\n${HOST}\r\n`, 505],
  ['a client of TLS', '\x16\x03\x01\x02\x00\x01\x00', 400],
  ['no Host', 'GET / HTTP/1.1\r\nX: a\r\n\r\n', 400],
  ['two Hosts', `GET / HTTP/1.1\r\n${HOST}${HOST}\r\n`, 400],
  ['two Hosts in HTTP/1.0', `GET / HTTP/1.0\r\n${HOST}${HOST}\r\n`, 400],
  ['a Host with a path', 'GET / HTTP/1.1\r\nHost: a/b\r\n\r\n', 400],
  ['a Host with user information', 'GET / HTTP/1.1\r\nHost: a@b\r\n\r\n', 400],
  ['a Host that is two', 'GET / HTTP/1.1\r\nHost: a, b\r\n\r\n', 400],
  ['a Host with a port that is no number', 'GET / HTTP/1.1\r\nHost: a:b\r\n\r\n', 400],
  ['a Host of IPv6 without its bracket', 'GET / HTTP/1.1\r\nHost: [::1\r\n\r\n', 400],
  ['a target without a slash', `GET a HTTP/1.1\r\n${HOST}\r\n`, 400],
  ['a target of another scheme', `GET ftp://a/ HTTP/1.1\r\n${HOST}\r\n`, 400],
  ['an absolute target without a host', `GET http:///a HTTP/1.1\r\n${HOST}\r\n`, 400],
  ['an absolute target with user information', `GET http://a@b/ HTTP/1.1\r\n${HOST}\r\n`, 400],
  ['an asterisk for another method', `GET * HTTP/1.1\r\n${HOST}\r\n`, 400],
  ['CONNECT to a path', `CONNECT / HTTP/1.1\r\n${HOST}\r\n`, 400],
  ['CONNECT without a port', `CONNECT a HTTP/1.1\r\n${HOST}\r\n`, 400],
  ['connect in small letters', `connect a:1 HTTP/1.1\r\n${HOST}\r\n`, 400],
  ['both lengths', `POST / HTTP/1.1\r\n${HOST}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n`, 400],
  ['both lengths, the other way', `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n`, 400],
  ['two lengths that differ', `POST / HTTP/1.1\r\n${HOST}Content-Length: 5\r\nContent-Length: 6\r\n\r\n`, 400],
  ['two lengths that agree', `POST / HTTP/1.1\r\n${HOST}Content-Length: 5\r\nContent-Length: 5\r\n\r\n`, 400],
  ['a list of lengths', `POST / HTTP/1.1\r\n${HOST}Content-Length: 5, 5\r\n\r\n`, 400],
  ['a length with a plus', `POST / HTTP/1.1\r\n${HOST}Content-Length: +5\r\n\r\n`, 400],
  ['a length with a minus', `POST / HTTP/1.1\r\n${HOST}Content-Length: -5\r\n\r\n`, 400],
  ['a length in hexadecimal', `POST / HTTP/1.1\r\n${HOST}Content-Length: 0x5\r\n\r\n`, 400],
  ['a length with a space in it', `POST / HTTP/1.1\r\n${HOST}Content-Length: 5 5\r\n\r\n`, 400],
  ['an empty length', `POST / HTTP/1.1\r\n${HOST}Content-Length:\r\n\r\n`, 400],
  ['a length that no number counts', `POST / HTTP/1.1\r\n${HOST}Content-Length: 99999999999999999999\r\n\r\n`, 413, 'HTTP_LIMIT', 'maxBodyBytes'],
  ['chunked in HTTP/1.0', 'POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n', 400],
  ['chunked twice', `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked, chunked\r\n\r\n`, 400],
  ['chunked in two fields', `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n`, 400],
  ['chunked that is not the last', `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked, gzip\r\n\r\n`, 400],
  ['chunked and then identity in a field of its own', `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n`, 400],
  ['an empty Transfer-Encoding', `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding:\r\n\r\n`, 400],
  ['a Transfer-Encoding that is no token', `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: "chunked"\r\n\r\n`, 400],
  ['a coding that is nearly chunked', `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: xchunked\r\n\r\n`, 501],
  ['a coding that nobody knows', `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: gzip\r\n\r\n`, 501],
  ['a coding before chunked', `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: gzip, chunked\r\n\r\n`, 501],
  ['identity', `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: identity\r\n\r\n`, 501],
  ['an expectation that nobody knows', `POST / HTTP/1.1\r\n${HOST}Expect: tea\r\n\r\n`, 417],
]) // biome-ignore format: a table

const SMALL = { maxHeadBytes: 200, maxHeaders: 3, maxTargetBytes: 40 }
describeRefusals('past its limits a request head is refused for', () => requestFeeder(SMALL), [
  ['a long target', `GET /${'a'.repeat(60)} HTTP/1.1\r\n${HOST}\r\n`, 414, 'HTTP_LIMIT', 'maxTargetBytes'],
  ['a target without end', `GET /${'a'.repeat(300)}`, 414, 'HTTP_LIMIT', 'maxTargetBytes'],
  [
    'too many fields',
    `GET / HTTP/1.1\r\n${HOST}a: 1\r\nb: 2\r\nc: 3\r\n\r\n`,
    431,
    'HTTP_LIMIT',
    'maxHeaders',
  ],
  [
    'a long value',
    `GET / HTTP/1.1\r\n${HOST}a: ${'b'.repeat(200)}\r\n\r\n`,
    431,
    'HTTP_LIMIT',
    'maxHeadBytes',
  ],
  [
    'a value without end',
    `GET / HTTP/1.1\r\n${HOST}a: ${'b'.repeat(300)}`,
    431,
    'HTTP_LIMIT',
    'maxHeadBytes',
  ],
  ['a name without end', `GET / HTTP/1.1\r\n${HOST}${'b'.repeat(300)}`, 431, 'HTTP_LIMIT', 'maxHeadBytes'],
])

const token = fc.stringMatching(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,20}$/)
const value = fc.stringMatching(/^(?:[!-~\x80-\xff](?:[\t -~\x80-\xff]{0,30}[!-~\x80-\xff])?)?$/)
const SPECIAL = new Set(['host', 'content-length', 'transfer-encoding', 'expect'])

describe('for any request', () => {
  test('what was written is what is read, in any chunking', () => {
    const field = fc.tuple(
      token.filter((name) => !SPECIAL.has(name.toLowerCase())),
      value,
    )
    fc.assert(
      fc.property(
        token.filter((m) => m !== 'CONNECT'),
        fc.array(field, { maxLength: 20 }),
        fc.nat(),
        (method, fields, seed) => {
          const all = [['Host', 'a'] as const, ...fields]
          const text = `${method} / HTTP/1.1\r\n${all.map(([name, text]) => `${name}:${text} \r\n`).join('')}\r\n`
          const expected = [{ line: `${method} / HTTP/1.1`, fields: all, length: -1, isChunked: false }]
          for (const chunks of chunkings(Buffer.from(text, 'latin1'), seed, 4))
            expect(feed(requestFeeder(), chunks)).toEqual(expected)
        },
      ),
    )
  })
  test('any bytes are read, refused or incomplete the same way in any chunking', () => {
    const noise = fc.stringMatching(/^[\r\n: \tA-Z/.1HTPhost\0-]{0,60}$/)
    const verdict = (chunks: Iterable<Uint8Array>): unknown => {
      try {
        return feed(requestFeeder(SMALL), chunks)
      } catch (error) {
        return (error as { status?: number }).status
      }
    }
    fc.assert(
      fc.property(
        noise,
        fc.constantFrom('', 'GET / HTTP/1.1\r\n', 'GET / HTTP/1.1\r\nHost: a\r\n'),
        fc.nat(),
        (tail, start, seed) => {
          const bytes = Buffer.from(`${start}${tail}\r\n\r\n`, 'latin1')
          const expected = verdict([bytes])
          for (const chunks of chunkings(bytes, seed, 4)) expect(verdict(chunks)).toEqual(expected)
        },
      ),
      { numRuns: 500 },
    )
  })
})
