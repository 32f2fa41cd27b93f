import {
  Event,
  Interrupted,
  setExceptionNotifier,
  sleep,
  spawn,
  tcp,
  withTimeout,
  yieldSlice,
} from '@shrapnel/core'
import { describe, expect, onTestFinished, test } from 'vitest'
import {
  type HttpRequest,
  type HttpResponse,
  type Session,
  type SessionExchange,
  serve,
  sessions,
} from '../../src/index.js'
import { get } from '../conversation.js'
import { answer, fieldsOf, makeRequest } from './handmade-request.js'

/** Counts, in a local variable. */
async function counter(session: Session): Promise<void> {
  let count = 0
  for await (const { request, respond } of each(session)) {
    respond({ body: `${++count} ${request.path}` })
    if (request.path === '/leave') break
  }
}

async function* each(
  session: Session,
): AsyncGenerator<{ request: HttpRequest; respond: SessionExchange['respond'] }> {
  for await (const exchange of session.requests)
    yield { request: exchange.request, respond: (response) => exchange.respond(response) }
}

const withCookie = (cookie: string, target = '/'): HttpRequest =>
  makeRequest({ target, headers: cookie === '' ? {} : { Cookie: cookie } })
const cookieOf = (response: HttpResponse): string => fieldsOf(response).get('set-cookie')?.split(';')[0] ?? ''

function notified(): unknown[] {
  const errors: unknown[] = []
  const before = setExceptionNotifier((error) => void errors.push(error))
  onTestFinished(() => void setExceptionNotifier(before))
  return errors
}

