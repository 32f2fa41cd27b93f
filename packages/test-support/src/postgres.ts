/**
 * PostgreSQL in a folder of its own, with a new cluster each time: superuser `postgres`, database `postgres`, UTF-8, no locale, nothing synced
 * to the disk. It refuses to run as root, so for root it runs as the user `postgres` that Debian's package makes.
 */
import { join } from 'node:path'
import { freePort } from './free-port.js'
import { type ClusterPlace, copyCluster, makeCluster, type PostgresOptions } from './postgres-cluster.js'
import { psql } from './psql.js'
import { type RealServer, type ServerEnd, startServer } from './real-server.js'
import { type ServerUser, serverUser } from './server-user.js'
import { type TemporaryFolder, temporaryFolder } from './temporary-folder.js'

export type { PostgresOptions } from './postgres-cluster.js'

const READY_TIMEOUT_MS = 30_000
const STOP_TIMEOUT_MS = 20_000

export interface PostgresServer extends RealServer {
  /** The UNIX socket: its folder is the server's, its name is PostgreSQL's. */
  readonly socketPath: string
  /** The folder of the UNIX socket: what a client calls its host. */
  readonly unixFolder: string
  /** Over TCP, as the superuser: `postgres://postgres@127.0.0.1:4711/postgres`. */
  readonly url: string
  /** Runs SQL as the superuser with psql, and returns what it writes with `-At`. Rejects with what psql complains of. */
  psql(text: string, database?: string): Promise<string>
  /**
   * Ends it and starts it again, with the same data, port and socket. `immediate` is how it ends in a crash: it recovers then, without what was
   * committed last (`synchronous_commit` is off: `checkpoint` keeps it).
   */
  restart(mode?: 'fast' | 'immediate'): Promise<void>
  /** Ends it, and leaves its data for `start`. Connections are refused meanwhile. */
  halt(mode?: 'fast' | 'immediate'): Promise<void>
  /** Starts it after `halt`. */
  start(): Promise<void>
  /** pg_terminate_backend for each client but the one that asks: they hear 57P01. How many there were; they are gone when it returns. */
  terminateAll(): Promise<number>
  /**
   * kill -9 of one backend, without a word to its client. PostgreSQL then ends all others with 57P02 and recovers. It knows of it when the call
   * returns: whoever is let in from then on is let in after the recovery.
   */
  killBackend(processId: number): Promise<void>
}

export interface PostgresStandby extends PostgresServer {
  /** Waits until it has replayed all that the primary has written up to now. */
  caughtUp(): Promise<void>
  /** Makes it a primary. It takes writes when the call returns. */
  promote(): Promise<void>
}

/** It takes connections when the call returns; `port` is on 127.0.0.1. */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  return await inNewFolder((place) => makeCluster(place, options), Postgres)
}

/**
 * A hot standby of a running `primary`: its copy, which follows it over its socket. It takes read-only connections when the call returns.
 * `config` is added to the primary's settings.
 */
export async function startPostgresStandby(
  primary: PostgresServer,
  config: Readonly<Record<string, string | number>> = {},
): Promise<PostgresStandby> {
  const standby = await inNewFolder((place) => copyCluster(place, primary, config), Standby)
  standby.primary = primary
  return standby
}

async function inNewFolder<Kind extends Postgres>(
  prepare: (place: ClusterPlace) => Promise<void>,
  make: new (place: ClusterPlace, temporary: TemporaryFolder) => Kind,
): Promise<Kind> {
  const [port, owner, temporary] = await Promise.all([freePort(), serverUser(), temporaryFolder()])
  const place = { folder: temporary.path, port, owner }
  const server = new make(place, temporary)
  try {
    await server.start(() => prepare(place))
    return server
  } catch (error) {
    await temporary.remove()
    throw error
  }
}

class Postgres implements PostgresServer {
  readonly folder: string
  readonly port: number
  readonly socketPath: string
  readonly #owner: ServerUser | undefined
  readonly #temporary: TemporaryFolder
  #process: RealServer | undefined
  #stopped: Promise<void> | undefined

