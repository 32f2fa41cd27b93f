import { describe, expect, test } from 'vitest'
import {
  compose,
  escapeHtml,
  html,
  json,
  type Middleware,
  methodNotAllowed,
  noContent,
  notFound,
  redirect,
  text,
  tooManyRequests,
  unavailable,
  withHeaders,
} from '../../src/index.js'
import { fieldsOf, makeRequest } from './handmade-request.js'

describe('responses', () => {
  test('have their type, unless another is given', () => {
    expect(text('a')).toEqual({
      status: 200,
      headers: { 'Content-Type': 'text/plain; charset=utf-8' },
      body: 'a',
    })
    expect(fieldsOf(html('<p>')).get('content-type')).toBe('text/html; charset=utf-8')
    const own = json(
      { a: 1 },
      { status: 201, headers: { 'content-TYPE': 'application/problem+json', X: 'y' } },
    )
    expect([own.status, own.body, [...fieldsOf(own)]]).toEqual([
      201,
      '{"a":1}',
      [['content-TYPE', 'application/problem+json'], ['X', 'y']],
    ]) // biome-ignore format: a table
    expect([...fieldsOf(text('a', { headers: [['X', 'y']] }))]).toEqual([
      ['X', 'y'],
      ['Content-Type', 'text/plain; charset=utf-8'],
    ])
    expect([...fieldsOf(text('a', { headers: { X: 'y' } }))]).toHaveLength(2)
  })

  test('of statuses say what that is', () => {
    expect(notFound()).toMatchObject({ status: 404, body: 'Not Found\n' })
    expect(noContent()).toEqual({ status: 204 })
    expect(fieldsOf(methodNotAllowed(['GET', 'PUT'])).get('allow')).toBe('GET, PUT')
    expect(fieldsOf(unavailable('soon', 3)).get('retry-after')).toBe('3')
    expect(tooManyRequests()).toMatchObject({ status: 429 })
  })

  test.each([[undefined], [() => 1], [Symbol('a')]])('of JSON refuse %s', (value) => {
    expect(() => json(value)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }))
  })

  test.each([
    ['/a?b=c#d', '/a?b=c#d'],
    ['/é ü', '/%C3%A9%20%C3%BC'],
    ['/\ud800', '/%EF%BF%BD'],
    ['https://example.com/', 'https://example.com/'],
  ])('that redirect to %s send %s', (location, sent) => {
    expect(redirect(location)).toEqual({ status: 302, headers: { Location: sent } })
  })

  test.each(['/a\r\nSet-Cookie: a=b', '/a\n', '/\0', '/\x7f', `/${'a'.repeat(9_000)}`])(
    'do not redirect to %j',
    (location) => {
      expect(() => redirect(location)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARG_VALUE' }))
    },
  )

  test('do not redirect with a status that is no redirect', () => {
    expect(() => redirect('/', 304)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARG_VALUE' }))
    expect(redirect(new URL('http://a/b'), 308).status).toBe(308)
  })

  test('get more fields without being changed', () => {
    const first = text('a')
    expect(fieldsOf(withHeaders(first, { 'Content-Type': 'b', X: 'y' })).getAll('content-type')).toHaveLength(
      2,
    )
    expect([...fieldsOf(first)]).toHaveLength(1)
    expect(() => withHeaders(first, { X: 'a\r\nb' })).toThrow(
      expect.objectContaining({ code: 'HTTP_HEADER' }),
    )
  })

  test('have a text for HTML that is text there', () => {
    expect(escapeHtml(`<a href="x" onclick='y'>&`)).toBe(
      '&lt;a href=&quot;x&quot; onclick=&#39;y&#39;&gt;&amp;',
    )
  })
})

test('composed middleware runs from the outside in and back', async () => {
  const seen: string[] = []
  const around =
    (name: string): Middleware =>
    async (request, next) => {
      seen.push(`${name} in`)
      const response = await next(request)
      seen.push(`${name} out`)
      return response
    }
  const handler = compose([around('a'), around('b')], () => text(String(seen.push('handler'))))
  await handler(makeRequest())
  expect(seen).toEqual(['a in', 'b in', 'handler', 'b out', 'a out'])
  expect(() => compose([1 as unknown as Middleware], () => ({}))).toThrow(
    expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }),
  )
})
