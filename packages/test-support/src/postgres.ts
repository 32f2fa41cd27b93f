/**
 * PostgreSQL in a folder of its own, with a new cluster each time: superuser `postgres`, database `postgres`, UTF-8, no locale, nothing synced
 * to the disk. It refuses to run as root, so for root it runs as the user `postgres` that Debian's package makes.
 */
import { execFile } from 'node:child_process'
import { chmod, copyFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Certificate } from './certificate.js'
import { childEnvironment } from './child-environment.js'
import { commandPath } from './command-path.js'
import { TestSupportError } from './errors.js'
import { freePort } from './free-port.js'
import { type RealServer, startServer } from './real-server.js'

const run = promisify(execFile)
const READY_TIMEOUT_MS = 30_000

export interface PostgresOptions {
  /** The server's certificate: it speaks TLS, to those who ask. */
  readonly tls?: Certificate | undefined
  /** In PEM: whose certificates clients may show (`cert` and `clientcert` in hba). */
  readonly clientAuthorities?: string | undefined
  /** The lines of pg_hba.conf. Trust for everybody on the socket and on 127.0.0.1 by default. */
  readonly hba?: readonly string[] | undefined
  /** Settings for postgresql.conf: `{ wal_level: 'logical' }`. Values are quoted. */
  readonly config?: Readonly<Record<string, string | number>> | undefined
  /** How passwords are kept that are set later. `scram-sha-256` by default. */
  readonly passwordEncryption?: 'scram-sha-256' | 'md5' | undefined
}

export interface PostgresServer extends RealServer {
  /** The UNIX socket: its folder is the server's, its name is PostgreSQL's. */
  readonly socketPath: string
  /** Runs SQL as the superuser with psql, and returns what it writes with `-At`. Rejects with what psql complains of. */
  psql(text: string, database?: string): Promise<string>
}

/** It takes connections when the call returns; `port` is on 127.0.0.1. */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  const port = await freePort()
  const owner = await serverUser()
  const psqlPath = commandPath('psql')
  const server = await startServer({
    command: 'postgres',
    env: { OPENSSL_CONF: '/dev/null', LC_ALL: 'C' },
    args: (folder) => ['-D', join(folder, 'data')],
    prepare: (folder) => makeCluster(folder, options, port, owner),
    ready: { line: /database system is ready to accept connections/ },
    readyTimeoutMs: READY_TIMEOUT_MS,
    stopSignal: 'SIGINT',
    runAs: owner,
  })
  const psql = async (text: string, database = 'postgres') => {
    const args = [
      '-XAtq',
      '-v',
      'ON_ERROR_STOP=1',
      '-h',
      server.folder,
      '-p',
      `${port}`,
      '-U',
      'postgres',
      '-d',
      database,
    ]
    const { stdout } = await run(psqlPath, [...args, '-c', text], {
      ...owner,
      env: childEnvironment(psqlPath, {}),
    })
    return stdout.trimEnd()
  }
  return Object.defineProperties(server, {
    port: { value: port },
    socketPath: { value: join(server.folder, `.s.PGSQL.${port}`) },
    psql: { value: psql },
  }) as PostgresServer
}

async function makeCluster(
  folder: string,
  options: PostgresOptions,
  port: number,
  owner: { uid: number; gid: number } | undefined,
): Promise<void> {
  const data = join(folder, 'data')
  const initdb = commandPath('initdb')
  const how = ['-A', 'trust', '-U', 'postgres', '-E', 'UTF8', '--no-locale', '--no-sync', '--no-instructions']
  await run(initdb, ['-D', data, ...how], {
    ...owner,
    cwd: folder,
    env: childEnvironment(initdb, { LC_ALL: 'C' }),
  })
  await writeFile(join(data, 'pg_hba.conf'), `${(options.hba ?? TRUST).join('\n')}\n`)
  const settings: Record<string, string | number> = {
    listen_addresses: '127.0.0.1',
    port,
    unix_socket_directories: folder,
    fsync: 'off',
    synchronous_commit: 'off',
    full_page_writes: 'off',
    shared_buffers: '16MB',
    max_wal_size: '256MB',
    log_destination: 'stderr',
    password_encryption: options.passwordEncryption ?? 'scram-sha-256',
  }
  if (options.tls !== undefined) {
    await copyFile(options.tls.chainPath, join(data, 'server.crt'))
    await copyFile(options.tls.keyPath, join(data, 'server.key'))
    // PostgreSQL refuses a key that others can read.
    await chmod(join(data, 'server.key'), 0o600)
    settings.ssl = 'on'
    if (options.clientAuthorities !== undefined) {
      await writeFile(join(data, 'root.crt'), options.clientAuthorities)
      settings.ssl_ca_file = 'root.crt'
    }
  }
  const lines = Object.entries({ ...settings, ...options.config }).map(
    ([name, value]) => `${name} = '${String(value).replaceAll("'", "''")}'`,
  )
  await writeFile(join(data, 'postgresql.auto.conf'), `${lines.join('\n')}\n`)
}

const TRUST = [
  'local all all trust',
  'host all all 127.0.0.1/32 trust',
  'local replication all trust',
  'host replication all 127.0.0.1/32 trust',
]

/** Whom the server runs as, if we are root: undefined means ourselves. */
async function serverUser(): Promise<{ uid: number; gid: number } | undefined> {
  if (process.getuid?.() !== 0) return undefined
  const line = (await readFile('/etc/passwd', 'utf8'))
    .split('\n')
    .find((entry) => entry.startsWith('postgres:'))
  const [, , uid, gid] = (line ?? '').split(':')
  if (uid === undefined || gid === undefined)
    throw new TestSupportError(
      'missing-command',
      'there is no user postgres: the Debian package postgresql makes it',
    )
  return { uid: Number(uid), gid: Number(gid) }
}
