/** An application of Hono with some of everything, which knows nothing of what it runs on. */
import { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { compress } from 'hono/compress'
import { getCookie, setCookie } from 'hono/cookie'
import { cors } from 'hono/cors'
import { etag } from 'hono/etag'
import { HTTPException } from 'hono/http-exception'
import { logger } from 'hono/logger'
import { poweredBy } from 'hono/powered-by'
import { stream, streamSSE, streamText } from 'hono/streaming'

export function makeApplication(log: string[]): Hono {
  const app = new Hono()
  app.use(
    '/api/*',
    logger((line) => void log.push(line.replace(/\d+ms|\d+s/, 'TIME'))),
    cors(),
    poweredBy(),
  )
  app.use('/tagged/*', etag())
  app.use('/small/*', compress({ threshold: 10 }))
  app.use('/limited/*', bodyLimit({ maxSize: 5, onError: (c) => c.text('too long', 413) }))

  app.get('/', (c) => c.text('hello'))
  app.get('/empty', (c) => c.body(null, 204))
  app.get('/html', (c) => c.html('<b>ä</b>'))
  app.get('/bytes', (c) => c.body(new Uint8Array([0, 255, 1]), 201, { 'x-one': '1', 'x-two': ['a', 'b'] }))
  app.get('/plain', () => new Response('plain', { status: 202, headers: [['x-a', '1'], ['x-a', '2']] })) // biome-ignore format: a table
  app.get('/blob', () => new Response(new Blob(['blob'], { type: 'image/png' })))
  app.get('/form', () => new Response(new URLSearchParams({ a: 'ä' })))
  app.get('/static-json', () => Response.json({ a: 1 }, { status: 203, headers: { 'x-b': 'c' } }))
  app.get('/clone', async (c) => {
    const first = new Response('cloned', { headers: { 'x-c': 'd' } })
    return c.text(`${await first.clone().text()} ${first.headers.get('x-c')} ${first instanceof Response}`)
  })
  app.get('/redirect', (c) => c.redirect('/elsewhere', 303))
  app.get('/user/:id/*', (c) =>
    c.json({ id: c.req.param('id'), path: c.req.path, q: c.req.query('q'), all: c.req.queries('t') }),
  )
  app.get('/url', (c) => c.text(c.req.url.replace(/:\d+/, ':PORT')))
  app.get('/headers', (c) => c.json(c.req.header()))
  app.get('/header', (c) =>
    c.text(`${c.req.header('X-Some')} ${c.req.header('x-none')} ${c.req.raw.headers.has('x-some')}`),
  )
  app.get('/cookies', (c) => {
    setCookie(c, 'a', '1', { httpOnly: true })
    setCookie(c, 'b', 'x y', { path: '/p' })
    return c.json(getCookie(c))
  })
  app.get('/error', () => {
    throw new HTTPException(418, { message: 'a teapot' })
  })
  app.get('/stream', (c) =>
    stream(c, async (out) => {
      for (const piece of ['one', 'two', 'three']) await out.write(piece)
    }),
  )
  app.get('/stream-text', (c) => streamText(c, async (out) => void (await out.writeln('a line'))))
  app.get('/sse', (c) =>
    streamSSE(c, async (out) => {
      for (const id of ['1', '2']) await out.writeSSE({ id, event: 'tick', data: `tick ${id}\nmore` })
    }),
  )
  app.post('/json', async (c) => c.json({ got: await c.req.json() }))
  app.post('/bad-json', async (c) => c.text(await c.req.json().catch((error: Error) => error.name)))
  app.post('/text', async (c) => c.text(`${await c.req.text()} ${await c.req.text()}`))
  app.post('/length', async (c) => c.text(String((await c.req.arrayBuffer()).byteLength)))
  app.post('/blob', async (c) => c.text(String((await c.req.blob()).size)))
  app.post('/twice', async (c) => {
    await c.req.raw.text()
    return c.text(
      `${c.req.raw.bodyUsed} ${await c.req.raw.text().catch((error: Error) => error.constructor.name)}`,
    )
  })
  app.post('/clone', async (c) => c.text(`${await c.req.raw.clone().text()} ${await c.req.raw.text()}`))
  app.post('/again', async (c) => {
    const again = new Request(c.req.raw, { headers: { 'x-new': '1' } })
    return c.text(
      `${again.method} ${again.headers.get('x-new')} ${await again.text()} ${c.req.raw instanceof Request}`,
    )
  })
  app.post('/echo-stream', (c) => new Response(c.req.raw.body))
  app.post('/form', async (c) => {
    const form = await c.req.parseBody({ all: true })
    const seen: string[] = []
    for (const [name, value] of Object.entries(form))
      seen.push(
        `${name}=${value instanceof File ? `${value.name} ${value.type} ${await value.text()}` : value}`,
      )
    return c.text(seen.join('; '))
  })
  app.post('/limited/text', async (c) => c.text(await c.req.text()))
  app.get('/api/thing', (c) => c.json({ thing: 1 }))
  app.get('/api/set', (c) => {
    c.header('x-set', '1')
    c.header('x-set', '2', { append: true })
    c.status(202)
    return c.text('set')
  })
  app.get('/tagged/text', (c) => c.text('tagged'))
  app.get('/small/text', (c) => c.text('small '.repeat(1000)))
  return app
}
