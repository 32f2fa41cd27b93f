import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type CookieOptions, CookieSigner, cookies, deleteCookie, setCookie } from '../../src/index.js'
import { makeRequest } from './handmade-request.js'

const cookiesOf = (...fields: string[]): Record<string, string> =>
  Object.fromEntries(cookies(makeRequest({ headers: fields.map((field) => ['Cookie', field] as const) })))

describe('the cookies of a request', () => {
  test.each([
    ['a=b', { a: 'b' }],
    ['a=b; c=d', { a: 'b', c: 'd' }],
    ['a=b;c=d;', { a: 'b', c: 'd' }],
    ['  a = b ;; c=', { a: 'b', c: '' }],
    ['a="b c"', { a: 'b c' }],
    ['a=b=c', { a: 'b=c' }],
    ['a=%C3%A9%3B', { a: 'é;' }],
    ['a=%', { a: '%' }],
    ['a=%zz%41', { a: '%zz%41' }],
    ['a=1; a=2', { a: '1' }],
    ['nothing; =x; a=b', { a: 'b' }],
    ['a b=c; d(=e; f=g', { f: 'g' }],
    ['a="', { a: '"' }],
    ['$Version=1; a=b', { $Version: '1', a: 'b' }],
    ['', {}],
  ])('in %j are %j', (field, expected) => {
    expect(cookiesOf(field)).toEqual(expected)
  })

  test('are those of all fields, and no more than a map has', () => {
    expect(cookiesOf('a=1', 'b=2; a=3')).toEqual({ a: '1', b: '2' })
    const found = cookies(makeRequest({ headers: { Cookie: '__proto__=x; constructor=y' } }))
    expect([found.get('__proto__'), found.get('constructor'), found.get('toString')]).toEqual([
      'x',
      'y',
      undefined,
    ])
  })

  test('are taken apart once', () => {
    const request = makeRequest({ headers: { Cookie: 'a=b' } })
    expect(cookies(request)).toBe(cookies(request))
  })
})

describe('a cookie that is set', () => {
  test('is as safe as it can be, unless told otherwise', () => {
    expect(setCookie('a', 'b')).toBe('a=b; Path=/; Secure; HttpOnly; SameSite=Lax')
    expect(
      setCookie('a', 'b', {
        maxAgeSeconds: 60,
        path: '/x',
        domain: 'example.com',
        secure: true,
        httpOnly: false,
        sameSite: 'none',
        partitioned: true,
      }),
    ).toBe('a=b; Max-Age=60; Domain=example.com; Path=/x; Secure; SameSite=None; Partitioned')
    expect(deleteCookie('a', { path: '/x' })).toBe('a=; Max-Age=0; Path=/x; Secure; HttpOnly; SameSite=Lax')
  })

  test.each<[name: string, value: string, options: CookieOptions, code: string]>([
    ['', 'b', {}, 'ERR_INVALID_ARG_VALUE'],
    ['a b', 'b', {}, 'ERR_INVALID_ARG_VALUE'],
    ['a=b', 'b', {}, 'ERR_INVALID_ARG_VALUE'],
    ['a;', 'b', {}, 'ERR_INVALID_ARG_VALUE'],
    ['a\r\nb', 'b', {}, 'ERR_INVALID_ARG_VALUE'],
    ['é', 'b', {}, 'ERR_INVALID_ARG_VALUE'],
    ['a', 'b', { path: '/; Domain=evil' }, 'ERR_INVALID_ARG_VALUE'],
    ['a', 'b', { path: 'x' }, 'ERR_INVALID_ARG_VALUE'],
    ['a', 'b', { path: '/\r\nX: y' }, 'ERR_INVALID_ARG_VALUE'],
    ['a', 'b', { domain: 'a; Secure' }, 'ERR_INVALID_ARG_VALUE'],
    ['a', 'b', { domain: '' }, 'ERR_INVALID_ARG_VALUE'],
    ['a', 'b', { sameSite: 'Lax; x' as 'lax' }, 'ERR_INVALID_ARG_VALUE'],
    ['a', 'b', { sameSite: 'none', secure: false }, 'ERR_INVALID_ARG_VALUE'],
    ['a', 'b', { partitioned: true, secure: false }, 'ERR_INVALID_ARG_VALUE'],
    ['__Secure-a', 'b', { secure: false }, 'ERR_INVALID_ARG_VALUE'],
    ['__Host-a', 'b', { path: '/x' }, 'ERR_INVALID_ARG_VALUE'],
    ['__HOST-a', 'b', { domain: 'a' }, 'ERR_INVALID_ARG_VALUE'],
    ['a', 'b', { maxAgeSeconds: 1.5 }, 'ERR_OUT_OF_RANGE'],
    ['a', 'b', { secure: 'no' as unknown as boolean }, 'ERR_INVALID_ARG_TYPE'],
    ['a', 'b', { expires: 1 } as CookieOptions, 'ERR_UNKNOWN_OPTION'],
    ['a', 'é'.repeat(700), {}, 'ERR_OUT_OF_RANGE'],
    ['a', 1 as unknown as string, {}, 'ERR_INVALID_ARG_TYPE'],
  ])('is refused where it would be ignored or be another: row %#', (name, value, options, code) => {
    expect(() => setCookie(name, value, options)).toThrow(expect.objectContaining({ code }))
  })

  test('comes back with its value, whatever text that is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 100 }), (value) => {
        const [pair = ''] = setCookie('a', value).split('; ')
        expect(pair).toMatch(/^a=[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*$/)
        expect(cookiesOf(`x=y; ${pair}`).a).toBe(value)
      }),
    )
  })
})

describe('a signed cookie', () => {
  const old = 'the key of last year'
  const next = 'the key of this year'
  const signer = new CookieSigner([next, old])
  const withCookie = (name: string, value: string) => makeRequest({ headers: { Cookie: `${name}=${value}` } })

  test('is read by whoever has its key', () => {
    const [pair = ''] = signer.set('user', 'ada; admin').split('; ')
    expect(signer.get(makeRequest({ headers: { Cookie: pair } }), 'user')).toBe('ada; admin')
    expect(new CookieSigner([old]).get(makeRequest({ headers: { Cookie: pair } }), 'user')).toBeUndefined()
  })

  test('stays good when there is a new key', () => {
    expect(signer.verify('user', new CookieSigner([old]).sign('user', 'ada'))).toBe('ada')
  })

  const good = signer.sign('user', 'ada')
  test.each([
    ['user', ''],
    ['user', 'ada'],
    ['user', 'ada.'],
    ['user', `eve${good.slice(3)}`],
    ['other', good],
    ['user', `${good}x`],
    ['user', good.slice(0, -2)],
    ['user', `${good.slice(0, -3)}...`],
    ['user', `x.${good}`],
  ])('is refused as %s=%s', (name, value) => {
    expect(signer.get(withCookie(name, value), name)).toBeUndefined()
  })

  test('needs a key that is none to guess', () => {
    expect(() => new CookieSigner([])).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARG_VALUE' }))
    expect(() => new CookieSigner(['short'])).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARG_VALUE' }),
    )
  })
})