describe('a session', () => {
  test('has its state in local variables, one for each client', async () => {
    await using handler = sessions(counter)
    const first = await handler(withCookie('', '/a'))
    const ada = cookieOf(first)
    const eve = cookieOf(await handler(withCookie('')))
    expect(first.body).toBe('1 /a')
    expect((await handler(withCookie(ada, '/b'))).body).toBe('2 /b')
    expect((await handler(withCookie(`x=y; ${ada}`, '/c'))).body).toBe('3 /c')
    expect((await handler(withCookie(eve, '/d'))).body).toBe('2 /d')
    expect(handler.size).toBe(2)
    expect(ada).not.toBe(eve)
  })

  test('has a cookie that scripts and other sites do not get, and that goes out once', async () => {
    await using handler = sessions(counter)
    const first = await handler(makeRequest({ isTls: true }))
    expect(fieldsOf(first).get('set-cookie')).toMatch(
      /^session=[A-Za-z0-9_-]{24}; Path=\/; Secure; HttpOnly; SameSite=Lax$/,
    )
    expect(fieldsOf(await handler(withCookie(cookieOf(first)))).has('set-cookie')).toBe(false)
    expect(fieldsOf(await handler(makeRequest())).get('set-cookie')).not.toContain('Secure')
    await using own = sessions(counter, {
      cookieName: 'id',
      cookiePath: '/app',
      sameSite: 'strict',
      secure: true,
    })
    expect(fieldsOf(await own(makeRequest())).get('set-cookie')).toMatch(
      /^id=.{24}; Path=\/app; Secure; HttpOnly; SameSite=Strict$/,
    )
  })

  test('never takes over an id that somebody made up', async () => {
    await using handler = sessions(counter)
    const given = `session=${'A'.repeat(24)}`
    const response = await handler(withCookie(given))
    expect(cookieOf(response)).not.toBe('')
    expect(cookieOf(response)).not.toBe(given)
    expect(cookieOf(await handler(withCookie('session=__proto__')))).not.toBe('')
  })

  test('ends when its function returns: the next request begins another', async () => {
    await using handler = sessions(counter)
    const cookie = cookieOf(await handler(withCookie('')))
    expect((await handler(withCookie(cookie, '/leave'))).body).toBe('2 /leave')
    while (handler.size > 0) await yieldSlice()
    const next = await handler(withCookie(cookie))
    expect([next.body, cookieOf(next) === cookie]).toEqual(['1 /', false])
  })

  test('that throws answers what it has taken with 500 and what waits with 503, and the notifier is told', async () => {
    const errors = notified()
    const go = new Event()
    await using handler = sessions(async (session) => {
      await session.next()
      await go.wait()
      throw new Error('broken')
    })
    const first = spawn(() => answer(handler(withCookie(''))))
    while (handler.size === 0) await yieldSlice()
    go.set()
    expect(await first.join()).toEqual([500, 'Internal Server Error'])
    while (errors.length === 0) await yieldSlice()
    expect(errors).toEqual([expect.objectContaining({ message: 'broken' })])
  })

  test('that returns while requests wait answers those with 503, without a cookie', async () => {
    const go = new Event()
    await using handler = sessions(async (session) => {
      ;(await session.next())?.respond({ body: 'first' })
      await session.next()
      await go.wait()
    })
    const cookie = cookieOf(await handler(withCookie('')))
    const taken = spawn(() => answer(handler(withCookie(cookie))))
    const waiting = spawn(async () => handler(withCookie(cookie)))
    await yieldSlice()
    await yieldSlice()
    go.set()
    expect(await taken.join()).toEqual([500, 'Internal Server Error'])
    const refused = await waiting.join()
    expect([refused.status, fieldsOf(refused).get('retry-after'), cookieOf(refused)]).toEqual([503, '1', ''])
  })

  test('that is idle for too long ends its iteration', async () => {
    const ended = new Event()
    await using handler = sessions(
      async (session) => {
        for await (const exchange of session.requests) exchange.respond({ body: session.id })
        expect(session.isClosed).toBe(true)
        ended.set()
      },
      { idleTimeoutMs: 5 },
    )
    await handler(withCookie(''))
    await ended.wait()
    expect(handler.size).toBe(0)
  })

  test('answers in any order, each once', async () => {
    const taken: SessionExchange[] = []
    await using handler = sessions(async (session) => {
      ;(await session.next())?.respond({ body: 'hello' })
      for await (const exchange of session.requests) {
        taken.push(exchange)
        if (taken.length < 3) continue
        for (const one of [...taken].reverse()) expect(one.respond({ body: one.request.path })).toBe(true)
        expect(taken[0]?.respond({})).toBe(false)
      }
    })
    const cookie = cookieOf(await handler(withCookie('')))
    const asked = ['/1', '/2', '/3'].map((path) => spawn(() => answer(handler(withCookie(cookie, path)))))
    expect(await Promise.all(asked.map((one) => one.join()))).toEqual([[200, '/1'], [200, '/2'], [200, '/3']])
  }) // biome-ignore format: a table
})

describe('sessions have limits', () => {
  test('of requests that wait', async () => {
    const go = new Event()
    await using handler = sessions(
      async (session) => {
        for await (const exchange of session.requests) {
          if (exchange.request.path === '/slow') await go.wait()
          exchange.respond({ body: exchange.request.path })
        }
      },
      { maxQueuedRequests: 2 },
    )
    const cookie = cookieOf(await handler(withCookie('')))
    const slow = spawn(() => answer(handler(withCookie(cookie, '/slow'))))
    await yieldSlice()
    await yieldSlice()
    const waiting = ['/1', '/2'].map((path) => spawn(() => answer(handler(withCookie(cookie, path)))))
    await yieldSlice()
    await yieldSlice()
    expect(await answer(handler(withCookie(cookie, '/3')))).toEqual([503, 'Too many requests wait'])
    go.set()
    expect(await slow.join()).toEqual([200, '/slow'])
    expect(await Promise.all(waiting.map((one) => one.join()))).toEqual([[200, '/1'], [200, '/2']])
  }) // biome-ignore format: a table

  test('of sessions: one whose client never came back gives way, others do not', async () => {
    await using handler = sessions(counter, { maxSessions: 2 })
    const ada = cookieOf(await handler(withCookie('')))
    await handler(withCookie(ada))
    const bob = cookieOf(await handler(withCookie('')))
    const eve = cookieOf(await handler(withCookie('')))
    expect(handler.size).toBe(2)
    expect((await handler(withCookie(ada))).body).toBe('3 /')
    expect((await handler(withCookie(eve))).body).toBe('2 /')
    expect(await answer(handler(withCookie(bob)))).toEqual([503, 'There are too many sessions'])
  })
})

