import { createHash } from 'node:crypto'
import { curl } from '@shrapnel/test-support'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import {
  authenticatedUser,
  basicAuth,
  compose,
  type DigestAuthOptions,
  digestAuth,
  type Handler,
  serve,
} from '../../src/index.js'
import { parseCredentials } from '../../src/wire/credentials.js'
import { call, fieldsOf } from './handmade-request.js'

const whoami: Handler = (request) => ({ body: `hello ${authenticatedUser(request)}` })
const basic = (text: string | Buffer): string => `Basic ${Buffer.from(text).toString('base64')}`

describe('credentials', () => {
  test.each([
    ['Basic YTpi', { scheme: 'basic', word: 'YTpi', parameters: {} }],
    ['NEGOTIATE', { scheme: 'negotiate', word: '', parameters: {} }],
    ['Digest a=b', { scheme: 'digest', word: '', parameters: { a: 'b' } }],
    ['Digest A="b, \\"c\\\\" , d = e', { scheme: 'digest', word: '', parameters: { a: 'b, "c\\', d: 'e' } }],
  ])('of %s are taken apart', (field, { scheme, word, parameters }) => {
    expect(parseCredentials(field)).toEqual({ scheme, word, parameters: new Map(Object.entries(parameters)) })
  })

  test.each([
    '', ' ', 'Digest a="b', 'Digest a="b\\', 'Digest a=b c=d', 'Digest a=b,', 'Digest ,a=b', 'Digest a=b, a=c',
    'Digest A=b, a=c', 'Digest =b', 'Digest a==b,c', 'Basic,a=b', 'Bäsic x', `Digest ${'a'.repeat(9_000)}=b`,
    `Digest ${Array.from({ length: 40 }, (_, i) => `p${i}=1`).join(', ')}`,
  ])('of row %# of the hostile table are none', (field) => {
    expect(parseCredentials(field)).toBeUndefined()
  }) // biome-ignore format: a table
})

describe('basic authentication', () => {
  const app = compose([basicAuth({ users: { ada: 'löve:lace', bob: '' }, realm: 'The "Lab"' })], whoami)

  test('lets in who knows the password', async () => {
    const response = await call(app, { headers: { Authorization: basic('ada:löve:lace') } })
    expect(response.body).toBe('hello ada')
    expect(
      (await call(app, { headers: { Authorization: basic('bob:').replace('Basic', 'bAsIc') } })).body,
    ).toBe('hello bob')
  })

  test('asks everybody else', async () => {
    const response = await call(app)
    expect(response.status).toBe(401)
    expect(fieldsOf(response).get('www-authenticate')).toBe('Basic realm="The \\"Lab\\"", charset="UTF-8"')
  })

  test.each([
    ['a wrong password', basic('ada:lovelace')],
    ['no password', basic('ada:')],
    ['no colon', basic('ada')],
    ['a name that nobody has', basic('eve:')],
    ['a name that every object has', basic('__proto__:x')],
    ['another one', basic('toString:x')],
    ['Latin-1', basic(Buffer.from('ada:löve:lace', 'latin1'))],
    ['a control character', basic('ada:löve:lace\0')],
    ['a line end', basic('ada\r\n:x')],
    ['no base64', 'Basic a$b'],
    ['nothing', 'Basic'],
    ['another scheme', basic('ada:löve:lace').replace('Basic', 'Bearer')],
    ['parameters', 'Basic a="b"'],
  ])('refuses %s', async (_what, Authorization) => {
    expect((await call(app, { headers: { Authorization } })).status).toBe(401)
  })

  test('refuses two fields', async () => {
    const headers = [basic('ada:löve:lace'), basic('ada:löve:lace')].map(
      (value) => ['Authorization', value] as const,
    )
    expect((await call(app, { headers })).status).toBe(401)
  })

  test('asks a function, which may wait and has to say true', async () => {
    const verify = async (name: string, password: string): Promise<boolean> =>
      name === password || ('yes' as unknown as boolean)
    const own = compose([basicAuth({ verify })], whoami)
    expect((await call(own, { headers: { Authorization: basic('a:a') } })).body).toBe('hello a')
    expect((await call(own, { headers: { Authorization: basic('a:b') } })).status).toBe(401)
  })

  test.each([
    [{}, 'ERR_INVALID_ARG_VALUE'],
    [{ users: {}, verify: () => true }, 'ERR_INVALID_ARG_VALUE'],
    [{ users: { a: 1 } }, 'ERR_INVALID_ARG_TYPE'],
    [{ users: {}, realm: 'a\r\nb' }, 'ERR_INVALID_ARG_VALUE'],
    [{ user: {} }, 'ERR_UNKNOWN_OPTION'],
  ])('refuses the options %j', (options, code) => {
    expect(() => basicAuth(options as object)).toThrow(expect.objectContaining({ code }))
  })
})

