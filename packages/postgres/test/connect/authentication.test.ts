import { createHash } from 'node:crypto'
import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { memoryStreamPair, sleep, spawn, withTimeout } from '@shrapnel/core'
import { expectNoDescriptorLeak, temporaryFolder } from '@shrapnel/test-support'
import { describe, expect, test } from 'vitest'
import { Authentication } from '../../src/connect/authentication.js'
import type { ConnectOptions, PasswordRequest } from '../../src/connect/connect-options.js'
import { Login } from '../../src/connect/login.js'
import { passwordIn } from '../../src/connect/password-file.js'
import type { AuthenticationRequest, ServerReport } from '../../src/wire/backend-message.js'
import { decodePassword } from '../../src/wire/frontend-decode.js'
import { MAX_SCRAM_ITERATIONS } from '../../src/wire/limits.js'
import { failureOf, open, resolved } from './connecting.js'
import { type ScramServerOptions, type ScramTalk, scram } from './scram-server.js'
import { authentication, KEY, OK, READY, type ScriptedPeer, ScriptedServer } from './scripted-server.js'

const PASSWORD = 'hunter2'
const SALT = Buffer.from('01020304', 'hex')
const cleartext = authentication({ method: 'cleartext-password' })
const md5 = authentication({ method: 'md5-password', salt: SALT })

/** What the client answers with to `ask`; then it is let in. */
async function answered(
  ask: (peer: ScriptedPeer) => Promise<void>,
  more: ConnectOptions = {},
): Promise<string> {
  let answer = ''
  await using server = new ScriptedServer(async (peer) => {
    await peer.startup()
    await ask(peer)
    const message = await peer.next()
    if (message.kind === 'authentication-response') answer = decodePassword(message.data)
    await peer.send(OK, KEY, READY)
    await peer.untilClosed()
  })
  const backend = await open(optionsFor(server.port, more))
  backend.stream.close()
  return answer
}

function optionsFor(port: number, more: ConnectOptions): ConnectOptions {
  return { host: '127.0.0.1', port, user: 'ada', password: PASSWORD, sslMode: 'disable', ...more }
}

async function withScram(server: ScramServerOptions, more: ConnectOptions = {}): Promise<ScramTalk> {
  let talk: ScramTalk | undefined
  await using peers = new ScriptedServer(async (peer) => {
    await peer.startup()
    talk = await scram(peer, server)
    await peer.send(KEY, READY)
    await peer.untilClosed()
  })
  const backend = await open(optionsFor(peers.port, more))
  backend.stream.close()
  return talk as ScramTalk
}

async function refusedScram(server: ScramServerOptions, more: ConnectOptions = {}) {
  const error = await failureOf(() => withScram(server, more))
  expect(inspect(error, { depth: 9, showHidden: true })).not.toContain(PASSWORD)
  return error
}

