import { checkFeeding, chunkings, feed } from '@shrapnel/test-support'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BODY_UNTIL_END, CHUNKED_BODY, DEFAULT_HEAD_LIMITS } from '../src/wire/index.js'
import { describeRefusals } from './refusals.js'
import { type FedResponse, responseFeeder } from './request-feeder.js'

describe('a response head', () => {
  test('is read the same however it is cut', () => {
    const expected: FedResponse = {
      status: 404,
      reason: 'Not here, sorry',
      fields: [
        ['Content-Length', '5'],
        ['set-cookie', 'a=b'],
        ['Set-Cookie', 'c=d'],
      ],
      bodyLength: 5,
      keepsAlive: true,
    }
    const text =
      'HTTP/1.1 404 Not here, sorry\r\nContent-Length: 5\r\nset-cookie: a=b\r\nSet-Cookie:c=d \r\n\r\n'
    checkFeeding(() => responseFeeder(), Buffer.from(text), expected)
  })
  test.each([
    ['an empty reason', 'HTTP/1.1 200 \r\n\r\n', BODY_UNTIL_END],
    ['no reason and no space', 'HTTP/1.1 200\r\n\r\n', BODY_UNTIL_END],
    ['a length', 'HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n', 7],
    ['chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', CHUNKED_BODY],
    ['a status without a body', 'HTTP/1.1 204 No Content\r\nContent-Length: 7\r\n\r\n', 0],
    ['304 with the length of another', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n', 0],
    ['100', 'HTTP/1.1 100 Continue\r\n\r\n', 0],
  ])('with %s says how much follows', (_why, text, bodyLength) => {
    expect(responseFeeder().push(Buffer.from(text))).toMatchObject([{ bodyLength }])
  })
  test('to HEAD, and a good one to CONNECT, is followed by nothing', () => {
    const bytes = Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n')
    for (const method of ['HEAD', 'CONNECT'])
      expect(responseFeeder(DEFAULT_HEAD_LIMITS, method).push(bytes)).toMatchObject([{ bodyLength: 0 }])
  })
  test.each([
    ['HTTP/1.1', '', true],
    ['HTTP/1.1', 'Connection: close\r\n', false],
    ['HTTP/1.1', 'Connection: x, Close\r\n', false],
    ['HTTP/1.0', '', false],
    ['HTTP/1.0', 'Connection: Keep-Alive\r\n', true],
  ])('of %s with "%s" keeps the connection: %s', (version, fields, keepsAlive) => {
    expect(responseFeeder().push(Buffer.from(`${version} 200 OK\r\n${fields}\r\n`))).toMatchObject([
      { keepsAlive },
    ])
  })
})

describeRefusals('a response head is refused for', () => responseFeeder(), [
  ['another protocol', 'SSH-2.0-OpenSSH_9.2\r\n', undefined],
  ['another version', 'HTTP/2.0 200 OK\r\n\r\n', undefined],
  ['a version in small letters', 'http/1.1 200 OK\r\n\r\n', undefined],
  ['a status of two digits', 'HTTP/1.1 20 OK\r\n\r\n', undefined],
  ['a status of four digits', 'HTTP/1.1 2000 OK\r\n\r\n', undefined],
  ['a status that is no number', 'HTTP/1.1 2x0 OK\r\n\r\n', undefined],
  ['a status below 100', 'HTTP/1.1 099 OK\r\n\r\n', undefined],
  ['two spaces before the status', 'HTTP/1.1  200 OK\r\n\r\n', undefined],
  ['a bare LF behind the status line', 'HTTP/1.1 200 OK\n\r\n', undefined],
  ['a bare CR in the reason', 'HTTP/1.1 200 O\rK\r\n\r\n', undefined],
  ['NUL in the reason', 'HTTP/1.1 200 O\0K\r\n\r\n', undefined],
  ['a bare LF behind a field', 'HTTP/1.1 200 OK\r\nA: b\n\r\n', undefined],
  ['a field that goes on in a second line', 'HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n', undefined],
  ['a space before the colon', 'HTTP/1.1 200 OK\r\nA : b\r\n\r\n', undefined],
  ['both lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n', undefined],
  ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n', undefined],
  ['a signed length', 'HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\n', undefined],
  ['chunked in HTTP/1.0', 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', undefined],
  ['a coding that nobody knows', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n', undefined],
]) // biome-ignore format: a table

const SMALL = { maxHeadBytes: 100, maxHeaders: 2, maxTargetBytes: 40 }
describeRefusals('past its limits a response head is refused for', () => responseFeeder(SMALL), [
  ['a long reason', `HTTP/1.1 200 ${'a'.repeat(200)}\r\n\r\n`, undefined, 'HTTP_LIMIT', 'maxHeadBytes'],
  [
    'too many fields',
    'HTTP/1.1 200 OK\r\na: b\r\na: b\r\na: b\r\n\r\n',
    undefined,
    'HTTP_LIMIT',
    'maxHeaders',
  ],
  [
    'a value without end',
    `HTTP/1.1 200 OK\r\na: ${'b'.repeat(200)}`,
    undefined,
    'HTTP_LIMIT',
    'maxHeadBytes',
  ],
])

test('any bytes behind a status line have one verdict in any chunking', () => {
  const noise = fc.stringMatching(/^[\r\n: \tA-Z2HTPa-d\0-]{0,40}$/)
  const verdict = (chunks: Iterable<Uint8Array>): unknown => {
    try {
      return feed(responseFeeder(SMALL), chunks)
    } catch (error) {
      return (error as { code?: string }).code
    }
  }
  fc.assert(
    fc.property(
      noise,
      fc.constantFrom('', 'HTTP/1.1 200', 'HTTP/1.1 200 OK\r\n'),
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
