import { writeFile } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { type TemporaryFolder, temporaryFolder } from '@shrapnel/test-support'
import { describe, expect, test } from 'vitest'
import type { ConnectOptions } from '../../src/connect/connect-options.js'
import { CONNECT_OPTION_NAMES, OPTIONS } from '../../src/connect/option-table.js'
import { resolveConnect } from '../../src/connect/resolve-connect.js'
import { DEFAULT_SOCKET_FOLDERS } from '../../src/connect/socket-folders.js'
import { failureOf, NO_HOME, resolved } from './connecting.js'

test('without a word it is the usual socket, and the user of the system', () => {
  const plain = resolved()
  expect(plain.places).toMatchObject([{ kind: 'unix', port: 5432 }])
  expect(DEFAULT_SOCKET_FOLDERS).toContain((plain.places[0] as { folder: string }).folder)
  expect([plain.user, plain.database]).toEqual([userInfo().username, userInfo().username])
  expect(Object.fromEntries(plain.startup)).toEqual({
    user: userInfo().username,
    database: userInfo().username,
    client_encoding: 'UTF8',
    DateStyle: 'ISO',
  })
  expect(plain).toMatchObject({
    connectTimeoutMs: 30_000,
    sessionTarget: 'any',
    hostOrder: 'disable',
    channelBinding: 'prefer',
    minMinorVersion: 0,
    maxMinorVersion: 0,
    maxScramIterations: 1_000_000,
    maxStartupMessages: 1000,
    maxStartupMessageBytes: 30_000,
    passwordFile: join(NO_HOME, '.pgpass'),
    tls: { mode: 'prefer', negotiation: 'postgres' },
    keepAlive: { isOn: true },
  })
})

test('options win over the URL, the URL over the service, the service over the environment', async () => {
  await using folder = await temporary({
    '.pg_service.conf':
      '# ours\n[other]\nuser=nobody\n[app]\nuser=service\ndbname=service\nport=4\nhost = service\n[more]\nuser=x',
  })
  const environment = {
    HOME: folder.path,
    PGSERVICE: 'app',
    PGHOST: 'environment',
    PGPORT: '5',
    PGUSER: 'environment',
    PGDATABASE: 'environment',
    PGAPPNAME: 'environment',
  }
  const url = 'postgres://url:pw@url'
  const all = resolveConnect({ url, user: 'options' }, { environment })
  expect(all.places).toEqual([{ kind: 'tcp', host: 'url', address: undefined, port: 4 }])
  expect([all.user, all.database, all.startup.get('application_name')]).toEqual([
    'options',
    'service',
    'environment',
  ])
  expect(resolveConnect(url, { environment }).user).toBe('url')
  expect(resolveConnect({}, { environment }).user).toBe('service')
  expect(resolveConnect({}, { environment: { ...environment, PGSERVICE: '' } }).user).toBe('environment')
  expect(resolveConnect({ user: undefined }, { environment }).user).toBe('service')
})

test('each option can be said in each place that it has', () => {
  const samples: Readonly<Partial<Record<keyof typeof OPTIONS, string>>> = {
    connectTimeoutMs: '7',
    sslMode: 'verify-full',
    sslNegotiation: 'postgres',
    sslRootCert: '/roots.pem',
    sslCertMode: 'disable',
    sslMinProtocolVersion: 'TLSv1.2',
    sslMaxProtocolVersion: 'TLSv1.3',
    channelBinding: 'require',
    requireAuth: 'scram-sha-256',
    targetSessionAttrs: 'primary',
    loadBalanceHosts: 'random',
    keepAlive: '0',
    keepAliveIdleMs: '5',
    keepAliveIntervalMs: '6',
    keepAliveProbes: '3',
    minProtocolVersion: '3.0',
    maxProtocolVersion: '3.2',
    replication: 'database',
    port: '6000',
    hostAddress: '127.0.0.1',
  }
  const rows = Object.entries(OPTIONS) as [keyof typeof OPTIONS, { url?: string; env?: string }][]
  for (const [name, { url, env }] of rows) {
    if (name === 'service') continue
    const text = samples[name] ?? 'x'
    const plain = inspect(resolved(), { depth: 9 })
    const fromUrl = url === undefined ? undefined : resolved(`postgres://?${url}=${encodeURIComponent(text)}`)
    const fromEnvironment = env === undefined ? undefined : resolved({}, { [env]: text })
    const shown = [fromUrl, fromEnvironment].flatMap((each) =>
      each === undefined ? [] : [inspect(each, { depth: 9 })],
    )
    expect(new Set(shown).size, name).toBe(shown.length === 0 ? 0 : 1)
    // These say what is so anyway.
    const isPlain = name === 'sslNegotiation' || name === 'minProtocolVersion'
    expect(shown.includes(plain), name).toBe(isPlain)
  }
  expect(resolved({}, { PGCONNECT_TIMEOUT: '7' }).connectTimeoutMs).toBe(7000)
  expect(resolved({}, { PGCONNECT_TIMEOUT: '0' }).connectTimeoutMs).toBe(Number.POSITIVE_INFINITY)
  expect(resolved('postgres://?keepalives_idle=5').keepAlive.idleMs).toBe(5000)
  expect(resolved('postgres://?keepalives_idle=0').keepAlive.idleMs).toBeUndefined()
  expect(resolved('postgres://?ssl=true').tls.mode).toBe('require')
})