describe('a password', () => {
  test('goes in clear text, or as MD5 with the salt of the server', async () => {
    expect(await answered((peer) => peer.send(cleartext))).toBe(PASSWORD)
    const hash = (...parts: (string | Buffer)[]) => {
      const sum = createHash('md5')
      for (const part of parts) sum.update(part)
      return sum.digest('hex')
    }
    expect(await answered((peer) => peer.send(md5))).toBe(`md5${hash(hash(PASSWORD, 'ada'), SALT)}`)
  })

  test('comes from a function, each time anew and only when it is asked for', async () => {
    const requests: PasswordRequest[] = []
    const password = async (request: PasswordRequest) => {
      requests.push(request)
      await sleep(1)
      return `token ${requests.length}`
    }
    expect(await answered((peer) => peer.send(cleartext), { password })).toBe('token 1')
    expect(await answered((peer) => peer.send(cleartext), { password, database: 'engine' })).toBe('token 2')
    expect(requests[1]).toEqual({
      host: '127.0.0.1',
      port: expect.any(Number),
      user: 'ada',
      database: 'engine',
    })
    await using server = new ScriptedServer(async (peer) => {
      await peer.startup()
      await peer.send(OK, KEY, READY)
      await peer.untilClosed()
    })
    const backend = await open(optionsFor(server.port, { password }))
    backend.stream.close()
    expect(requests).toHaveLength(2)
  })

  test('whose function fails, or gives none, is none', async () => {
    const failing = new Error('no token')
    const rows: readonly (readonly [() => unknown, string])[] = [
      [() => Promise.reject(failing), 'PG_AUTH'],
      [() => withTimeout(1, () => sleep(10_000)), 'PG_AUTH'],
      [() => 42, 'PG_OPTION'],
      [() => undefined, 'PG_OPTION'],
      [() => '', 'PG_AUTH'],
    ]
    for (const [password, code] of rows) {
      const options = { password } as unknown as ConnectOptions
      expect(await failureOf(() => answered((peer) => peer.send(cleartext), options))).toMatchObject({ code })
    }
    const options = { password: () => Promise.reject(failing) }
    const error = await failureOf(() => answered((peer) => peer.send(cleartext), options))
    expect(error.cause).toBe(failing)
  })

  test('whose function never answers can be left, and has connectTimeoutMs', async () => {
    const password = () => new Promise<string>(() => {})
    await using server = new ScriptedServer(async (peer) => {
      await peer.startup()
      await peer.send(cleartext)
      await peer.untilClosed()
    })
    await expectNoDescriptorLeak(async () => {
      const limited = await failureOf(() => open(optionsFor(server.port, { password, connectTimeoutMs: 30 })))
      expect(limited).toMatchObject({ code: 'PG_TIMEOUT' })
      const opening = spawn(() => open(optionsFor(server.port, { password })))
      opening.interrupt()
      expect(await failureOf(() => opening.join())).toMatchObject({ code: 'INTERRUPTED' })
    })
  })

  test('that nobody has is asked for in vain', async () => {
    for (const password of [undefined, ''])
      expect(await failureOf(() => answered((peer) => peer.send(cleartext), { password }))).toMatchObject({
        code: 'PG_AUTH',
      })
  })

  test('with a NUL is not sent in part', async () => {
    const password = () => 'hunter2\0x'
    const error = await failureOf(() => answered((peer) => peer.send(cleartext), { password }))
    expect(error).toMatchObject({ code: 'PG_OPTION' })
    expect(inspect(error, { depth: 9 })).not.toContain('hunter2')
  })
})

describe('the password file', () => {
  const ask = (text: string, more: Partial<PasswordRequest> = {}) =>
    passwordIn(text, { host: 'h', port: 5432, user: 'u', database: 'd', ...more })

  test('has the password of the first line that fits', () => {
    expect(ask('h:5432:d:u:one\nh:5432:d:u:two')).toBe('one')
    expect(ask('x:5432:d:u:one\nh:5433:d:u:two\nh:5432:x:u:three\nh:5432:d:x:four\nh:5432:d:u:five')).toBe(
      'five',
    )
    expect(ask('*:*:*:*:any')).toBe('any')
    expect(ask('h:*:d:*:some')).toBe('some')
    expect(ask('#h:5432:d:u:one\n\nh:5432:d:u:two\r\n')).toBe('two')
    expect(ask('h:5432:d:u:with:colons')).toBe('with:colons')
    expect(ask('h:5432:d:u:a\\:b\\\\c\\d')).toBe('a:b\\cd')
    expect(ask('h:5432:d:u: spaces ')).toBe(' spaces ')
    expect(ask('h:5432:d:u:')).toBe('')
  })

  test('takes the meaning away from what stands behind a backslash', () => {
    expect(ask('a\\:b:5432:d\\\\e:u:pw', { host: 'a:b', database: 'd\\e' })).toBe('pw')
    expect(ask('\\*:5432:d:u:pw')).toBeUndefined()
    expect(ask('\\*:5432:d:u:pw', { host: '*' })).toBe('pw')
  })

  test('calls the usual folder of sockets localhost, and another one by its name', () => {
    expect(ask('localhost:5432:d:u:pw', { host: '/var/run/postgresql' })).toBe('pw')
    expect(ask('localhost:5432:d:u:pw', { host: '/tmp' })).toBe('pw')
    expect(ask('localhost:5432:d:u:pw', { host: '/srv/db' })).toBeUndefined()
    expect(ask('/srv/db:5432:d:u:pw', { host: '/srv/db' })).toBe('pw')
  })

  test('has none for what fits no line, nor for half a line', () => {
    for (const text of ['', 'h', 'h:5432:d:u', 'h:5432:d', ':::::', 'h:5432:d:u2:pw'])
      expect(ask(text), text).toBeUndefined()
  })

  test('is read when the server asks, unless there is a password or others can read it', async () => {
    await using folder = await temporaryFolder()
    const passwordFile = join(folder.path, 'pass')
    await writeFile(passwordFile, '127.0.0.1:*:*:ada:from the file\n', { mode: 0o600 })
    const how = { passwordFile, password: undefined }
    expect(await answered((peer) => peer.send(cleartext), how)).toBe('from the file')
    expect(await answered((peer) => peer.send(cleartext), { passwordFile })).toBe(PASSWORD)
    for (const mode of [0o640, 0o604, 0o777]) {
      await chmod(passwordFile, mode)
      const notices: ServerReport[] = []
      await using server = new ScriptedServer(async (peer) => {
        await peer.startup()
        await peer.send(cleartext)
        await peer.untilClosed()
      })
      const options = optionsFor(server.port, how)
      const error = await failureOf(() => open(options, { onNotice: (notice) => notices.push(notice) }))
      expect(error).toMatchObject({ code: 'PG_AUTH' })
      expect(notices).toMatchObject([{ severity: 'WARNING' }])
      expect(inspect([error, notices], { depth: 9 })).not.toContain('from the file')
    }
    for (const path of [folder.path, join(folder.path, 'nothing'), join(passwordFile, 'below')])
      expect(
        await failureOf(() => answered((peer) => peer.send(cleartext), { ...how, passwordFile: path })),
      ).toMatchObject({ code: 'PG_AUTH' })
  })
})

