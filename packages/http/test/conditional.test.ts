import { describe, expect, test } from 'vitest'
import { type ConditionalFacts, conditional, etagOf, type Handler, serve } from '../src/index.js'
import { entityTags, isEntityTag, weakened } from '../src/wire/entity-tag.js'
import { isRangeMeant } from '../src/wire/preconditions.js'
import { ask } from './asked.js'
import { madeRequest } from './made-request.js'

const CHANGED_MS = Date.UTC(2024, 0, 1)
const DATE = 'Mon, 01 Jan 2024 00:00:00 GMT'

describe('a handler that knows a tag and a time', () => {
  const facts: ConditionalFacts = { etag: '"a"', lastModified: CHANGED_MS + 999 }
  test.each([
    ['GET', {}, undefined],
    ['GET', { 'If-None-Match': '"a"' }, 304],
    ['HEAD', { 'If-None-Match': '*' }, 304],
    ['PUT', { 'If-None-Match': '*' }, 412],
    ['PUT', { 'If-None-Match': '"b"' }, undefined],
    ['PUT', { 'If-Match': '"a"' }, undefined],
    ['PUT', { 'If-Match': '"b"' }, 412],
    ['PUT', { 'If-Modified-Since': DATE }, undefined],
    ['DELETE', { 'If-Unmodified-Since': 'Sun, 31 Dec 2023 23:59:59 GMT' }, 412],
    ['DELETE', { 'If-Unmodified-Since': DATE }, undefined],
    ['GET', { 'If-Modified-Since': DATE }, 304],
  ] as const)('answers %s with %j: %s', (method, headers, status) => {
    expect(conditional(madeRequest('/', headers, method), facts)?.status).toBe(status)
  })

  test('says both again with 304', () => {
    const response = conditional(madeRequest('/', { 'If-None-Match': '"a"' }), facts)
    expect(response).toEqual({ status: 304, headers: { ETag: '"a"', 'Last-Modified': DATE } })
  })
})

test('what is not known is not held against anybody', () => {
  const asked = { 'If-Modified-Since': DATE, 'If-Unmodified-Since': DATE }
  expect(conditional(madeRequest('/', asked), {})).toBe(undefined)
  expect(conditional(madeRequest('/', { 'If-Match': '"a"' }), {})?.status).toBe(412)
})

test.each([
  ['a tag without quotes', { etag: 'abc' }],
  ['a tag with a quote in it', { etag: '"a"b"' }],
  ['a date that is none', { lastModified: new Date('x') }],
])('not with %s', (_why, facts) => {
  const wrong = expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' })
  expect(() => conditional(madeRequest('/'), facts)).toThrow(wrong)
})

test('the tag of bytes is theirs alone, and a string is its UTF-8', () => {
  expect(etagOf('é')).toBe(etagOf(Buffer.from('é')))
  expect(etagOf('a')).not.toBe(etagOf('b'))
  expect(isEntityTag(etagOf(''))).toBe(true)
  expect(() => etagOf(5 as unknown as string)).toThrow(
    expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }),
  )
})

test('a page is sent once, and then known', async () => {
  const page = '<p>'
  const handler: Handler = (request) => {
    const etag = etagOf(page)
    return conditional(request, { etag }) ?? { headers: { ETag: etag }, body: page }
  }
  await using server = await serve({ port: 0 }, handler)
  const first = await ask(server.port, '/')
  expect([first.status, first.body.toString()]).toEqual([200, page])
  const second = await ask(server.port, '/', { 'If-None-Match': first.fields.etag ?? '' })
  expect([second.status, second.body.length]).toEqual([304, 0])
})

describe('lists of tags', () => {
  test.each([
    ['"a"', ['"a"']],
    ['"a","b"', ['"a"', '"b"']],
    [' "a" ,, W/"b" ', ['"a"', 'W/"b"']],
    ['"a,b"', ['"a,b"']],
    ['"a" "b"', []],
    ['w/"a"', []],
    ['"a', []],
    ['a, "b"', []],
    ['"a", b, "c"', ['"a"']],
    ['', []],
  ])('%j', (text, tags) => {
    expect(entityTags(text)).toEqual(tags)
  })

  test('of ten thousand are read without delay', () => {
    expect(entityTags('"a",'.repeat(10_000)).length).toBe(10_000)
    expect(entityTags(`${' ,\t'.repeat(30_000)}x`)).toEqual([])
  })

  test('a weak tag stays one', () => {
    expect([weakened('"a"'), weakened('W/"a"')]).toEqual(['W/"a"', 'W/"a"'])
  })
})

test('a date that may hide a second change does not stand for the same bytes', () => {
  const facts = { lastModifiedMs: CHANGED_MS }
  expect(isRangeMeant(DATE, facts, CHANGED_MS + 999)).toBe(false)
  expect(isRangeMeant(DATE, facts, CHANGED_MS + 1_000)).toBe(true)
})
