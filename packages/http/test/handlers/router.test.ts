import fc from 'fast-check'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { type Handler, type HttpResponse, type Middleware, type Router, router } from '../../src/index.js'
import { answer, call, fieldsOf, makeRequest } from './handmade-request.js'

const say =
  (name: string): Handler =>
  ({ params }) => ({ body: `${name} ${JSON.stringify(params)}` })
const ask = (app: Router, target: string, method = 'GET') => answer(app(makeRequest({ method, target })))
const mark =
  (name: string): Middleware =>
  async (request, next) => {
    const response = await next(request)
    return { ...response, body: `${name}(${String(response.body).trim()})` }
  }

const app = router()
  .get('/', say('root'))
  .get('/users', say('list'))
  .get('/users/me', say('me'))
  .get('/users/:id', say('user'))
  .post('/users/:id', say('change'))
  .get('/users/:id/files/*', say('file'))
  .get('/users/:id/files/first', say('first'))
  .get('/users/me/files/:name/info', say('info'))
  .get('/café/:x', say('café'))
  .all('/any', say('any'))
  .get('/static/*path', say('static'))
  .on('PROPFIND', '/dav', say('dav'))

describe('a router', () => {
  test.each([
    ['/', 'root {}'],
    ['/users', 'list {}'],
    ['/users/me', 'me {}'],
    ['/users/7', 'user {"id":"7"}'],
    ['/users/7?x=/a', 'user {"id":"7"}'],
    ['/users/%6De', 'me {}'],
    ['/users/a%2Fb', 'user {"id":"a/b"}'],
    ['/users/%E2%82%AC', 'user {"id":"€"}'],
    ['/users/..', 'user {"id":".."}'],
    ['/users/__proto__', 'user {"id":"__proto__"}'],
    ['/users/me/files/first', 'first {"id":"me"}'],
    ['/users/me/files/a/info', 'info {"name":"a"}'],
    ['/users/me/files/a/other', 'file {"id":"me","rest":"a/other"}'],
    ['/users/7/files/', 'file {"id":"7","rest":""}'],
    ['/users/7/files/a//b/', 'file {"id":"7","rest":"a//b/"}'],
    ['/caf%C3%A9/1', 'café {"x":"1"}'],
    ['/static/%2e%2e/x', 'static {"path":"../x"}'],
    ['/any', 'any {}'],
  ])('leads %s to %s', async (target, body) => {
    expect(await ask(app, target)).toEqual([200, body])
  })

  test.each([
    '/nowhere', '//', '/users/', '/users//files/x', '/users/7/files', '/Users', '/static', '/x/users', 'users', '*', 'users:443',
  ])('answers 404 for %s', async (target) => {
    expect(await ask(app, target)).toEqual([404, 'Not Found'])
  }) // biome-ignore format: a table

  test.each([
    '/users/%',
    '/users/%2',
    '/users/%zz',
    '/%ff',
    '/users/%c3',
    '/nowhere/%C0%80',
    '/static/%ed%a0%80',
  ])('answers 400 for %s, which encodes nothing', async (target) => {
    expect((await ask(app, target))[0]).toBe(400)
  })

  test('answers HEAD as GET, unless it has a route for that', async () => {
    const own = router().get('/a', say('get')).get('/b', say('get')).head('/b', say('head'))
    expect(await ask(own, '/a', 'HEAD')).toEqual([200, 'get {}'])
    expect(await ask(own, '/b', 'HEAD')).toEqual([200, 'head {}'])
  })

  test('says which methods there are where one is missing', async () => {
    const response = await call(app, { method: 'DELETE', target: '/users/7' })
    expect(response.status).toBe(405)
    expect(fieldsOf(response).get('allow')).toBe('GET, HEAD, OPTIONS, POST')
    const dav = await call(app, { target: '/dav' })
    expect([dav.status, fieldsOf(dav).get('allow')]).toEqual([405, 'OPTIONS, PROPFIND'])
  })

  test('answers OPTIONS by itself, for a path and for the server', async () => {
    const one = await call(app, { method: 'OPTIONS', target: '/users/me' })
    expect([one.status, fieldsOf(one).get('allow')]).toEqual([204, 'GET, HEAD, OPTIONS, POST'])
    const all = await call(app, { method: 'OPTIONS', target: '*' })
    expect([all.status, fieldsOf(all).has('allow')]).toEqual([204, true])
    expect(await ask(router().options('/x', say('mine')), '/x', 'OPTIONS')).toEqual([200, 'mine {}'])
  })

  test('passes over what is static where only a parameter has the method', async () => {
    expect(await ask(app, '/users/me', 'POST')).toEqual([200, 'change {"id":"me"}'])
  })

  test('gives parameters that have no prototype', async () => {
    let params: object = {}
    const own = router().get('/:a', (request) => {
      params = request.params
      return {}
    })
    await ask(own, '/x')
    expect('constructor' in params).toBe(false)
    expect({ ...params }).toEqual({ a: 'x' })
  })

  test('knows the names of its parameters', () => {
    router().get('/users/:id/*', ({ params }) => {
      expectTypeOf(params.id).toEqualTypeOf<string>()
      expectTypeOf(params.rest).toEqualTypeOf<string>()
      return {}
    })
  })

  test.each([
    ['ignore', '/a/', [200, 'a {}']],
    ['ignore', '/b', [200, 'b {}']],
    ['ignore', '/c/1/', [200, 'c {"x":"1"}']],
    ['strict', '/a/', [404, 'Not Found']],
    ['strict', '/b', [404, 'Not Found']],
    ['redirect', '/a/?q=1', [308, undefined]],
    ['redirect', '/none/', [404, 'Not Found']],
  ] as const)('with trailing slashes %s answers %s', async (trailingSlash, target, expected) => {
    const own = router({ trailingSlash }).get('/a', say('a')).get('/b/', say('b')).get('/c/:x', say('c'))
    expect(await ask(own, target)).toEqual(expected)
  })

  test.each(['//example.com', '/\\example.com', '///'])(
    'does not redirect from %s to another host',
    async (target) => {
      const own = router({ trailingSlash: 'redirect' }).get('/*rest', say('all')).get('/x/y/', say('xy'))
      const response = await call(own, { target })
      expect(fieldsOf(response).get('location')).toBeUndefined()
      const deep = router({ trailingSlash: 'redirect' })
        .get('/:a/', say('a'))
        .get('/:a/:b/', say('ab'))
        .get('//:x/', say('x'))
      expect(fieldsOf(await call(deep, { target })).get('location')).toBeUndefined()
    },
  )

  test('redirects with the query', async () => {
    const own = router({ trailingSlash: 'redirect' }).get('/a', say('a'))
    expect(fieldsOf(await call(own, { target: '/a/?q=1' })).get('location')).toBe('/a?q=1')
  })

  test('ignores the case of what is static, if told so, and keeps that of parameters', async () => {
    const own = router({ caseSensitive: false }).get('/Users/:id', say('user')).get('/About', say('about'))
    expect(await ask(own, '/uSERS/Ab')).toEqual([200, 'user {"id":"Ab"}'])
    expect(await ask(own, '/ABOUT')).toEqual([200, 'about {}'])
  })

  test.each([
    ['users', 'begin with a slash'],
    ['/a?b', 'query'],
    ['/*a/b', 'wildcard before'],
    ['/a*', 'wildcard that'],
    ['/:', 'parameter'],
    ['/:a-b', 'parameter'],
    ['/:id?', 'query'],
    ['/:__proto__', 'parameter'],
    ['/:a/:a', 'one name'],
    ['/%zz', 'percent'],
  ])('refuses the path %s', (path, text) => {
    expect(() => router().get(path, say('x'))).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARG_VALUE', message: expect.stringContaining(text) }),
    )
  })

  test('refuses a second route of the same shape, and stays as it was', async () => {
    const own = router().get('/:a', say('a'))
    expect(() => own.get('/:b', say('b'))).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARG_VALUE' }))
    expect(await ask(own, '/x')).toEqual([200, 'a {"a":"x"}'])
    expect(() => own.get('/x', undefined as unknown as Handler)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }),
    )
    expect(() => router({ slash: true } as object)).toThrow(
      expect.objectContaining({ code: 'ERR_UNKNOWN_OPTION' }),
    )
  })
})