const REALM = 'lab'
const users = { ada: 'lovelace', 'jürgen "j"': 'pässword' }
const hashOf = (algorithm: string, text: string): string =>
  createHash(algorithm === 'MD5' ? 'md5' : 'sha256')
    .update(text)
    .digest('hex')

interface Answer {
  readonly name?: string
  readonly password?: string
  readonly nonce: string
  readonly nc?: string
  readonly target?: string
  readonly algorithm?: string
  readonly change?: (fields: Record<string, string>) => void
}

/** What a client sends, done as RFC 7616 says. */
function digestField({
  name = 'ada',
  password = 'lovelace',
  nonce,
  nc = '00000001',
  target = '/',
  algorithm = 'SHA-256',
  change,
}: Answer): string {
  const owner = hashOf(algorithm, `${name}:${REALM}:${password}`)
  const response = hashOf(
    algorithm,
    `${owner}:${nonce}:${nc}:c0ffee:auth:${hashOf(algorithm, `GET:${target}`)}`,
  )
  const fields: Record<string, string> = {
    username: `"${Buffer.from(name).toString('latin1').replace(/"/g, '\\"')}"`,
    realm: `"${REALM}"`, nonce: `"${nonce}"`, uri: `"${target}"`, algorithm, response: `"${response}"`, qop: 'auth', nc, cnonce: '"c0ffee"',
  } // biome-ignore format: a table
  change?.(fields)
  return `Digest ${Object.entries(fields)
    .map(([key, value]) => `${key}=${value}`)
    .join(', ')}`
}

function digestApp(options: Partial<DigestAuthOptions> = {}) {
  const app = compose(
    [digestAuth({ realm: REALM, ...(options.lookup ? {} : { users }), ...options })],
    whoami,
  )
  const ask = (field?: string, target = '/') =>
    call(app, field === undefined ? { target } : { target, headers: { Authorization: field } })
  const nonceOf = async (): Promise<string> => challengeOf(await ask()).nonce
  return { app, ask, nonceOf }
}

function challengeOf(response: Awaited<ReturnType<typeof call>>): {
  nonce: string
  isStale: boolean
  all: string[]
} {
  expect(response.status).toBe(401)
  const all = fieldsOf(response).getAll('www-authenticate')
  return {
    nonce: /nonce="([^"]+)"/.exec(all[0] ?? '')?.[1] ?? '',
    isStale: all[0]?.includes('stale=true') === true,
    all,
  }
}

