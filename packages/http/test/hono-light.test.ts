import { expect, test } from 'vitest'
import { describeHono } from './hono-laws.js'

const { Request: PlatformRequest, Response: PlatformResponse } = globalThis

describeHono(true)

test('what the light classes make passes for what the platform makes, and the other way round', async () => {
  const response = new Response('x', { headers: { a: 'b' } })
  expect(Response).not.toBe(PlatformResponse)
  expect(response instanceof PlatformResponse).toBe(true)
  expect(new PlatformResponse() instanceof Response).toBe(true)
  expect(new PlatformRequest('http://a') instanceof Request).toBe(true)
  expect(new Request('http://a') instanceof PlatformRequest).toBe(true)
  expect({} instanceof Response).toBe(false)
  class Mine extends Response {}
  expect(new Mine() instanceof Response).toBe(true)
  expect(response instanceof Mine).toBe(false)
  expect([...new Headers(response.headers)]).toEqual([
    ['a', 'b'],
    ['content-type', 'text/plain;charset=UTF-8'],
  ])
})

test('a light Response refuses what the platform refuses', () => {
  const makes: (() => unknown)[] = [
    () => new Response('x', { status: 101 }),
    () => new Response('x', { status: 600 }),
    () => new Response('x', { status: 204 }),
    () => new Response(null, { headers: { 'a b': 'c' } }),
    () => new Response(null, { headers: { a: 'b\r\nc' } }),
  ]
  for (const make of makes) expect(make).toThrow()
  expect(new Response(null, { status: 204 }).body).toBe(null)
})

test('a light Response is read like any other, once', async () => {
  const response = new Response('{"a":1}')
  const copy = response.clone()
  expect(await response.json()).toEqual({ a: 1 })
  expect(response.bodyUsed).toBe(true)
  await expect(response.text()).rejects.toThrow(TypeError)
  expect(await copy.text()).toBe('{"a":1}')
  expect([response.ok, response.type, response.redirected, response.url, response.statusText]).toEqual([
    true,
    'default',
    false,
    '',
    '',
  ])
  const bytes = new Uint8Array([1, 2])
  const kept = new Response(bytes)
  bytes[0] = 9
  expect([...new Uint8Array(await kept.arrayBuffer())]).toEqual([1, 2])
  expect((await new Response(bytes.buffer).blob()).size).toBe(2)
})

test('headers that were given are copied, and those of a response can be changed', async () => {
  const headers = new Headers([['set-cookie', 'a'], ['set-cookie', 'b'], ['X', '1']]) // biome-ignore format: a table
  const response = new Response(null, { headers })
  headers.set('x', '2')
  response.headers.append('x', '3')
  expect(response.headers.get('x')).toBe('1, 3')
  expect(response.headers.getSetCookie()).toEqual(['a', 'b'])
  expect([...response.headers.keys()]).toEqual(['set-cookie', 'set-cookie', 'x'])
  response.headers.delete('X')
  expect([...response.headers.values()]).toEqual(['a', 'b'])
  const seen: string[] = []
  response.headers.forEach((value, name) => void seen.push(`${name}=${value}`))
  expect(seen).toEqual(['set-cookie=a', 'set-cookie=b'])
})
