/** With PostgreSQL itself: each way of authentication, over TCP, TLS and a UNIX socket; cancelling; what the network does to it. */
import { chmod, copyFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { group, spawn } from '@shrapnel/core'
import {
  type Certificate,
  type CertificateAuthority,
  expectNoDescriptorLeak,
  makeCertificateAuthority,
  type PostgresServer,
  startCuttingProxy,
  startPostgres,
  type TemporaryFolder,
  temporaryFolder,
} from '@shrapnel/test-support'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ConnectOptions } from '../../src/connect/connect-options.js'
import type { OpenedBackend } from '../../src/connection/opened-backend.js'
import {
  type BackendMessage,
  decodeBackendMessage,
  encodeQuery,
  MessageWriter,
} from '../../src/wire/index.js'
import { failureOf, open } from './connecting.js'

const HBA = [
  'local all md5_user md5',
  'local all scram_user scram-sha-256',
  'local all all trust',
  'hostnossl all tls_only 127.0.0.1/32 reject',
  'hostssl all plain_only 127.0.0.1/32 reject',
  'host all trusted,plain_only,tls_only,strange 127.0.0.1/32 trust',
  'host all password_user 127.0.0.1/32 password',
  'host all md5_user 127.0.0.1/32 md5',
  'hostssl all ada 127.0.0.1/32 cert',
  'host all all 127.0.0.1/32 scram-sha-256',
  'host replication all 127.0.0.1/32 scram-sha-256',
]
const STRANGE = 'pass wörd\u00a0€ \\\'":@/?#%'

let authority: CertificateAuthority
let certificate: Certificate
let server: PostgresServer
let files: TemporaryFolder

beforeAll(async () => {
  authority = await makeCertificateAuthority()
  certificate = await authority.issue({ names: ['localhost'] })
  server = await startPostgres({ tls: certificate, clientAuthorities: authority.certificatePem, hba: HBA })
  files = await temporaryFolder()
  await server.psql(`create role trusted login; create role plain_only login; create role tls_only login; create role ada login;
    create role password_user login password 'pw of password'; create role scram_user login replication password 'pw of scram';
    create role strange_scram login password '${STRANGE.replaceAll("'", "''")}'; create role strange login;
    alter role strange set intervalstyle = 'sql_standard'; alter role strange set datestyle = 'SQL, DMY';
    alter role strange set default_transaction_read_only = on;
    create role few login connection limit 0 password 'pw of few';
    set password_encryption = 'md5'; create role md5_user login password 'pw of md5'`)
}, 60_000)

afterAll(async () => {
  await server.stop()
  await Promise.all([authority.close(), files.remove()])
})

const optionsFor = (user: string, more: ConnectOptions = {}): ConnectOptions => ({
  host: 'localhost',
  hostAddress: '127.0.0.1',
  port: server.port,
  user,
  database: 'postgres',
  ...more,
})

/** What a server says to a query: the first value. */
async function ask(backend: OpenedBackend, text: string): Promise<string | undefined> {
  const writer = new MessageWriter()
  encodeQuery(writer, text)
  await backend.stream.send(writer.take())
  let value: string | undefined
  for (;;) {
    const message = await next(backend)
    if (message.kind === 'data-row') value ??= message.values[0]?.toString()
    if (message.kind === 'error') value = message.report.sqlState
    if (message.kind === 'ready-for-query') return value
  }
}

async function next({ cutter, stream }: OpenedBackend): Promise<BackendMessage> {
  while (!cutter.next()) cutter.push(await stream.recv())
  return decodeBackendMessage(cutter.type, cutter.bytes, cutter.from, cutter.to)
}

/** Who we are, as the server sees it, and whether it sees TLS. */
async function whoIsIn(options: ConnectOptions): Promise<string | undefined> {
  const backend = await open(options)
  try {
    const text = `select session_user || ' ' || coalesce((select ssl from pg_stat_ssl where pid = pg_backend_pid()), false)`
    return await ask(backend, text)
  } finally {
    backend.stream.close()
  }
}

const PASSWORDS = {
  trusted: undefined,
  password_user: 'pw of password',
  md5_user: 'pw of md5',
  scram_user: 'pw of scram',
  strange_scram: STRANGE,
} as const

