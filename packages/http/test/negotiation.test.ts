import { describe, expect, test } from 'vitest'
import { accepts, acceptsEncodings, acceptsLanguages } from '../src/index.js'
import { weightedList } from '../src/wire/weighted-list.js'
import { madeRequest } from './made-request.js'

describe('of media types the best is', () => {
  const offered = ['application/json', 'text/html', 'text/plain;format=flowed'] as const
  test.each([
    [undefined, 'application/json'],
    ['*/*', 'application/json'],
    ['text/html', 'text/html'],
    ['TEXT/HTML', 'text/html'],
    ['text/*', 'text/html'],
    ['text/html;q=0.5, application/json;q=0.4', 'text/html'],
    ['text/html;q=0.5, */*;q=0.6', 'application/json'],
    ['text/*;q=0.9, text/html;q=0.1, application/json;q=0.5', 'text/plain;format=flowed'],
    ['text/plain;format=flowed, text/html;q=0.9', 'text/plain;format=flowed'],
    ['text/plain;format=fixed', undefined],
    ['application/json;q=0, */*', 'text/html'],
    ['image/png', undefined],
    ['', undefined],
    ['text/html;q=1.5', undefined],
    ['text/html;q=x, application/json;q=0.001', 'application/json'],
    ['text/html;level="a,b;c", application/json;q=0.2', 'application/json'],
    ['text/html;q=0.3;ext=1, application/json;q=0.2', 'text/html'],
    ['*/html', undefined],
  ])('for %j: %s', (accept, expected) => {
    const request = madeRequest('/', accept === undefined ? {} : { Accept: accept })
    // What stands behind the weight is an extension, and is no parameter of the type (12.5.1).
    expect(accepts(request, offered)).toBe(expected)
  })
})

describe('of codings the best is', () => {
  test.each([
    [undefined, 'identity'],
    ['', 'identity'],
    ['gzip', 'gzip'],
    ['gzip, br', 'br'],
    ['GZIP;Q=1', 'gzip'],
    ['x-gzip', 'gzip'],
    ['gzip;q=0.9, br;q=0.1', 'gzip'],
    ['*', 'br'],
    ['*;q=0', 'identity'],
    ['br;q=0, *', 'gzip'],
    ['identity;q=0, gzip;q=0.001', 'gzip'],
    ['identity, gzip;q=0.5', 'identity'],
    ['identity;q=0.5, gzip;q=0.5', 'gzip'],
    ['identity;q=0', 'identity'],
    ['deflate, compress', 'identity'],
  ])('for %j: %s', (accept, expected) => {
    const request = madeRequest('/', accept === undefined ? {} : { 'Accept-Encoding': accept })
    expect(acceptsEncodings(request, ['br', 'gzip'])).toBe(expected)
  })
})

describe('of languages the best is', () => {
  test.each([
    [undefined, 'en'],
    ['de', 'de-CH'],
    ['de-CH', 'de-CH'],
    ['de-AT', undefined],
    ['en-GB', 'en'],
    ['en-GB, de;q=0.5', 'de-CH'],
    ['fr, *;q=0.1', 'en'],
    ['en;q=0, *', 'de-CH'],
    ['en;q=0, en-GB;q=0.5', undefined],
    ['d', undefined],
    ['ja', undefined],
  ])('for %j: %s', (accept, expected) => {
    const request = madeRequest('/', accept === undefined ? {} : { 'Accept-Language': accept })
    expect(acceptsLanguages(request, ['en', 'de-CH'])).toBe(expected)
  })
})

test('a list of ten thousand elements is read up to its sixty-fourth', () => {
  expect(weightedList('a,'.repeat(10_000)).length).toBe(64)
})