describe('SCRAM', () => {
  test('shows that we know the password, without telling it', async () => {
    expect(await withScram({})).toMatchObject({
      mechanism: 'SCRAM-SHA-256',
      gs2Header: 'n,,',
      isProofRight: true,
    })
    expect(await withScram({ iterations: 1 })).toMatchObject({ isProofRight: true })
    expect(await withScram({ password: 'other' }).catch((error) => error)).toMatchObject({ code: 'PG_AUTH' })
  })

  const rows: readonly (readonly [why: string, server: ScramServerOptions, code: string, limit?: string])[] =
    [
      ['nothing that is known', { mechanisms: ['OAUTHBEARER', 'PLAIN'] }, 'PG_AUTH'],
      ['no mechanism', { mechanisms: [] }, 'PG_AUTH'],
      ['PLUS without TLS', { mechanisms: ['SCRAM-SHA-256-PLUS', 'SCRAM-SHA-256'] }, 'PG_PROTOCOL'],
      ['too many rounds', { iterations: MAX_SCRAM_ITERATIONS + 1 }, 'PG_LIMIT', 'maxScramIterations'],
      ['too many rounds to count', { iterations: '9999999999' }, 'PG_LIMIT', 'maxScramIterations'],
      ['no round', { iterations: '0' }, 'PG_PROTOCOL'],
      ['less than no round', { iterations: '-1' }, 'PG_PROTOCOL'],
      ['a nonce of its own', { first: (text) => text.replace(/^r=./, 'r=') }, 'PG_PROTOCOL'],
      ['our nonce alone', { first: (text) => text.replace('server', '') }, 'PG_PROTOCOL'],
      ['a salt that is none', { salt: '!!' }, 'PG_PROTOCOL'],
      ['an extension that must be understood', { first: (text) => `m=x,${text}` }, 'PG_PROTOCOL'],
      ['nonsense', { first: () => 'nonsense' }, 'PG_PROTOCOL'],
      ['nothing', { first: () => '' }, 'PG_PROTOCOL'],
      ['10,000 bytes', { first: (text) => text + 'x'.repeat(10_000) }, 'PG_PROTOCOL'],
      [
        'a signature that is wrong',
        { final: (text) => text.replace(/=./, (it) => (it === '=A' ? '=B' : '=A')) },
        'PG_AUTH',
      ],
      ['no signature', { final: () => 'v=' }, 'PG_AUTH'],
      ['an error in its place', { final: () => 'e=invalid-proof' }, 'PG_AUTH'],
      ['an OK before the first message', { okAfter: 'offer' }, 'PG_PROTOCOL'],
      ['an OK before its signature', { okAfter: 'first' }, 'PG_PROTOCOL'],
    ]
  for (const [why, server, code, limit] of rows)
    test(`with a server that sends ${why}: ${code}`, async () => {
      const error = await refusedScram(server)
      expect([error.code, error.limit]).toEqual([code, limit])
    })

  test('takes as many rounds as the option says', async () => {
    expect(await refusedScram({ iterations: 5 }, { maxScramIterations: 4 })).toMatchObject({
      code: 'PG_LIMIT',
      limit: 'maxScramIterations',
    })
    expect(await withScram({ iterations: 5 }, { maxScramIterations: 5 })).toMatchObject({
      isProofRight: true,
    })
  })

  test('that computes can be left', async () => {
    await using server = new ScriptedServer(async (peer) => {
      await peer.startup()
      await scram(peer, { iterations: MAX_SCRAM_ITERATIONS })
    })
    const error = await failureOf(() => open(optionsFor(server.port, { connectTimeoutMs: 50 })))
    expect(error).toMatchObject({ code: 'PG_TIMEOUT' })
  })
})

