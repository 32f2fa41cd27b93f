/**
 * The folder of a PostgreSQL: a new cluster, or the copy of a running one that follows it. Its settings are for tests: nothing is synced
 * to the disk, little memory.
 */
import { execFile } from 'node:child_process'
import { chmod, copyFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Certificate } from './certificate.js'
import { childEnvironment } from './child-environment.js'
import { commandPath } from './command-path.js'
import type { ServerUser } from './server-user.js'

const run = promisify(execFile)

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

/** Where the cluster is to be, and whose it is. */
export interface ClusterPlace {
  /** The server's folder: its data are in `data`, its socket beside that. */
  readonly folder: string
  readonly port: number
  readonly owner: ServerUser | undefined
}

const TRUST = [
  'local all all trust',
  'host all all 127.0.0.1/32 trust',
  'local replication all trust',
  'host replication all 127.0.0.1/32 trust',
]

/** Makes a new cluster with initdb. */
export async function makeCluster(place: ClusterPlace, options: PostgresOptions): Promise<void> {
  const { folder, owner } = place
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
    ...settingsOfPlace(place),
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
  await writeFile(join(data, 'postgresql.auto.conf'), linesOf({ ...settings, ...options.config }))
}

/** Copies the running cluster at `primary` with pg_basebackup; started, the copy follows it. */
export async function copyCluster(
  place: ClusterPlace,
  primary: { readonly unixFolder: string; readonly port: number },
  config: Readonly<Record<string, string | number>>,
): Promise<void> {
  const { folder, owner } = place
  const data = join(folder, 'data')
  const backup = commandPath('pg_basebackup')
  const from = ['-h', primary.unixFolder, '-p', `${primary.port}`, '-U', 'postgres']
  await run(backup, ['-D', data, ...from, '-R', '-X', 'stream', '--checkpoint=fast', '--no-sync'], {
    ...owner,
    cwd: folder,
    env: childEnvironment(backup, { LC_ALL: 'C' }),
  })
  // It came with the primary's settings and where to find it. Of two lines for one name the last holds.
  const file = join(data, 'postgresql.auto.conf')
  const copied = await readFile(file, 'utf8')
  await writeFile(file, `${copied}\n${linesOf({ ...settingsOfPlace(place), ...config })}`)
}

function settingsOfPlace({ folder, port }: ClusterPlace): Record<string, string | number> {
  return { listen_addresses: '127.0.0.1', port, unix_socket_directories: folder }
}

function linesOf(settings: Readonly<Record<string, string | number>>): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name} = '${String(value).replaceAll("'", "''")}'\n`)
    .join('')
}