describe('digest authentication', () => {
  test('offers SHA-256 before MD5, with one nonce', async () => {
    const { ask } = digestApp()
    const { all, nonce } = challengeOf(await ask())
    expect(all.map((one) => one.replace(nonce, 'N'))).toEqual([
      'Digest realm="lab", qop="auth", algorithm=SHA-256, nonce="N", charset=UTF-8',
      'Digest realm="lab", qop="auth", algorithm=MD5, nonce="N", charset=UTF-8',
    ])
  })

  test.each(['SHA-256', 'MD5'])('lets in who knows the password, by %s', async (algorithm) => {
    const { ask, nonceOf } = digestApp()
    const nonce = await nonceOf()
    expect((await ask(digestField({ nonce, algorithm }))).body).toBe('hello ada')
    const other = {
      nonce,
      algorithm,
      nc: '00000002',
      name: 'jürgen "j"',
      password: 'pässword',
      target: '/a?b=c',
    }
    expect((await ask(digestField(other), '/a?b=c')).body).toBe('hello jürgen "j"')
  })

  test('knows a name in the extended form', async () => {
    const { ask, nonceOf } = digestApp()
    const change = (fields: Record<string, string>): void => {
      delete fields.username
      fields['username*'] = "UTF-8''j%C3%BCrgen%20%22j%22"
    }
    const field = digestField({ nonce: await nonceOf(), name: 'jürgen "j"', password: 'pässword', change })
    expect((await ask(field)).body).toBe('hello jürgen "j"')
  })

  test('knows a name by its digest, if told so', async () => {
    const change = (fields: Record<string, string>): void => {
      fields.username = `"${hashOf('SHA-256', `ada:${REALM}`)}"`
      fields.userhash = 'true'
    }
    const hashed = digestApp({ userhash: true })
    expect(challengeOf(await hashed.ask()).all[0]).toContain('userhash=true')
    expect((await hashed.ask(digestField({ nonce: await hashed.nonceOf(), change }))).body).toBe('hello ada')
    const plain = digestApp()
    expect((await plain.ask(digestField({ nonce: await plain.nonceOf(), change }))).status).toBe(401)
  })

  test('takes digests in place of passwords', async () => {
    const secret = { 'SHA-256': hashOf('SHA-256', `ada:${REALM}:lovelace`) }
    const { ask, nonceOf } = digestApp({ lookup: async (name) => (name === 'ada' ? secret : undefined) })
    expect((await ask(digestField({ nonce: await nonceOf() }))).body).toBe('hello ada')
    expect((await ask(digestField({ nonce: await nonceOf(), algorithm: 'MD5' }))).status).toBe(401)
    expect((await ask(digestField({ nonce: await nonceOf(), name: 'eve', password: '' }))).status).toBe(401)
  })

  test.each<[string, Readonly<Record<string, string | null | ((value: string) => string)>>]>([
    ['another realm', { realm: '"other"' }],
    ['another path', { uri: '"/other"' }],
    ['a nonce that is nobody\'s', { nonce: `"${'A'.repeat(43)}"` }],
    ['a nonce that was changed', { nonce: (nonce) => nonce.replace(/^"./, (c) => (c === '"A' ? '"B' : '"A')) }],
    ['no nonce', { nonce: null }],
    ['no count', { nc: null }],
    ['a count of 0', { nc: '00000000' }],
    ['a short count', { nc: '1' }],
    ['no cnonce', { cnonce: null }],
    ['no qop', { qop: null }],
    ['auth-int', { qop: 'auth-int' }],
    ['another algorithm', { algorithm: 'SHA-512-256' }],
    ['a session algorithm', { algorithm: 'SHA-256-sess' }],
    ['no algorithm, which is MD5', { algorithm: null }],
    ['an empty answer', { response: '""' }],
    ['a longer answer', { response: (response) => `${response.slice(0, -1)}0"` }],
    ['a wrong answer', { response: `"${'0'.repeat(64)}"` }],
    ['an answer that is no hexadecimal', { response: `"${'é'.repeat(64)}"` }],
    ['no name', { username: null }],
    ['another name', { username: '"eve"' }],
    ['two names', { 'username*': "UTF-8''ada" }],
    ['a name of another charset', { username: null, 'username*': "ISO-8859-1''ada" }],
    ['a malformed name', { username: null, 'username*': "UTF-8''%zz" }],
  ])('refuses %s', async (_what, changes) => {
    const { ask, nonceOf } = digestApp()
    const change = (fields: Record<string, string>): void => {
      for (const [name, value] of Object.entries(changes)) {
        if (value === null) delete fields[name]
        else fields[name] = typeof value === 'function' ? value(fields[name] as string) : value
      }
    }
    const { isStale } = challengeOf(await ask(digestField({ nonce: await nonceOf(), change })))
    expect(isStale).toBe(false)
  }) // biome-ignore format: a table

  test('takes no answer twice, though answers may overtake each other', async () => {
    const { ask, nonceOf } = digestApp()
    const nonce = await nonceOf()
    const verdict = async (nc: string): Promise<string> => {
      const response = await ask(digestField({ nonce, nc }))
      return response.status === 401 ? (challengeOf(response).isStale ? 'stale' : 'wrong') : 'in'
    }
    const asked = [
      '00000003',
      '00000001',
      '00000003',
      '00000001',
      '00000002',
      '0000002f',
      '00000004',
      '00000030',
      '0000002e',
      '00000030',
      'ffffffff',
      '00000031',
    ]
    const verdicts: string[] = []
    for (const nc of asked) verdicts.push(await verdict(nc))
    expect(verdicts).toEqual([
      'in',
      'in',
      'stale',
      'stale',
      'in',
      'in',
      'stale',
      'in',
      'in',
      'stale',
      'in',
      'stale',
    ])
  })

  test('says that a nonce is stale only to who knows the password', async () => {
    const time = vi.spyOn(Date, 'now')
    onTestFinished(() => time.mockRestore())
    const { ask, nonceOf } = digestApp({ nonceLifetimeMs: 1_000 })
    const nonce = await nonceOf()
    time.mockReturnValue(Date.now() + 1_500)
    expect(challengeOf(await ask(digestField({ nonce }))).isStale).toBe(true)
    expect(challengeOf(await ask(digestField({ nonce, password: 'x' }))).isStale).toBe(false)
    expect((await ask(digestField({ nonce: await nonceOf() }))).body).toBe('hello ada')
  })

  test('forgets nonces when there are too many, and takes none of those again', async () => {
    const { ask, nonceOf } = digestApp({ maxNonces: 2 })
    const nonces = [await nonceOf(), await nonceOf(), await nonceOf()]
    for (const nonce of nonces) expect((await ask(digestField({ nonce }))).body).toBe('hello ada')
    for (const nonce of nonces) expect(challengeOf(await ask(digestField({ nonce }))).isStale).toBe(true)
  })

  test('knows the nonces of another process with the same key', async () => {
    const key = Buffer.from('0123456789abcdef')
    const one = digestApp({ key })
    const other = digestApp({ key })
    expect((await other.ask(digestField({ nonce: await one.nonceOf() }))).body).toBe('hello ada')
    expect((await digestApp().ask(digestField({ nonce: await one.nonceOf() }))).status).toBe(401)
  })

  test.each([
    [{}, 'ERR_INVALID_ARG_VALUE'],
    [{ users: {}, algorithms: ['SHA-1'] }, 'ERR_INVALID_ARG_VALUE'],
    [{ users: {}, algorithms: [] }, 'ERR_INVALID_ARG_VALUE'],
    [{ lookup: () => '', userhash: true }, 'ERR_INVALID_ARG_VALUE'],
    [{ users: {}, key: Buffer.from('short') }, 'ERR_INVALID_ARG_VALUE'],
    [{ users: {}, nonceLifetime: 1 }, 'ERR_UNKNOWN_OPTION'],
  ])('refuses the options %j', (options, code) => {
    expect(() => digestAuth(options as object)).toThrow(expect.objectContaining({ code }))
  })
})

describe('curl', () => {
  test.each([
    ['--digest', ['SHA-256', 'MD5']],
    ['--digest', ['SHA-256']],
    ['--digest', ['MD5']],
    ['--basic', []],
  ] as const)('with %s %j is let in, and with another password not', async (option, algorithms) => {
    const auth = option === '--basic' ? basicAuth({ users }) : digestAuth({ users, algorithms })
    await using server = await serve({ port: 0 }, compose([auth], whoami))
    const url = `${server.url}/a/b?c=d`
    const write = ['-w', ' %{http_code}']
    const good = await curl(url, { args: [option, '-u', 'ada:lovelace', ...write] })
    expect(good.stdout).toBe('hello ada 200')
    const twice = await curl(url, { args: [option, '-u', 'ada:lovelace', ...write, url] })
    expect(twice.stdout).toBe('hello ada 200hello ada 200')
    const bad = await curl(url, { args: [option, '-u', 'ada:wrong', ...write] })
    expect(bad.stdout).toBe('Unauthorized\n 401')
  })
})