describe('middleware', () => {
  test('surrounds every route of its router, and its own answers, whenever it was added', async () => {
    const own = router().get('/early', say('early'))
    own.use(mark('one'), mark('two'))
    own.get('/late', mark('three'), say('late'))
    expect(await ask(own, '/early')).toEqual([200, 'one(two(early {}))'])
    expect(await ask(own, '/late')).toEqual([200, 'one(two(three(late {})))'])
    expect(await ask(own, '/none')).toEqual([404, 'one(two(Not Found))'])
    expect(await ask(own, '/late', 'PUT')).toEqual([405, 'one(two(Method Not Allowed))'])
    expect((await ask(own, '/%'))[0]).toBe(400)
  })

  test('sees the parameters, and may answer itself', async () => {
    const guard: Middleware = (request, next) =>
      request.params.id === 'no' ? { status: 403, body: 'stop' } : next(request)
    const own = router().use(guard).get('/:id', say('in'))
    expect(await ask(own, '/no')).toEqual([403, 'stop'])
    expect(await ask(own, '/yes')).toEqual([200, 'in {"id":"yes"}'])
  })

  test('adds no promise where nobody waits', () => {
    const own = router()
      .use((request, next) => next(request))
      .get('/', () => ({ body: 'x' }))
    expect(own(makeRequest())).toEqual({ body: 'x' } satisfies HttpResponse)
  })
})

