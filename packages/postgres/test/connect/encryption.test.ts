import { chmod, copyFile, cp, mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { spawn, yieldSlice } from '@shrapnel/core'
import {
  type CertificateAuthority,
  expectNoDescriptorLeak,
  makeCertificateAuthority,
  runProgram,
  temporaryFolder,
} from '@shrapnel/test-support'
import type { TlsError } from '@shrapnel/tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ConnectOptions, SslMode } from '../../src/connect/connect-options.js'
import { openBackend } from '../../src/connect/open-backend.js'
import { resolveConnect } from '../../src/connect/resolve-connect.js'
import type { PostgresError } from '../../src/errors.js'
import { failureOf, open } from './connecting.js'
import { type ScramTalk, scram } from './scram-server.js'
import {
  authentication,
  KEY,
  OK,
  READY,
  refusal,
  type Script,
  type ScriptedPeer,
  ScriptedServer,
} from './scripted-server.js'

let authority: CertificateAuthority
let stranger: CertificateAuthority
let identity: { readonly cert: string; readonly key: string }
let elsewhere: typeof identity

beforeAll(async () => {
  ;[authority, stranger] = await Promise.all([makeCertificateAuthority(), makeCertificateAuthority()])
  const [own, other] = await Promise.all([
    authority.issue({}),
    authority.issue({ names: ['elsewhere.test'] }),
  ])
  identity = { cert: own.chainPem, key: own.keyPem }
  elsewhere = { cert: other.chainPem, key: other.keyPem }
}, 60_000)
afterAll(() => Promise.all([authority.close(), stranger.close()]))

interface ServerSide {
  /** Refuses the request for TLS. */
  readonly isPlain?: boolean
  readonly identity?: () => typeof identity
  readonly alpn?: readonly string[]
  /** TLS from the first byte. */
  readonly isDirect?: boolean
  /** What is said when TLS is there, or is not. */
  readonly session?: (peer: ScriptedPeer, isEncrypted: boolean) => Promise<void>
}

const letIn = async (peer: ScriptedPeer): Promise<void> => {
  await peer.startup()
  await peer.send(OK, KEY, READY)
  await peer.untilClosed()
}

/** A server with TLS; it takes who comes without it, too. */
function serverWith({
  isPlain = false,
  isDirect = false,
  session = letIn,
  ...side
}: ServerSide = {}): ScriptedServer {
  return new ScriptedServer(async (peer) => {
    const upgrade = () =>
      peer.secure({
        isServer: true,
        ...(side.identity?.() ?? identity),
        ...(side.alpn === undefined ? {} : { alpn: side.alpn }),
      })
    if (isDirect) {
      await upgrade()
      return session(peer, true)
    }
    const first = await peer.peek()
    if (first !== 'ssl-request') return session(peer, false)
    await peer.next()
    await peer.send(isPlain ? 'N' : 'S')
    if (!isPlain) await upgrade()
    await session(peer, !isPlain)
  })
}

async function through(server: ScriptedServer, more: ConnectOptions = {}) {
  const backend = await open({
    host: 'localhost',
    port: server.port,
    user: 'u',
    password: 'hunter2',
    ...more,
  })
  const isEncrypted = backend.stream.constructor.name === 'TlsStream'
  backend.stream.close()
  return { isEncrypted, connections: server.connections }
}

describe('sslMode', () => {
  const onlyPlain = async (peer: ScriptedPeer, isEncrypted: boolean) => {
    if (!isEncrypted) return letIn(peer)
    await peer.startup()
    await peer.send(refusal('28000', 'no entry for SSL on'))
  }
  const onlyTls = async (peer: ScriptedPeer, isEncrypted: boolean) => {
    if (isEncrypted) return letIn(peer)
    await peer.startup()
    await peer.send(refusal('28000', 'no entry for SSL off'))
  }
  const sides = {
    'has TLS': {},
    'has none': { isPlain: true },
    'lets in with TLS only': { session: onlyTls },
    'lets in without TLS only': { session: onlyPlain },
  } as const satisfies Record<string, ServerSide>
  type Outcome = 'tls' | 'plain' | 'PG_AUTH' | 'PG_CONNECT'
  const rows: readonly (readonly [
    SslMode,
    Readonly<Record<keyof typeof sides, readonly [Outcome, number]>>,
  ])[] = [
    [
      'disable',
      {
        'has TLS': ['plain', 1],
        'has none': ['plain', 1],
        'lets in with TLS only': ['PG_AUTH', 1],
        'lets in without TLS only': ['plain', 1],
      },
    ],
    [
      'allow',
      {
        'has TLS': ['plain', 1],
        'has none': ['plain', 1],
        'lets in with TLS only': ['tls', 2],
        'lets in without TLS only': ['plain', 1],
      },
    ],
    [
      'prefer',
      {
        'has TLS': ['tls', 1],
        'has none': ['plain', 1],
        'lets in with TLS only': ['tls', 1],
        'lets in without TLS only': ['plain', 2],
      },
    ],
    [
      'require',
      {
        'has TLS': ['tls', 1],
        'has none': ['PG_CONNECT', 1],
        'lets in with TLS only': ['tls', 1],
        'lets in without TLS only': ['PG_AUTH', 1],
      },
    ],
    [
      'verify-ca',
      {
        'has TLS': ['tls', 1],
        'has none': ['PG_CONNECT', 1],
        'lets in with TLS only': ['tls', 1],
        'lets in without TLS only': ['PG_AUTH', 1],
      },
    ],
    [
      'verify-full',
      {
        'has TLS': ['tls', 1],
        'has none': ['PG_CONNECT', 1],
        'lets in with TLS only': ['tls', 1],
        'lets in without TLS only': ['PG_AUTH', 1],
      },
    ],
  ]
  for (const [sslMode, outcomes] of rows)
    for (const [name, side] of Object.entries(sides) as [keyof typeof sides, ServerSide][])
      test(`${sslMode} with a server that ${name}: ${outcomes[name].join(' after ')}`, async () => {
        await using server = serverWith(side)
        const sslRootCert = sslMode.startsWith('verify') ? authority.certificate.certificatePath : undefined
        const outcome = await through(server, { sslMode, sslRootCert }).then(
          ({ isEncrypted }) => (isEncrypted ? 'tls' : 'plain'),
          ({ code }: { code: string }) => code,
        )
        expect([outcome, server.connections]).toEqual(outcomes[name])
      })

  test('prefer says both failures where both fail, and the one of the password first', async () => {
    await using server = serverWith({
      session: async (peer, isEncrypted) => {
        await peer.startup()
        await peer.send(isEncrypted ? refusal('28000', 'not with TLS') : refusal('28P01', 'wrong password'))
      },
    })
    const error = await failureOf(() => through(server))
    expect(error).toMatchObject({
      code: 'PG_AUTH',
      sqlState: '28P01',
      cause: { errors: [{ sqlState: '28000' }, { sqlState: '28P01' }] },
    })
    expect(error.message).toMatch(/\(with TLS\): not with TLS; .*: wrong password$/)
  })

  test('prefer does not try again without TLS what had none', async () => {
    const session = async (peer: ScriptedPeer) => {
      await peer.startup()
      await peer.send(refusal('28P01', 'wrong password'))
    }
    await using server = serverWith({ isPlain: true, session })
    const error = await failureOf(() => through(server))
    expect(error).toMatchObject({ code: 'PG_AUTH', sqlState: '28P01' })
    expect(error.message).toMatch(/^localhost:[0-9]+: wrong password$/)
    expect(server.connections).toBe(1)
  })

  test('prefer does not try again what this side refuses, nor a database that is not there', async () => {
    for (const session of [
      async (peer: ScriptedPeer) => {
        await peer.startup()
        await peer.send(OK, refusal('3D000', 'no such database'))
      },
      async (peer: ScriptedPeer) => {
        await peer.startup()
        await peer.send(authentication({ method: 'gss' }))
        await peer.untilClosed()
      },
      async (peer: ScriptedPeer) => {
        await peer.startup()
        await peer.send(READY)
        await peer.untilClosed()
      },
    ]) {
      await using server = serverWith({ session })
      await failureOf(() => through(server))
      expect(server.connections).toBe(1)
    }
  })

  test('prefer goes on without TLS where the handshake fails, require does not', async () => {
    const script: Script = async (peer) => {
      if ((await peer.peek()) === 'ssl-request') {
        await peer.next()
        await peer.send('S')
        await peer.stream.recv()
        await peer.send('this is no TLS at all')
        return peer.untilClosed()
      }
      await letIn(peer)
    }
    await using server = new ScriptedServer(script)
    expect(await through(server)).toEqual({ isEncrypted: false, connections: 2 })
    expect(await failureOf(() => through(server, { sslMode: 'require' }))).toMatchObject({
      code: 'PG_CONNECT',
    })
  })
})

describe('a certificate', () => {
  type Row = readonly [why: string, options: () => ConnectOptions, side: ServerSide, code?: string]
  const roots = () => authority.certificate.certificatePath
  const strange = () => stranger.certificate.certificatePath
  const other: ServerSide = { identity: () => elsewhere }
  const rows: readonly Row[] = [
    ['of anybody does for require', () => ({ sslMode: 'require' }), other],
    [
      'of another authority does not for require with roots',
      () => ({ sslMode: 'require', sslRootCert: strange() }),
      {},
      'TLS_CERTIFICATE_ISSUER',
    ],
    [
      'for another name does for require with roots',
      () => ({ sslMode: 'require', sslRootCert: roots() }),
      other,
    ],
    ['for another name does for verify-ca', () => ({ sslMode: 'verify-ca', sslRootCert: roots() }), other],
    [
      'of another authority does not for verify-ca',
      () => ({ sslMode: 'verify-ca', sslRootCert: strange() }),
      {},
      'TLS_CERTIFICATE_ISSUER',
    ],
    [
      'for another name does not for verify-full',
      () => ({ sslMode: 'verify-full', sslRootCert: roots() }),
      other,
      'TLS_CERTIFICATE_NAME',
    ],
    ['for this name does for verify-full', () => ({ sslMode: 'verify-full', sslRootCert: roots() }), {}],
    [
      'for the name does, whatever the address',
      () => ({
        sslMode: 'verify-full',
        sslRootCert: roots(),
        host: 'elsewhere.test',
        hostAddress: '127.0.0.1',
      }),
      other,
    ],
    ['is verified with the roots of tls', () => ({ tls: { ca: authority.certificatePem } }), {}],
    [
      'for another name is refused with the roots of tls',
      () => ({ tls: { ca: authority.certificatePem } }),
      other,
      'TLS_CERTIFICATE_NAME',
    ],
    [
      'of nobody that Node trusts is refused by verify-full',
      () => ({ sslMode: 'verify-full' }),
      {},
      'TLS_CERTIFICATE_ISSUER',
    ],
    [
      'of nobody that the system trusts is refused',
      () => ({ sslRootCert: 'system' }),
      {},
      'TLS_CERTIFICATE_ISSUER',
    ],
  ]
  for (const [why, options, side, code] of rows)
    test(why, async () => {
      await using server = serverWith(side)
      const outcome = await through(server, options()).then(
        ({ isEncrypted }) => [isEncrypted],
        (error: PostgresError) => [error.code, (error.cause as TlsError).code],
      )
      expect(outcome).toEqual(code === undefined ? [true] : ['PG_CONNECT', code])
    })

  test('is verified with the roots of the home, as with those that are named', async () => {
    await using folder = await temporaryFolder()
    await mkdir(join(folder.path, '.postgresql'))
    await writeFile(join(folder.path, '.postgresql', 'root.crt'), stranger.certificatePem)
    await using server = serverWith()
    const options = { host: 'localhost', port: server.port, sslMode: 'require' } as const
    const home = resolveConnect(options, { environment: { HOME: folder.path } })
    expect(await failureOf(() => openBackend(home))).toMatchObject({
      cause: { code: 'TLS_CERTIFICATE_ISSUER' },
    })
    // prefer: no TLS is better than nothing.
    const preferring = resolveConnect(
      { ...options, sslMode: 'prefer' },
      { environment: { HOME: folder.path } },
    )
    const backend = await openBackend(preferring)
    expect(backend.stream.constructor.name).not.toBe('TlsStream')
    backend.stream.close()
  })

  test('that was revoked is refused where there is a list', async () => {
    const revoked = await authority.issue({})
    await authority.revoke(revoked)
    await using folder = await temporaryFolder()
    const sslCrl = join(folder.path, 'crl.pem')
    await writeFile(sslCrl, await authority.crl())
    await using server = serverWith({ identity: () => ({ cert: revoked.chainPem, key: revoked.keyPem }) })
    const options: ConnectOptions = { sslMode: 'verify-full', sslRootCert: roots() }
    expect((await through(server, options)).isEncrypted).toBe(true)
    expect(await failureOf(() => through(server, { ...options, sslCrl }))).toMatchObject({
      cause: { code: 'TLS_CERTIFICATE_REVOKED' },
    })
  })
})

describe('files', () => {
  test('that cannot be used are named', async () => {
    await using server = serverWith()
    await using folder = await temporaryFolder()
    const own = await authority.issue({ purpose: 'client' })
    const nothing = join(folder.path, 'nothing')
    const open = join(folder.path, 'open.key')
    await writeFile(open, own.keyPem)
    await chmod(open, 0o644)
    const rubbish = join(folder.path, 'rubbish')
    await writeFile(rubbish, 'rubbish', { mode: 0o600 })
    const sslCert = own.chainPath
    const rows: readonly ConnectOptions[] = [
      { sslRootCert: nothing },
      { sslRootCert: rubbish },
      { sslCrl: nothing },
      { sslCert: nothing },
      { sslCert },
      { sslCert, sslKey: nothing },
      { sslCert, sslKey: open },
      { sslCert, sslKey: rubbish },
      { sslMode: 'verify-ca' },
      { tls: { key: 'rubbish' }, sslMode: 'require' },
      { tls: { vrefiy: false } as ConnectOptions['tls'], sslMode: 'require' },
    ]
    for (const row of rows) {
      const error = await failureOf(() => through(server, { sslMode: 'prefer', ...row }))
      expect(error, JSON.stringify(row)).toMatchObject({ code: 'PG_OPTION' })
    }
  })
})

describe('bytes that come with the answer to the request for TLS', () => {
  for (const [answer, code] of [
    ['S\x16\x03\x01', 'PG_PROTOCOL'],
    ['NR\0\0\0\x08\0\0\0\0', 'PG_PROTOCOL'],
    ['E\0\0\0\x10Mdo not trust me\0\0', 'PG_CONNECT'],
    ['Edo not trust me\0', 'PG_CONNECT'],
    ['x', 'PG_PROTOCOL'],
    ['H', 'PG_PROTOCOL'],
    ['', 'PG_CONNECT'],
  ] as const)
    test(`${JSON.stringify(answer)} is refused with ${code}, and nothing of it is shown`, async () => {
      await using server = new ScriptedServer(async (peer) => {
        await peer.next()
        if (answer !== '') await peer.send(answer)
        else peer.stream.close()
        await peer.untilClosed()
      })
      for (const sslMode of ['prefer', 'require'] as const) {
        const before = server.connections
        const error = await failureOf(() => through(server, { sslMode }))
        expect(error).toMatchObject({ code })
        expect(error.message).not.toContain('trust')
        expect(server.connections).toBe(before + 1)
      }
    })
})

describe('TLS from the first byte', () => {
  const direct: ConnectOptions = { sslMode: 'require', sslNegotiation: 'direct' }

  test('is with a server that says that it is PostgreSQL', async () => {
    await using server = serverWith({ isDirect: true, alpn: ['postgresql'] })
    expect(await through(server, direct)).toEqual({ isEncrypted: true, connections: 1 })
    const url = `postgres://u:hunter2@localhost:${server.port}/d?sslmode=require&sslnegotiation=direct`
    const backend = await open(url)
    backend.stream.close()
  })

  test('is not with one that does not', async () => {
    await using silent = serverWith({ isDirect: true })
    expect(await failureOf(() => through(silent, direct))).toMatchObject({ code: 'PG_PROTOCOL' })
    await using other = serverWith({ isDirect: true, alpn: ['http/1.1'], session: async () => {} })
    const error = await failureOf(() => through(other, direct))
    expect(error).toMatchObject({ code: 'PG_CONNECT', cause: { code: 'TLS_ALERT' } })
  })
})

describe('SCRAM is bound to the connection', () => {
  const PLUS = ['SCRAM-SHA-256-PLUS', 'SCRAM-SHA-256']
  const talkWith = async (mechanisms: readonly string[], more: ConnectOptions, side: ServerSide = {}) => {
    let talk: ScramTalk | undefined
    await using server = serverWith({
      ...side,
      session: async (peer) => {
        await peer.startup()
        talk = await scram(peer, { mechanisms })
        await peer.send(KEY, READY)
        await peer.untilClosed()
      },
    })
    await through(server, { sslMode: 'require', ...more })
    return talk as ScramTalk
  }

  test('wherever the server offers it', async () => {
    const talk = await talkWith(PLUS, {})
    expect(talk).toMatchObject({
      mechanism: 'SCRAM-SHA-256-PLUS',
      gs2Header: 'p=tls-server-end-point,,',
      isProofRight: true,
    })
    const { createHash, X509Certificate } = await import('node:crypto')
    const { raw } = new X509Certificate(identity.cert)
    expect(talk.binding).toEqual(createHash('sha256').update(raw).digest())
    expect(await talkWith(PLUS, { channelBinding: 'require' })).toMatchObject({
      mechanism: 'SCRAM-SHA-256-PLUS',
    })
  })

  test('and a server that does not offer it must swear so', async () => {
    expect(await talkWith(['SCRAM-SHA-256'], {})).toMatchObject({
      mechanism: 'SCRAM-SHA-256',
      gs2Header: 'y,,',
    })
    expect(await talkWith(PLUS, { channelBinding: 'disable' })).toMatchObject({
      mechanism: 'SCRAM-SHA-256',
      gs2Header: 'n,,',
    })
  })

  test('not to a certificate that has no hash', async () => {
    const own = await authority.issue({ keyType: 'ed25519' })
    const root = await makeCertificateAuthority({ keyType: 'ed25519' })
    const signed = await root.issue({})
    const side: ServerSide = { identity: () => ({ cert: signed.chainPem, key: signed.keyPem }) }
    expect(await talkWith(PLUS, {}, side)).toMatchObject({ mechanism: 'SCRAM-SHA-256', gs2Header: 'n,,' })
    const error = await failureOf(() => talkWith(PLUS, { channelBinding: 'require' }, side))
    expect(error).toMatchObject({ code: 'PG_AUTH' })
    expect(own.serial).not.toBe(signed.serial)
    await root.close()
  })

  test('or there is no session, where that is required', async () => {
    const required: ConnectOptions = { channelBinding: 'require' }
    const sessions: readonly ((peer: ScriptedPeer) => Promise<void>)[] = [
      async (peer) => peer.send(OK, KEY, READY),
      async (peer) => peer.send(authentication({ method: 'cleartext-password' })),
      async (peer) => peer.send(authentication({ method: 'md5-password', salt: Buffer.alloc(4) })),
      async (peer) => peer.send(authentication({ method: 'sasl', mechanisms: ['SCRAM-SHA-256'] })),
    ]
    for (const say of sessions) {
      await using server = serverWith({
        session: async (peer) => {
          await peer.startup()
          await say(peer)
          await peer.untilClosed()
        },
      })
      const error = await failureOf(() => through(server, { sslMode: 'require', ...required }))
      expect(error).toMatchObject({ code: 'PG_AUTH' })
    }
    await using server = serverWith({
      isPlain: true,
      session: async (peer) => {
        await peer.startup()
        await peer.send(authentication({ method: 'sasl', mechanisms: ['SCRAM-SHA-256'] }))
        await peer.untilClosed()
      },
    })
    expect(await failureOf(() => through(server, required))).toMatchObject({ code: 'PG_AUTH' })
  })
})

describe('what is left leaves nothing open', () => {
  const scripts: readonly (readonly [when: string, script: Script])[] = [
    [
      'in the handshake',
      async (peer) => {
        await peer.next()
        await peer.send('S')
        await peer.untilClosed()
      },
    ],
    [
      'when TLS is there',
      async (peer) => {
        await peer.next()
        await peer.send('S')
        await peer.secure({ isServer: true, ...identity })
        await peer.untilClosed()
      },
    ],
    [
      'in SCRAM over TLS',
      async (peer) => {
        await peer.next()
        await peer.send('S')
        await peer.secure({ isServer: true, ...identity })
        await peer.startup()
        await peer.send(authentication({ method: 'sasl', mechanisms: ['SCRAM-SHA-256'] }))
        await peer.untilClosed()
      },
    ],
  ]
  for (const [when, script] of scripts)
    for (const sslMode of ['prefer', 'require'] as const)
      test(`${when}, with ${sslMode}`, async () => {
        await using server = new ScriptedServer(script)
        await expectNoDescriptorLeak(async () => {
          const before = server.silent
          const options = { host: '127.0.0.1', port: server.port, sslMode, password: 'hunter2' }
          const opening = spawn(() => open(options))
          while (server.silent === before) await yieldSlice()
          opening.interrupt()
          expect(await failureOf(() => opening.join())).toMatchObject({ code: 'INTERRUPTED' })
        })
      })
})

test('without @shrapnel/tls there is no TLS where it is not needed, and a clear error where it is', async () => {
  await using server = serverWith()
  await using folder = await temporaryFolder()
  const packages = join(folder.path, 'node_modules', '@shrapnel')
  const here = fileURLToPath(new URL('../..', import.meta.url))
  await mkdir(packages, { recursive: true })
  await symlink(join(here, '..', 'core'), join(packages, 'core'))
  for (const part of ['dist', 'package.json'])
    await cp(join(here, part), join(packages, 'postgres', part), { recursive: true })
  const program = join(folder.path, 'without-tls.mjs')
  await copyFile(join(here, 'test', 'programs', 'without-tls.mjs'), program)
  const result = await runProgram(program, { args: [`${server.port}`] })
  expect(result.stderr).toBe('')
  expect(JSON.parse(result.stdout)).toEqual({
    prefer: 'in',
    allow: 'in',
    disable: 'in',
    require: 'PG_OPTION',
    'verify-full': 'PG_OPTION',
  })
})