test('several hosts have a port each, or one for all, or the usual one', () => {
  const places = (options: ConnectOptions, environment = {}) =>
    resolved(options, environment).places.map((place) =>
      place.kind === 'tcp' ? `${place.host}/${place.address}:${place.port}` : `${place.path}`,
    )
  expect(places({ host: ['a', 'b'], port: [1, 2] })).toEqual(['a/undefined:1', 'b/undefined:2'])
  expect(places({ host: 'a,b', port: 3 })).toEqual(['a/undefined:3', 'b/undefined:3'])
  expect(places({ url: 'postgres://a,b:7' })).toEqual(['a/undefined:5432', 'b/undefined:7'])
  expect(places({ url: 'postgres://a,b' }, { PGPORT: '8' })).toEqual(['a/undefined:8', 'b/undefined:8'])
  expect(places({ host: '/run/x', port: 9 })).toEqual(['/run/x/.s.PGSQL.9'])
  expect(places({ host: '@x', port: 9 })).toEqual(['\0x/.s.PGSQL.9'])
  expect(places({ host: 'a', hostAddress: '::1' })).toEqual(['a/::1:5432'])
  expect(places({ hostAddress: '::1' })).toEqual(['::1/::1:5432'])
  // An address of the environment is that of the environment's host.
  expect(places({ host: 'a' }, { PGHOSTADDR: '10.0.0.1' })).toEqual(['a/undefined:5432'])
  expect(places({}, { PGHOST: 'a', PGHOSTADDR: '10.0.0.1' })).toEqual(['a/10.0.0.1:5432'])
})

test('how far a certificate is believed is what is said, and verify-full where roots are given', () => {
  const mode = (options: ConnectOptions, environment = {}) => resolved(options, environment).tls.mode
  expect(mode({})).toBe('prefer')
  expect(mode({ tls: {} })).toBe('verify-full')
  expect(mode({ tls: {}, sslMode: 'require' })).toBe('require')
  expect(mode({ tls: {} }, { PGSSLMODE: 'disable' })).toBe('verify-full')
  expect(mode({}, { PGSSLMODE: 'disable' })).toBe('disable')
  expect(mode({ sslRootCert: 'system' })).toBe('verify-full')
})