describe('each way of authentication lets in who knows the password', () => {
  for (const [user, password] of Object.entries(PASSWORDS)) {
    test(`${user}, with TLS and without, over TCP and over a UNIX socket`, async () => {
      expect(await whoIsIn(optionsFor(user, { password, sslMode: 'disable' }))).toBe(`${user} false`)
      expect(await whoIsIn(optionsFor(user, { password }))).toBe(`${user} true`)
      expect(
        await whoIsIn({ host: server.folder, port: server.port, user, database: 'postgres', password }),
      ).toBe(`${user} false`)
      const url = `postgres://${user}:${encodeURIComponent(password ?? '')}@localhost:${server.port}/postgres?sslmode=disable&hostaddr=127.0.0.1`
      expect(await whoIsIn({ url })).toBe(`${user} false`)
    })

    if (password !== undefined)
      test(`${user} not with another password, which is in nothing that is said`, async () => {
        for (const sslMode of ['disable', 'prefer', 'require'] as const) {
          const error = await failureOf(() => whoIsIn(optionsFor(user, { password: 'xyzzy', sslMode })))
          expect(error).toMatchObject({ code: 'PG_AUTH', sqlState: '28P01', report: { severity: 'FATAL' } })
          expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('xyzzy')
        }
      })
  }

  test('SCRAM is bound to the connection when there is TLS', async () => {
    const options = optionsFor('scram_user', { password: 'pw of scram', channelBinding: 'require' })
    expect(await whoIsIn({ ...options, sslMode: 'require' })).toBe('scram_user true')
    expect(await failureOf(() => whoIsIn({ ...options, sslMode: 'disable' }))).toMatchObject({
      code: 'PG_AUTH',
    })
    const md5 = optionsFor('md5_user', { password: 'pw of md5', channelBinding: 'require' })
    expect(await failureOf(() => whoIsIn(md5))).toMatchObject({ code: 'PG_AUTH' })
  })

  test('a client certificate does, for whom it is', async () => {
    const own = await authority.issue({ purpose: 'client', commonName: 'ada', names: [] })
    const tls = { ca: authority.certificatePem, cert: own.chainPem, key: own.keyPem }
    expect(await whoIsIn(optionsFor('ada', { tls }))).toBe('ada true')
    const sslKey = join(files.path, 'ada.key')
    await copyFile(own.keyPath, sslKey)
    await chmod(sslKey, 0o600)
    const inFiles = { sslCert: own.chainPath, sslKey, sslRootCert: authority.certificate.certificatePath }
    expect(await whoIsIn(optionsFor('ada', { ...inFiles, sslMode: 'verify-full' }))).toBe('ada true')
    const eve = await authority.issue({ purpose: 'client', commonName: 'eve', names: [] })
    const other = { ...tls, cert: eve.chainPem, key: eve.keyPem }
    expect(await failureOf(() => whoIsIn(optionsFor('ada', { tls: other })))).toMatchObject({
      sqlState: '28000',
    })
    const none = optionsFor('ada', { ...inFiles, sslMode: 'verify-full', sslCertMode: 'disable' })
    expect(await failureOf(() => whoIsIn(none))).toMatchObject({ sqlState: '28000' })
  })

  test('with an encrypted key, for who knows what it is encrypted with', async () => {
    const own = await authority.issue({
      purpose: 'client',
      commonName: 'ada',
      names: [],
      passphrase: 'open sesame',
    })
    const sslKey = join(files.path, 'encrypted.key')
    await writeFile(sslKey, own.keyPem, { mode: 0o600 })
    const options = optionsFor('ada', { sslCert: own.chainPath, sslKey, sslMode: 'require' })
    expect(await whoIsIn({ ...options, sslPassword: 'open sesame' })).toBe('ada true')
    const error = await failureOf(() => whoIsIn({ ...options, sslPassword: 'open barley' }))
    expect(error).toMatchObject({ code: 'PG_OPTION' })
    expect(inspect(error, { depth: 9 })).not.toContain('barley')
  })
})