describe('a client that goes away', () => {
  test('while it waits for its turn is passed over, however often it does', async () => {
    const go = new Event()
    const seen: string[] = []
    let queued = -1
    await using handler = sessions(
      async (session) => {
        for await (const exchange of session.requests) {
          seen.push(exchange.request.path)
          if (exchange.request.path === '/slow') await go.wait()
          queued = session.queuedRequests
          exchange.respond({ body: 'ok' })
        }
      },
      { maxQueuedRequests: 2 },
    )
    const cookie = cookieOf(await handler(withCookie('')))
    const slow = spawn(() => answer(handler(withCookie(cookie, '/slow'))))
    await yieldSlice()
    await yieldSlice()
    for (let i = 0; i < 50; i++) {
      const gone = spawn(async () => handler(withCookie(cookie, `/gone/${i}`)))
      await yieldSlice()
      gone.interrupt()
      await expect(gone.join()).rejects.toBeInstanceOf(Interrupted)
    }
    const stays = spawn(() => answer(handler(withCookie(cookie, '/stays'))))
    await yieldSlice()
    go.set()
    expect([await slow.join(), await stays.join()]).toEqual([[200, 'ok'], [200, 'ok']]) // biome-ignore format: short
    expect(seen).toEqual(['/', '/slow', '/stays'])
    expect(queued).toBe(0)
  })

  test('after it was taken is told of, and the session goes on', async () => {
    const taken = new Event()
    const gone = new Event<boolean>()
    await using handler = sessions(async (session) => {
      for await (const exchange of session.requests) {
        if (exchange.request.path === '/stuck') {
          taken.set()
          while (!exchange.isGone) await sleep(1)
          gone.set(exchange.respond({ body: 'late' }))
        } else exchange.respond({ body: 'ok' })
      }
    })
    const cookie = cookieOf(await handler(withCookie('')))
    const stuck = spawn(() => withTimeout(5, async () => handler(withCookie(cookie, '/stuck'))))
    await expect(stuck.join()).rejects.toMatchObject({ code: 'TIMEOUT' })
    expect(await gone.wait()).toBe(false)
    expect(await answer(handler(withCookie(cookie)))).toEqual([200, 'ok'])
  })

  test('over a connection is the same', async () => {
    const taken = new Event<SessionExchange>()
    await using handler = sessions(async (session) => {
      for await (const exchange of session.requests) {
        if (exchange.request.path !== '/stuck') exchange.respond({ body: 'ok' })
        else taken.set(exchange)
      }
    })
    await using server = await serve({ port: 0 }, handler)
    const client = await tcp.connect('127.0.0.1', server.port)
    await client.send(get())
    const cookie = /set-cookie: ([^;]+)/i.exec(String(await client.recv()))?.[1]
    await client.send(get('/stuck', `Cookie: ${cookie}\r\n`))
    const exchange = await taken.wait()
    client.close()
    while (!exchange.isGone) await yieldSlice()
    using again = await tcp.connect('127.0.0.1', server.port)
    await again.send(get('/', `Cookie: ${cookie}\r\n`))
    expect(String(await again.recv())).toMatch(/^HTTP\/1.1 200 OK[\s\S]*ok$/)
  })
})