  constructor({ folder, port, owner }: ClusterPlace, temporary: TemporaryFolder) {
    this.folder = folder
    this.port = port
    this.socketPath = join(folder, `.s.PGSQL.${port}`)
    this.#owner = owner
    this.#temporary = temporary
  }

  get unixFolder(): string {
    return this.folder
  }

  get url(): string {
    return `postgres://postgres@127.0.0.1:${this.port}/postgres`
  }

  psql(text: string, database = 'postgres'): Promise<string> {
    return psql({ unixFolder: this.folder, port: this.port, owner: this.#owner }, text, database)
  }

  async start(prepare?: () => Promise<void>): Promise<void> {
    if (this.#process !== undefined) throw new Error('it runs')
    this.#process = await startServer({
      command: 'postgres',
      env: { OPENSSL_CONF: '/dev/null', LC_ALL: 'C' },
      args: ['-D', join(this.folder, 'data')],
      folder: this.#temporary,
      prepare,
      ready: { line: /database system is ready to accept (?:read-only )?connections/ },
      readyTimeoutMs: READY_TIMEOUT_MS,
      stopSignal: 'SIGINT',
      runAs: this.#owner,
    })
  }

  async halt(mode: 'fast' | 'immediate' = 'fast'): Promise<void> {
    const running = this.#running
    process.kill(running.pid, mode === 'fast' ? 'SIGINT' : 'SIGQUIT')
    await running.ended(STOP_TIMEOUT_MS)
    await running.stop()
    this.#process = undefined
  }

  async restart(mode: 'fast' | 'immediate' = 'fast'): Promise<void> {
    await this.halt(mode)
    await this.start()
  }

  async terminateAll(): Promise<number> {
    const others = `from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()`
    return Number(await this.psql(`select count(pg_terminate_backend(pid, ${STOP_TIMEOUT_MS})) ${others}`))
  }

  async killBackend(processId: number): Promise<void> {
    process.kill(processId, 'SIGKILL')
    await this.until(new RegExp(`server process \\(PID ${processId}\\) was terminated by signal 9`))
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  get pid(): number {
    return this.#running.pid
  }

  output(): string {
    return this.#running.output()
  }

  until(pattern: RegExp, timeoutMs?: number): Promise<RegExpExecArray> {
    return this.#running.until(pattern, timeoutMs)
  }

  write(bytes: string | Uint8Array): void {
    this.#running.write(bytes)
  }

  endInput(): void {
    this.#running.endInput()
  }

  ended(timeoutMs?: number): Promise<ServerEnd> {
    return this.#running.ended(timeoutMs)
  }

  get #running(): RealServer {
    if (this.#process === undefined) throw new Error('PostgreSQL has been halted')
    return this.#process
  }

  async #stop(): Promise<void> {
    try {
      await this.#process?.stop()
    } finally {
      await this.#temporary.remove()
    }
  }
}

class Standby extends Postgres implements PostgresStandby {
  /** Set as soon as it runs. */
  primary: PostgresServer | undefined

  async caughtUp(): Promise<void> {
    // With `synchronous_commit` off the last commits may not be in the log yet that goes to the standby.
    await this.primary?.psql('checkpoint')
    const written = await this.primary?.psql('select pg_current_wal_flush_lsn()')
    const deadline = performance.now() + READY_TIMEOUT_MS
    while ((await this.psql(`select pg_last_wal_replay_lsn() >= '${written}'`)) !== 't')
      if (performance.now() > deadline) throw new Error(`the standby has not come to ${written}`)
  }

  async promote(): Promise<void> {
    const seconds = READY_TIMEOUT_MS / 1000
    if ((await this.psql(`select pg_promote(true, ${seconds})`)) !== 't')
      throw new Error(`the standby was not promoted within ${seconds} s`)
  }
}
