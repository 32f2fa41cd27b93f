/**
 * PgBouncer in front of a PostgreSQL of the test: it lets everybody in, as the superuser of the test. Debian 12 has version 1.18, which knows
 * nothing of prepared statements: in transaction mode each may be on another server when it is used again.
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { freePort } from './free-port.js'
import type { PostgresServer } from './postgres.js'
import { psql } from './psql.js'
import { type RealServer, startServer } from './real-server.js'
import { serverUser } from './server-user.js'

export interface PgbouncerOptions {
  readonly upstream: Pick<PostgresServer, 'unixFolder' | 'port'>
  /** `transaction` by default. */
  readonly poolMode?: 'session' | 'transaction' | 'statement' | undefined
  /** Connections to the server for each database and user. 2 by default. */
  readonly poolSize?: number | undefined
  /** Parameters of a start-up that are overlooked; others that it does not know are refused. */
  readonly ignoreStartupParameters?: readonly string[] | undefined
  /** More settings: `{ query_wait_timeout: 1 }`. */
  readonly config?: Readonly<Record<string, string | number>> | undefined
}

export interface Pgbouncer extends RealServer {
  /** The folder of its UNIX socket. */
  readonly unixFolder: string
  /** Over TCP, as the superuser of the server behind it. */
  readonly url: string
  /** A command of its console: `show servers`, `pause`, `kill postgres`. What psql writes with `-At`. */
  admin(command: string): Promise<string>
}

/** It takes connections when the call returns; `port` is on 127.0.0.1. */
export async function startPgbouncer(options: PgbouncerOptions): Promise<Pgbouncer> {
  const [port, owner] = await Promise.all([freePort(), serverUser()])
  const server = await startServer({
    command: 'pgbouncer',
    env: { OPENSSL_CONF: '/dev/null', LC_ALL: 'C' },
    args: (folder) => [join(folder, 'pgbouncer.ini')],
    prepare: async (folder) => {
      await writeFile(join(folder, 'users'), '"postgres" ""\n')
      await writeFile(join(folder, 'pgbouncer.ini'), configuration(folder, port, options))
    },
    ready: { port },
    // SIGTERM ends it at once; SIGINT would wait for its clients.
    stopSignal: 'SIGTERM',
    runAs: owner,
  })
  const unixFolder = server.folder
  const admin = (command: string) => psql({ unixFolder, port, owner }, command, 'pgbouncer')
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`
  return Object.defineProperties(server, {
    unixFolder: { value: unixFolder },
    url: { value: url },
    admin: { value: admin },
  }) as Pgbouncer
}

function configuration(folder: string, port: number, options: PgbouncerOptions): string {
  const { upstream, poolMode = 'transaction', poolSize = 2, ignoreStartupParameters = [], config } = options
  const settings: Record<string, string | number> = {
    listen_addr: '127.0.0.1',
    listen_port: port,
    unix_socket_dir: folder,
    auth_type: 'trust',
    auth_file: join(folder, 'users'),
    admin_users: 'postgres',
    pool_mode: poolMode,
    default_pool_size: poolSize,
    max_client_conn: 200,
    // A server that is restarted is asked again at once.
    server_login_retry: 0,
    ...config,
  }
  if (ignoreStartupParameters.length > 0)
    settings.ignore_startup_parameters = ignoreStartupParameters.join(',')
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}`)
  return `[databases]\n* = host=${upstream.unixFolder} port=${upstream.port}\n[pgbouncer]\n${lines.join('\n')}\n`
}