describe('what cannot be is refused', () => {
  const options: readonly (readonly [why: string, target: string | ConnectOptions, code: string])[] = [
    ['an option that does not exist', { hots: 'a' } as ConnectOptions, 'ERR_UNKNOWN_OPTION'],
    ['a number for a host', { host: 1 } as unknown as ConnectOptions, 'ERR_INVALID_ARG_TYPE'],
    ['a number for a password', { password: 1 } as unknown as ConnectOptions, 'ERR_INVALID_ARG_TYPE'],
    ['a number for options', 1 as unknown as string, 'ERR_INVALID_ARG_TYPE'],
    ['port 0', { port: 0 }, 'ERR_OUT_OF_RANGE'],
    ['port 65536', { port: 65_536 }, 'ERR_OUT_OF_RANGE'],
    ['a NUL', { user: 'a\0b' }, 'ERR_OUT_OF_RANGE'],
    ['a mode that does not exist', { sslMode: 'yes' } as unknown as ConnectOptions, 'ERR_OUT_OF_RANGE'],
    ['a negative time', { connectTimeoutMs: -1 }, 'ERR_OUT_OF_RANGE'],
    ['runtime that is text', { runtime: 'x' } as unknown as ConnectOptions, 'ERR_INVALID_ARG_TYPE'],
    [
      'a runtime setting that is a number',
      { runtime: { a: 1 } } as unknown as ConnectOptions,
      'ERR_INVALID_ARG_TYPE',
    ],
    ['an encoding', { runtime: { client_encoding: 'LATIN1' } }, 'PG_OPTION'],
    ['a runtime setting without a name', { runtime: { '': 'x' } }, 'PG_OPTION'],
    ['a protocol extension', { runtime: { '_pq_.x': 'x' } }, 'PG_OPTION'],
    ['more ports than hosts', { host: 'a', port: [1, 2] }, 'PG_OPTION'],
    ['more addresses than hosts', { host: 'a', hostAddress: ['1.1.1.1', '1.1.1.2'] }, 'PG_OPTION'],
    ['257 hosts', { host: Array.from({ length: 257 }, () => 'a') }, 'PG_OPTION'],
    ['direct TLS that may be none', { sslNegotiation: 'direct' }, 'PG_OPTION'],
    ['the roots of the system for any name', { sslRootCert: 'system', sslMode: 'verify-ca' }, 'PG_OPTION'],
    ['protocols the wrong way round', { minProtocolVersion: '3.2', maxProtocolVersion: '3.0' }, 'PG_OPTION'],
    ['a port of text', 'postgres://h?port=x', 'PG_OPTION'],
    ['a port of 70000', 'postgres://h:70000', 'PG_OPTION'],
    ['a mode of the URL', 'postgres://h?sslmode=maybe', 'PG_OPTION'],
    ['another encoding', 'postgres://h?client_encoding=LATIN1', 'PG_OPTION'],
    ['GSS', 'postgres://h?gssencmode=require', 'PG_OPTION'],
    ['two kinds of methods', { requireAuth: 'md5,!password' }, 'PG_OPTION'],
    ['a method that does not exist', { requireAuth: 'telepathy' }, 'PG_OPTION'],
    ['a method twice', { requireAuth: 'md5,md5' }, 'PG_OPTION'],
    ['a service that is nowhere', { service: 'nowhere' }, 'PG_OPTION'],
  ]
  for (const [why, target, code] of options)
    test(`${why}: ${code}`, async () => {
      expect(await failureOf(() => resolved(target))).toMatchObject({ code })
    })

  test('variables of the environment that promise what cannot be kept', async () => {
    for (const environment of [
      { PGCLIENTENCODING: 'LATIN1' },
      { PGREQUIREPEER: 'postgres' },
      { PGGSSENCMODE: 'require' },
      { PGSSLMODE: 'maybe' },
      { PGPORT: 'x' },
    ])
      expect(await failureOf(() => resolved({}, environment))).toMatchObject({ code: 'PG_OPTION' })
    expect(resolved({}, { PGCLIENTENCODING: 'utf-8', PGGSSENCMODE: 'prefer', PGSSLMODE: '' }).tls.mode).toBe(
      'prefer',
    )
  })

  test('a parameter that does not exist, with the one that was meant', async () => {
    for (const [wrong, meant] of [
      ['ssl_mode', 'sslmode'],
      ['sslmdoe', 'sslmode'],
      ['timeout_connect', undefined],
      ['applicationname', 'application_name'],
      ['targetSessionAttrs', 'target_session_attrs'],
      ['xyzzy', undefined],
    ] as const) {
      const error = await failureOf(() => resolved(`postgres://h?${wrong}=1`))
      expect(error).toMatchObject({ code: 'PG_OPTION' })
      expect(/did you mean (.*)\?/.exec(error.message)?.[1], wrong).toBe(meant)
    }
  })
})

test('lines of a service file that are none are refused', async () => {
  for (const text of ['[app]\nnonsense', '[app]\n=x', '[app]\nservice=other', '[app]\nsslmdoe=x']) {
    await using folder = await temporary({ '.pg_service.conf': text })
    const error = await failureOf(() => resolved({ service: 'app' }, { HOME: folder.path }))
    expect(error).toMatchObject({ code: 'PG_OPTION' })
  }
  await using folder = await temporary({ elsewhere: '[app]\nuser=x=y' })
  const environment = { PGSERVICEFILE: join(folder.path, 'elsewhere') }
  expect(resolved({ service: 'app' }, environment).user).toBe('x=y')
})

test('what others add to the options is theirs', () => {
  const options = { user: 'a', poolSize: 3 } as ConnectOptions
  expect(() => resolved(options)).toThrow(expect.objectContaining({ code: 'ERR_UNKNOWN_OPTION' }))
  const besides = new Set(['poolSize'])
  expect(resolveConnect(options, { besides, environment: {} }).user).toBe('a')
  expect(CONNECT_OPTION_NAMES).toContain('tls')
})

test('a password is in nothing that is shown', () => {
  const everything = resolved({
    url: 'postgres://u:hunter2@h/d',
    sslPassword: 'hunter3',
    tls: { key: 'hunter4', passphrase: 'hunter5' },
  })
  expect(inspect(everything, { depth: 9, showHidden: true })).not.toContain('hunter')
  expect(JSON.stringify(everything)).not.toContain('hunter')
  expect(String(everything.password)).toBe('[password]')
})

async function temporary(files: Readonly<Record<string, string>>): Promise<TemporaryFolder> {
  const folder = await temporaryFolder()
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder.path, name), text)
  return folder
}