describe('sslMode with a real server', () => {
  test('prefer and allow find the way that is open', async () => {
    expect(await whoIsIn(optionsFor('plain_only'))).toBe('plain_only false')
    expect(await whoIsIn(optionsFor('tls_only'))).toBe('tls_only true')
    expect(await whoIsIn(optionsFor('tls_only', { sslMode: 'allow' }))).toBe('tls_only true')
    expect(await whoIsIn(optionsFor('trusted', { sslMode: 'allow' }))).toBe('trusted false')
    expect(await failureOf(() => whoIsIn(optionsFor('tls_only', { sslMode: 'disable' })))).toMatchObject({
      sqlState: '28000',
    })
  })

  test('verify-full looks at roots and name, verify-ca at roots', async () => {
    const sslRootCert = authority.certificate.certificatePath
    expect(await whoIsIn(optionsFor('trusted', { sslMode: 'verify-full', sslRootCert }))).toBe('trusted true')
    const wrongName: ConnectOptions = { host: 'wrong.test', sslRootCert }
    expect(await whoIsIn(optionsFor('trusted', { ...wrongName, sslMode: 'verify-ca' }))).toBe('trusted true')
    expect(
      await failureOf(() => whoIsIn(optionsFor('trusted', { ...wrongName, sslMode: 'verify-full' }))),
    ).toMatchObject({
      code: 'PG_CONNECT',
      cause: { code: 'TLS_CERTIFICATE_NAME' },
    })
  })
})

describe('a session', () => {
  test('is set up as values are read, whatever the role has', async () => {
    const backend = await open(
      optionsFor('strange', {
        applicationName: 'tests of shrapnel',
        timeZone: 'Asia/Kathmandu',
        options: '-c statement_timeout=61s',
        runtime: { search_path: 'pg_catalog', 'app.user': 'ada' },
      }),
    )
    const now = async (name: string) => ask(backend, `select current_setting('${name}')`)
    expect(await now('IntervalStyle')).toBe('iso_8601')
    expect(await now('DateStyle')).toMatch(/^ISO/)
    expect(await now('client_encoding')).toBe('UTF8')
    expect(await now('application_name')).toBe('tests of shrapnel')
    expect(await now('TimeZone')).toBe('Asia/Kathmandu')
    expect(await now('statement_timeout')).toBe('61s')
    expect(await now('search_path')).toBe('pg_catalog')
    expect(await now('app.user')).toBe('ada')
    expect(backend.parameters.get('IntervalStyle')).toBe('iso_8601')
    expect(backend.parameters.get('server_version')).toMatch(/^[0-9]/)
    backend.stream.close()
  })

  test('is what targetSessionAttrs wants', async () => {
    const wants = async (user: string, targetSessionAttrs: ConnectOptions['targetSessionAttrs']) =>
      whoIsIn(optionsFor(user, { targetSessionAttrs })).catch(({ code }: { code: string }) => code)
    expect(await wants('trusted', 'primary')).toBe('trusted true')
    expect(await wants('trusted', 'standby')).toBe('PG_CONNECT')
    expect(await wants('trusted', 'prefer-standby')).toBe('trusted true')
    expect(await wants('strange', 'read-write')).toBe('PG_CONNECT')
    expect(await wants('strange', 'read-only')).toBe('strange true')
  })

  test('for replication is one', async () => {
    const how = { password: 'pw of scram' }
    const logical = await open(optionsFor('scram_user', { ...how, replication: 'database' }))
    expect(await ask(logical, 'IDENTIFY_SYSTEM')).toMatch(/^[0-9]+$/)
    expect(await ask(logical, 'select 1')).toBe('1')
    logical.stream.close()
    const physical = await open(optionsFor('scram_user', { ...how, replication: true }))
    expect(await ask(physical, 'IDENTIFY_SYSTEM')).toMatch(/^[0-9]+$/)
    physical.stream.close()
  })

  test('that is refused has the reason of the server', async () => {
    const few = optionsFor('few', { password: 'pw of few' })
    expect(await failureOf(() => open(few))).toMatchObject({ code: 'PG_SERVER', sqlState: '53300' })
    expect(await failureOf(() => open(optionsFor('trusted', { database: 'nowhere' })))).toMatchObject({
      code: 'PG_AUTH',
      sqlState: '3D000',
    })
    expect(await failureOf(() => open(optionsFor('nobody', { password: 'x' })))).toMatchObject({
      code: 'PG_AUTH',
    })
    expect(await failureOf(() => open(optionsFor('trusted', { runtime: { nonsense: '1' } })))).toMatchObject({
      code: 'PG_SERVER',
      sqlState: '42704',
    })
  })

  test('speaks 3.0 where 3.2 is asked for and not known', async () => {
    const backend = await open(optionsFor('trusted', { maxProtocolVersion: '3.2' }))
    expect(backend.minorVersion).toBe(0)
    expect(await ask(backend, 'select 1')).toBe('1')
    backend.stream.close()
    const error = await failureOf(() => open(optionsFor('trusted', { minProtocolVersion: '3.2' })))
    expect(error).toMatchObject({ code: 'PG_CONNECT' })
  })
})