describe('requireAuth', () => {
  const asks = {
    none: async (peer: ScriptedPeer) => peer.send(OK, KEY, READY),
    password: async (peer: ScriptedPeer) => peer.send(cleartext, OK, KEY, READY),
    md5: async (peer: ScriptedPeer) => peer.send(md5, OK, KEY, READY),
    scram: async (peer: ScriptedPeer) => {
      await scram(peer)
      await peer.send(KEY, READY)
    },
  } as const
  const outcome = async (requireAuth: string | undefined, ask: keyof typeof asks) => {
    await using server = new ScriptedServer(async (peer) => {
      await peer.startup()
      await asks[ask](peer)
      await peer.untilClosed()
    })
    try {
      const backend = await open(optionsFor(server.port, { requireAuth }))
      backend.stream.close()
      return 'in'
    } catch (error) {
      return (error as { code: string }).code
    }
  }
  const rows: readonly (readonly [
    requireAuth: string | undefined,
    allowed: readonly (keyof typeof asks)[],
  ])[] = [
    [undefined, ['none', 'password', 'md5', 'scram']],
    ['', ['none', 'password', 'md5', 'scram']],
    ['scram-sha-256', ['scram']],
    ['md5, scram-sha-256', ['md5', 'scram']],
    ['none', ['none']],
    ['!password', ['none', 'md5', 'scram']],
    ['!none,!password,!md5', ['scram']],
  ]
  for (const [requireAuth, allowed] of rows)
    test(`${requireAuth} lets ${allowed.join(', ')} pass`, async () => {
      for (const ask of ['none', 'password', 'md5', 'scram'] as const)
        expect(await outcome(requireAuth, ask), ask).toBe(allowed.includes(ask) ? 'in' : 'PG_AUTH')
    })
})

describe('a password in clear text', () => {
  /** As if the server were at `address`. */
  const answerAt = (address: string | undefined, more: ConnectOptions = {}, isEncrypted = false) => {
    const place = { kind: 'tcp', host: 'db', address, port: 5432 } as const
    const peer = address === undefined ? undefined : ({ address, port: 5432, family: 'IPv4' } as const)
    const [stream] = memoryStreamPair()
    const channel = { stream, peer, isEncrypted, endPoint: undefined }
    const login = new Login(resolved({ user: 'u', password: PASSWORD, ...more }), place, channel, {})
    const ask: AuthenticationRequest = { method: 'cleartext-password' }
    return new Authentication(login).answer(ask)
  }

  test('does not go over a network, unless that is said', async () => {
    for (const address of ['10.0.0.7', '192.0.2.1', '2001:db8::1', '::ffff:10.0.0.7', '0.0.0.0', undefined]) {
      const error = await failureOf(() => answerAt(address))
      expect(error, address).toMatchObject({ code: 'PG_AUTH' })
      expect(error.message).not.toContain(PASSWORD)
      expect(await failureOf(() => answerAt(address, { requireAuth: '!md5' }))).toMatchObject({
        code: 'PG_AUTH',
      })
      expect(await answerAt(address, { requireAuth: 'password' })).toBe(false)
      expect(await answerAt(address, {}, true)).toBe(false)
    }
    for (const address of ['127.0.0.1', '127.1.2.3', '::1', '::ffff:127.0.0.1'])
      expect(await answerAt(address)).toBe(false)
  })
})
