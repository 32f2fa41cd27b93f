import { all, sleep, spawn, yieldSlice } from '@shrapnel/core'
import { curl } from '@shrapnel/test-support'
import { describe, expect, test } from 'vitest'
import { type HttpRequest, serve, statusPage } from '../../src/index.js'
import { call, fieldsOf, type Parts } from './handmade-request.js'

describe('a status page', () => {
  test('shows every coroutine, what it waits on, and nothing as markup', async () => {
    const one = spawn({ name: '<script>alert(1)</script>' }, () => sleep(Number.POSITIVE_INFINITY))
    await yieldSlice()
    const { body, status } = await call(statusPage({ title: 'The "lab"' }))
    expect(status).toBe(200)
    expect(body).toContain(`<b>${one.id}</b> &lt;script&gt;alert(1)&lt;/script&gt;`)
    expect(body).toContain('sleep')
    expect(body).toContain('<h1>The &quot;lab&quot;</h1>')
    expect(body).not.toContain('<script')
    one.shutdown()
  })

  test('loads itself again without a script, and lets nothing else in', async () => {
    const response = await call(statusPage({ refreshSeconds: 9 }))
    expect(response.body).toContain('<meta http-equiv="refresh" content="9">')
    expect(fieldsOf(response).get('content-security-policy')).toMatch(
      /^default-src 'none'; style-src 'sha256-[A-Za-z0-9+/]{43}='; base-uri 'none'; form-action 'none'; frame-ancestors 'none'$/,
    )
    expect((await call(statusPage({ refreshSeconds: 0 }))).body).not.toContain('http-equiv')
  })

  test('is JSON for who asks for that, as a list', async () => {
    const one = spawn({ name: 'outer' }, async () => {
      const inner = spawn({ name: 'inner' }, () => sleep(Number.POSITIVE_INFINITY))
      await inner.join()
    })
    await yieldSlice()
    await yieldSlice()
    const response = await call(statusPage(), { headers: { Accept: 'application/json' } })
    const { coroutines, count } = JSON.parse(response.body as string)
    const outer = coroutines.find(({ id }: { id: number }) => id === one.id)
    const inner = coroutines.find(({ parentId }: { parentId: number }) => parentId === one.id)
    expect([outer.name, inner.name, inner.depth - outer.depth]).toEqual(['outer', 'inner', 1])
    expect(inner.waits[0].on).toContain('sleep')
    expect(count).toBe(coroutines.length)
    one.shutdown()
    const browser = await call(statusPage(), { headers: { Accept: 'text/html,application/json;q=0.1' } })
    expect(fieldsOf(browser).get('content-type')).toContain('text/html')
  })

  test('shows so many and says how many more there are, however deep they are', async () => {
    const chain = async (left: number): Promise<void> => {
      if (left > 0) await spawn(() => chain(left - 1)).join()
      else await sleep(Number.POSITIVE_INFINITY)
    }
    const root = spawn(() => chain(3_000))
    root.join().catch(() => {})
    for (let i = 0; i < 3_100; i++) await yieldSlice()
    const { body } = await call(statusPage({ maxRows: 10 }))
    expect((body as string).match(/<td class="w">/g)).toHaveLength(10)
    expect(body).toMatch(/and (29|30)\d\d more/)
    const { coroutines } = JSON.parse(
      (await call(statusPage({ maxRows: 1e6 }), { headers: { Accept: 'application/json' } })).body as string,
    )
    expect(coroutines.length).toBeGreaterThan(3_000)
    for (const one of all()) one.shutdown()
    while (!root.isDead) await yieldSlice()
  })

  test.each<[string, Parts, number]>([
    ['this machine', { headers: { Host: 'localhost:80' } }, 200],
    ['this machine by IPv6', { peer: '::1', headers: { Host: '[::1]:80' } }, 200],
    ['this machine by both', { peer: '::ffff:127.0.0.1', headers: { Host: '127.0.0.1' } }, 200],
    ['another machine', { peer: '10.0.0.1' }, 403],
    ['another machine with a name that begins like ours', { peer: '127.0.0.1.example' }, 403],
    ['who knows where', { peer: null }, 403],
    ['a page of another site', { headers: { Host: 'evil.example' } }, 403],
    [
      'a page of a site that is named like this machine',
      { headers: { Host: 'localhost.evil.example' } },
      403,
    ],
    ['behind a proxy', { headers: { 'X-Forwarded-For': '1.2.3.4' } }, 403],
    ['behind another proxy', { headers: { Via: '1.1 cache' } }, 403],
    ['a form', { method: 'POST' }, 405],
  ])('answers %s', async (_who, parts, status) => {
    expect((await call(statusPage(), parts)).status).toBe(status)
  })

  test('asks whom it is told to ask', async () => {
    const allow = async ({ headers }: HttpRequest): Promise<boolean> => headers.has('x-let-me-in')
    expect(
      (await call(statusPage({ allow }), { peer: '10.0.0.1', headers: { 'X-Let-Me-In': '1' } })).status,
    ).toBe(200)
    expect((await call(statusPage({ allow }))).status).toBe(403)
  })

  test('is served', async () => {
    await using server = await serve({ port: 0 }, statusPage())
    const page = await curl(server.url)
    expect(page.stdout).toContain(`http server ${server.port}`)
    const other = await curl(server.url, { args: ['-H', 'Host: evil.example', '-w', '%{http_code}'] })
    expect(other.stdout).toBe('Forbidden\n403')
  })

  test('refuses options that it does not know', () => {
    expect(() => statusPage({ refresh: 1 } as object)).toThrow(
      expect.objectContaining({ code: 'ERR_UNKNOWN_OPTION' }),
    )
  })
})