describe('requestCancel', () => {
  const ways: readonly (readonly [string, () => ConnectOptions])[] = [
    ['TCP', () => optionsFor('trusted', { sslMode: 'disable' })],
    [
      'TLS',
      () =>
        optionsFor('trusted', { sslMode: 'verify-full', sslRootCert: authority.certificate.certificatePath }),
    ],
    [
      'a UNIX socket',
      () => ({ host: server.folder, port: server.port, user: 'trusted', database: 'postgres' }),
    ],
  ]
  for (const [way, options] of ways)
    test(`over ${way} ends what runs, and has done so when it comes back`, async () => {
      const backend = await open(options())
      const running = spawn(() => ask(backend, 'select pg_sleep(60)'))
      await untilRunning(backend)
      await backend.requestCancel()
      expect(await running.join()).toBe('57014')
      expect(await ask(backend, 'select 1')).toBe('1')
      // With nothing to cancel it harms nothing, and what comes after it is not hit.
      for (let i = 0; i < 20; i++) {
        await backend.requestCancel()
        expect(await ask(backend, 'select 1')).toBe('1')
      }
      await expectNoDescriptorLeak(() => backend.requestCancel())
      backend.stream.close()
    })

  /** Until the server says that the backend runs something. */
  async function untilRunning({ processId }: OpenedBackend): Promise<void> {
    const other = await open(optionsFor('trusted'))
    const text = `select count(*) from pg_stat_activity where pid = ${processId} and wait_event = 'PgSleep'`
    while ((await ask(other, text)) !== '1');
    other.stream.close()
  }
})

describe('a network that', () => {
  test('brings one byte at a time brings a session all the same', async () => {
    const shape = { splitEvery: 1 }
    await using proxy = await startCuttingProxy({
      upstream: { port: server.port },
      toClient: shape,
      toUpstream: shape,
    })
    for (const sslMode of ['disable', 'require'] as const)
      expect(
        await whoIsIn(optionsFor('scram_user', { password: 'pw of scram', port: proxy.port, sslMode })),
      ).toMatch(/^scram_user/)
  })

  test('breaks after any byte of the server makes one clear error and leaves nothing open', async () => {
    await using proxy = await startCuttingProxy({ upstream: { port: server.port } })
    const options = optionsFor('md5_user', { password: 'pw of md5', port: proxy.port, sslMode: 'disable' })
    const backend = await open(options)
    backend.stream.close()
    const total = proxy.bytesToClient
    const cuts = Array.from({ length: 40 }, (_, i) => Math.floor((i * total) / 40))
    await expectNoDescriptorLeak(async () => {
      for (const cutAfterBytes of cuts) {
        proxy.reshape({ toClient: { cutAfterBytes } })
        expect(await failureOf(() => open(options)), `${cutAfterBytes}`).toMatchObject({
          code: 'PG_CONNECT',
          safeToRetry: true,
        })
      }
    })
  })

  test('is used by many at a time lets all of them in', async () => {
    const backends: OpenedBackend[] = []
    await group(async (all) => {
      for (let i = 0; i < 30; i++)
        all.spawn(async () => {
          backends.push(await open(optionsFor('scram_user', { password: 'pw of scram' })))
        })
    })
    expect(new Set(backends.map(({ processId }) => processId)).size).toBe(30)
    for (const { stream } of backends) stream.close()
  })
})
