import { describe, expect, test } from 'vitest'
import {
  type CorsOptions,
  compose,
  cors,
  type Handler,
  rateLimit,
  requestId,
  requestIdOf,
  securityHeaders,
} from '../../src/index.js'
import { call, fieldsOf } from './handmade-request.js'

const ok: Handler = () => ({ body: 'ok' })

describe('a request id', () => {
  const showId: Handler = (request) => ({ body: String(requestIdOf(request)) })

  test('is on the request and on its answer, and is new each time', async () => {
    const app = compose([requestId()], showId)
    const [one, two] = [await call(app), await call(app)]
    expect(one.body).toMatch(/^[A-Za-z0-9_-]{22}$/)
    expect(fieldsOf(one).get('x-request-id')).toBe(one.body)
    expect(two.body).not.toBe(one.body)
  })

  test.each([
    [false, 'abc', false],
    [true, 'abc-1.2_3', true],
    [true, 'a b', false],
    [true, 'a"b', false],
    [true, 'a'.repeat(129), false],
    [true, '', false],
  ])('with trustClient %j takes %j: %j', async (trustClient, given, isTaken) => {
    const app = compose([requestId({ trustClient, header: 'X-Trace', make: () => 'mine' })], showId)
    expect((await call(app, { headers: { 'X-Trace': given } })).body).toBe(isTaken ? given : 'mine')
  })
})

describe('cross-origin requests', () => {
  const preflight = { Origin: 'https://a.example', 'Access-Control-Request-Method': 'PUT' }

  test('are allowed for those that are named', async () => {
    const app = compose(
      [cors({ origins: ['https://a.example'], credentials: true, exposeHeaders: ['X-A'] })],
      ok,
    )
    const good = fieldsOf(await call(app, { headers: { Origin: 'https://a.example' } }))
    expect([...good]).toEqual([
      ['Access-Control-Allow-Origin', 'https://a.example'],
      ['Access-Control-Allow-Credentials', 'true'],
      ['Access-Control-Expose-Headers', 'X-A'],
      ['Vary', 'Origin'],
    ])
    for (const Origin of [
      'https://b.example',
      'https://a.example.evil',
      'http://a.example',
      'null',
      'https://A.example',
    ]) {
      const bad = fieldsOf(await call(app, { headers: { Origin } }))
      expect([...bad]).toEqual([['Vary', 'Origin']])
    }
  })

  test('are asked for first, and answered before the handler', async () => {
    const never: Handler = () => {
      throw new Error('called')
    }
    const app = compose(
      [cors({ origins: '*', methods: ['PUT'], allowHeaders: ['X-B'], maxAgeSeconds: 5 })],
      never,
    )
    const response = await call(app, { method: 'OPTIONS', headers: preflight })
    expect(response.status).toBe(204)
    expect([...fieldsOf(response)]).toEqual([
      ['Access-Control-Allow-Origin', '*'],
      ['Access-Control-Allow-Methods', 'PUT'],
      ['Access-Control-Allow-Headers', 'X-B'],
      ['Access-Control-Max-Age', '5'],
      ['Vary', 'Origin'],
    ])
    const other = compose([cors({ origins: (origin) => origin.endsWith('.b') })], never)
    expect([...fieldsOf(await call(other, { method: 'OPTIONS', headers: preflight }))]).toEqual([
      ['Vary', 'Origin'],
    ])
  })

  test.each<[CorsOptions, string]>([
    [{ origins: '*', credentials: true }, 'ERR_INVALID_ARG_VALUE'],
    [{ origins: ['*'] }, 'ERR_INVALID_ARG_VALUE'],
    [{ origins: ['https://a/'] }, 'ERR_INVALID_ARG_VALUE'],
    [{ origins: '*', methods: ['a b'] }, 'HTTP_HEADER'],
    [{ origin: '*' } as unknown as CorsOptions, 'ERR_UNKNOWN_OPTION'],
  ])('are not allowed by %j', (options, code) => {
    expect(() => cors(options)).toThrow(expect.objectContaining({ code }))
  })
})

test('security headers are added where there are none, and that about TLS over TLS alone', async () => {
  const own: Handler = () => ({ headers: { 'Referrer-Policy': 'origin' } })
  const app = compose([securityHeaders({ crossOriginOpenerPolicy: false })], own)
  expect([...fieldsOf(await call(app))].map(([name]) => name)).toEqual([
    'Referrer-Policy',
    'X-Content-Type-Options',
    'Content-Security-Policy',
  ])
  expect(fieldsOf(await call(app, { isTls: true })).get('strict-transport-security')).toBe('max-age=15552000')
  expect(fieldsOf(await call(app)).get('referrer-policy')).toBe('origin')
})

describe('a rate limit', () => {
  test('lets a burst through, then says when to come again', async () => {
    const app = compose([rateLimit({ perSecond: 0.1, burst: 2 })], ok)
    expect([(await call(app)).status, (await call(app)).status]).toEqual([undefined, undefined])
    const late = await call(app)
    expect([late.status, fieldsOf(late).get('retry-after')]).toEqual([429, '10'])
    expect((await call(app, { peer: '10.0.0.1' })).status).toBeUndefined()
  })

  test('counts a client with all of its addresses of IPv6', async () => {
    const app = compose([rateLimit({ perSecond: 0.1, burst: 1 })], ok)
    const statuses: unknown[] = []
    for (const peer of [
      '2001:db8:1:2::1',
      '2001:db8:1:2:ffff::2',
      '2001:db8:1:3::1',
      '2001:db8::1',
      '2001:db8::2',
    ])
      statuses.push((await call(app, { peer })).status)
    expect(statuses).toEqual([undefined, 429, undefined, undefined, 429])
  })

  test('forgets those that asked longest ago', async () => {
    const app = compose([rateLimit({ perSecond: 0.1, burst: 1, maxPeers: 2 })], ok)
    for (const peer of ['10.0.0.1', '10.0.0.2', '10.0.0.3']) await call(app, { peer })
    expect((await call(app, { peer: '10.0.0.3' })).status).toBe(429)
    expect((await call(app, { peer: '10.0.0.1' })).status).toBeUndefined()
  })

  test('does not hold for who has no key', async () => {
    const app = compose([rateLimit({ perSecond: 0.1, burst: 1, key: () => undefined })], ok)
    for (let i = 0; i < 3; i++) expect((await call(app)).status).toBeUndefined()
    expect(() => rateLimit({ perSecond: 0, burst: 1 })).toThrow(
      expect.objectContaining({ code: 'ERR_OUT_OF_RANGE' }),
    )
  })
})