describe('a router in a router', () => {
  const inner = router().use(mark('inner')).get('/', say('index')).get('/:id', say('one'))
  const outer = router()
    .use(mark('outer'))
    .use('/api/:version', mark('at'), inner)
    .get('/api/:version/x/y', say('own'))

  test.each([
    ['/api/v1', [200, 'outer(at(inner(index {"version":"v1"})))']],
    ['/api/v1/7', [200, 'outer(at(inner(one {"version":"v1","id":"7"})))']],
    ['/api/v1/x/y', [200, 'outer(own {"version":"v1"})']],
    ['/api/v1/x/z', [404, 'outer(at(inner(Not Found)))']],
    ['/apis/v1', [404, 'outer(Not Found)']],
    ['/api', [404, 'outer(Not Found)']],
  ] as const)('answers %s', async (target, expected) => {
    expect(await ask(outer, target)).toEqual(expected)
  })

  test('gets routes that are added later', async () => {
    const late = router()
    const own = router().use('/late', late)
    expect((await ask(own, '/late/x'))[0]).toBe(404)
    late.get('/x', say('x'))
    expect(await ask(own, '/late/x')).toEqual([200, 'x {}'])
  })

  test('is refused where two routes would be one, two names too, or it would be in itself', async () => {
    const own = router().get('/a/b', say('own'))
    const other = router().get('/b', say('other'))
    const refused = expect.objectContaining({ code: 'ERR_INVALID_ARG_VALUE' })
    expect(() => own.use('/a', other)).toThrow(refused)
    expect(() => router().use('/:id', inner)).toThrow(refused)
    const a = router()
    const b = router().use('/b', a)
    expect(() => a.use('/a', b)).toThrow(refused)
    expect(() => a.use('/a', a)).toThrow(refused)
    expect(() => own.use('/x/*', other)).toThrow(refused)
    expect(() => own.use('/x', (() => ({})) as unknown as Router)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }),
    )
    expect(await ask(own, '/a/b')).toEqual([200, 'own {}'])
  })

  test('may be in two places', async () => {
    const own = router().use('/a', inner).use('/b/', inner)
    expect(await ask(own, '/a/1')).toEqual([200, 'inner(one {"id":"1"})'])
    expect(await ask(own, '/b/1')).toEqual([200, 'inner(one {"id":"1"})'])
  })
})

/** Of the routes that fit, the one whose segments are static the longest from the left, then parameters. */
function naive(patterns: readonly string[], path: string): string | undefined {
  const parts = path.slice(1).split('/')
  const fits = patterns.flatMap((pattern) => {
    const segments = pattern.slice(1).split('/')
    const isWild = segments.at(-1)?.startsWith('*')
    if (isWild ? parts.length < segments.length : parts.length !== segments.length) return []
    let rank = ''
    for (const [i, segment] of segments.entries()) {
      if (segment.startsWith('*')) rank += '2'
      else if (segment.startsWith(':') && parts[i] !== '') rank += '1'
      else if (segment === parts[i]) rank += '0'
      else return []
    }
    return [{ pattern, rank }]
  })
  return fits.sort((a, b) => (a.rank < b.rank ? -1 : 1))[0]?.pattern
}

test('a router agrees with a list of patterns that is looked through one by one', async () => {
  const segment = fc.constantFrom('a', 'b', 'c', '')
  const inPattern = fc.oneof({ weight: 3, arbitrary: segment }, { weight: 2, arbitrary: fc.constant(':') })
  const pattern = fc
    .tuple(fc.array(inPattern, { minLength: 1, maxLength: 4 }), fc.boolean())
    .map(
      ([parts, isWild]) =>
        `/${[...parts.map((part, i) => (part === ':' ? `:p${i}` : part)), ...(isWild ? ['*w'] : [])].join('/')}`,
    )
  const patterns = fc.uniqueArray(pattern, { minLength: 1, maxLength: 12 })
  const paths = fc.array(
    fc.array(segment, { minLength: 1, maxLength: 6 }).map((parts) => `/${parts.join('/')}`),
    { minLength: 1, maxLength: 12 },
  )
  await fc.assert(
    fc.asyncProperty(patterns, paths, async (routes, targets) => {
      const own = router()
      for (const route of routes) own.get(route as string, () => ({ body: route }))
      for (const target of targets) {
        const expected = naive(routes, target)
        expect(await ask(own, target)).toEqual(expected === undefined ? [404, 'Not Found'] : [200, expected])
      }
    }),
    { numRuns: 500 },
  )
})

test('a path of very many segments costs no more than the routes there are', async () => {
  const own = router()
  // Every level has a static and a parameter way on, and none leads to an end.
  const parts = (bits: number): string =>
    Array.from({ length: 10 }, (_, i) => ((bits >> i) & 1 ? 'a' : `:p${i}`)).join('/')
  for (let bits = 0; bits < 1024; bits++) own.get(`/${parts(bits)}/end`, say('end'))
  const before = process.cpuUsage().user
  for (let i = 0; i < 20; i++) expect((await ask(own, `${'/a'.repeat(4_000)}`))[0]).toBe(404)
  expect(process.cpuUsage().user - before).toBeLessThan(2_000_000)
})