test('a session with a new id is found by that alone, and what waited with the old one is refused', async () => {
  const go = new Event()
  await using handler = sessions(async (session) => {
    let user = 'nobody'
    for await (const exchange of session.requests) {
      if (exchange.request.path === '/login') {
        await go.wait()
        session.renew()
        user = 'ada'
      }
      exchange.respond({ body: user })
    }
  })
  const old = cookieOf(await handler(withCookie('')))
  const login = spawn(async () => handler(withCookie(old, '/login')))
  await yieldSlice()
  await yieldSlice()
  const thief = spawn(async () => handler(withCookie(old, '/steal')))
  await yieldSlice()
  await yieldSlice()
  go.set()
  const response = await login.join()
  const fresh = cookieOf(response)
  expect([response.body, fresh === old, fresh === '']).toEqual(['ada', false, false])
  const stolen = await thief.join()
  expect([stolen.status, cookieOf(stolen)]).toEqual([503, ''])
  expect((await handler(withCookie(fresh))).body).toBe('ada')
  expect((await handler(withCookie(old))).body).toBe('nobody')
})

describe('sessions that stop', () => {
  test('answer what they have, refuse the rest, and end', async () => {
    const handler = sessions(counter)
    const cookie = cookieOf(await handler(withCookie('')))
    const last = spawn(() => answer(handler(withCookie(cookie))))
    await yieldSlice()
    expect(await handler.stop()).toBe(0)
    expect(await last.join()).toEqual([200, '2 /'])
    expect(await answer(handler(withCookie(cookie)))).toEqual([503, 'The server stops'])
    expect(handler.size).toBe(0)
  })

  test('are shut down when they take too long, and clean up', async () => {
    const cleaned: string[] = []
    const handler = sessions(async (session) => {
      try {
        ;(await session.next())?.respond({ body: 'x' })
        await session.next()
        await sleep(Number.POSITIVE_INFINITY)
      } finally {
        cleaned.push(session.id)
      }
    })
    const cookie = cookieOf(await handler(withCookie('')))
    const stuck = spawn(() => answer(handler(withCookie(cookie))))
    await yieldSlice()
    expect(await handler.stop({ graceMs: 5 })).toBe(1)
    expect(cleaned).toHaveLength(1)
    expect(await stuck.join()).toEqual([500, 'Internal Server Error'])
  })
})

test.each([
  [{ cookieName: 'a b' }, 'ERR_INVALID_ARG_VALUE'],
  [{ cookiePath: 'x' }, 'ERR_INVALID_ARG_VALUE'],
  [{ maxSessions: 0 }, 'ERR_OUT_OF_RANGE'],
  [{ idleTimeout: 5 }, 'ERR_UNKNOWN_OPTION'],
  [{ secure: 1 }, 'ERR_INVALID_ARG_TYPE'],
])('sessions refuse the options %j', (options, code) => {
  expect(() => sessions(counter, options as object)).toThrow(expect.objectContaining({ code }))
})

test('a request that a session does not answer gets 503 in the end, and the server is told', async () => {
  const errors: unknown[] = []
  const unanswered: SessionExchange[] = []
  const wasOver: boolean[] = []
  await using handler = sessions(
    async (session) => {
      for await (const exchange of session.requests) {
        if (exchange.request.path !== '/silent') exchange.respond({ body: exchange.request.path })
        else {
          wasOver.push(exchange.isOver)
          unanswered.push(exchange)
        }
      }
    },
    { answerTimeoutMs: 20 },
  )
  await using server = await serve({ port: 0, onError: (error) => errors.push(error) }, handler)
  using client = await tcp.connect('127.0.0.1', server.port)
  await client.send(get('/silent'))
  expect(String(await client.recv())).toMatch(/^HTTP\/1.1 503 /)
  expect(errors).toMatchObject([{ code: 'HTTP_TIMEOUT', limit: 'answerTimeoutMs' }])
  expect(wasOver).toEqual([false])
  expect(unanswered.map((exchange) => exchange.isOver)).toEqual([true])
  await client.send(get('/next'))
  expect(String(await client.recv())).toMatch(/^HTTP\/1.1 200 .*\/next$/s)
})
