/** The service as `npm start` runs it: in a process of its own, with a folder that stays when it is stopped. */
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type RealServer, startServer, type TemporaryFolder } from '@shrapnel/test-support'

export const MAIN = fileURLToPath(new URL('../../dist/service/main.js', import.meta.url))

export interface BoardOptions {
  readonly folder: TemporaryFolder
  /** Those of another one, which has ended. Chosen by the kernel unless given. */
  readonly ports?: Ports
  readonly args?: readonly string[]
  readonly databaseUrl?: string
  /** False: does not wait for the database. */
  readonly waits?: boolean
  /** Its folder is a file system of its own, as large as this (as mount(8) has it), in which there is a copy of what was there. */
  readonly diskSize?: string
}

const ON_OWN_DISK = `
  mv "$1" "$1.copied" && mkdir "$1" && mount -t tmpfs -o size="$2" none "$1" && cp -r "$1.copied/." "$1" || exit 1
  shift 2
  exec "$@"`

export interface Ports {
  readonly http: number
  readonly https: number
  readonly telnet: number
}

/** An environment in which nothing is said of ports and databases. */
export const PLAIN = { PORT: undefined, DATABASE_URL: undefined } as const

export class BoardProcess implements AsyncDisposable {
  readonly process: RealServer
  readonly ports: Ports
  readonly backdoorPath: string

  constructor(server: RealServer, ports: Ports, folder: TemporaryFolder) {
    this.process = server
    this.ports = ports
    this.backdoorPath = join(dataFolder(folder), 'backdoor.sock')
  }

  static async start(options: BoardOptions): Promise<BoardProcess> {
    const { folder, args = [], databaseUrl, waits = true, diskSize } = options
    const { http = 0, https = 0, telnet = 0 } = options.ports ?? {}
    const disk = ['--user', '--map-root-user', '--mount', 'sh', '-c', ON_OWN_DISK, 'sh', dataFolder(folder)]
    const server = await startServer({
      command: diskSize === undefined ? process.execPath : 'unshare',
      args: [
        ...(diskSize === undefined ? [] : [...disk, diskSize, process.execPath]),
        MAIN,
        ...['--port', `${http}`, '--tls-port', `${https}`, '--telnet-port', `${telnet}`],
        ...['--data', dataFolder(folder), ...args],
      ],
      env: { ...PLAIN, DATABASE_URL: databaseUrl },
      folder,
      ready: { line: waits ? /The database is there/ : /Ctrl-C ends it/ },
      readyTimeoutMs: 40_000,
      stopTimeoutMs: 10_000,
    })
    const said = server.output()
    const port = (pattern: RegExp): number => Number(pattern.exec(said)?.[1])
    const chosen = {
      http: port(/http:\/\/localhost:(\d+)/),
      https: port(/https:\/\/localhost:(\d+)/),
      telnet: port(/telnet 127\.0\.0\.1 (\d+)/),
    }
    return new BoardProcess(server, chosen, folder)
  }

  get url(): string {
    return `http://127.0.0.1:${this.ports.http}`
  }

  async get(path: string): Promise<unknown> {
    return (await fetch(`${this.url}${path}`)).json()
  }

  post(body: unknown, path = '/api/links'): Promise<Response> {
    return fetch(`${this.url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
  }

  async rpc(method: string, params?: unknown): Promise<unknown> {
    return (await this.post({ jsonrpc: '2.0', id: 1, method, params }, '/rpc')).json()
  }

  /** How it ended. */
  async endBy(
    signal: 'SIGINT' | 'SIGTERM' | 'SIGKILL',
  ): Promise<{ code: number | null; signal: string | null }> {
    process.kill(this.process.pid, signal)
    return this.process.ended(15_000)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.process.stop()
  }
}

export function dataFolder(folder: TemporaryFolder): string {
  return join(folder.path, 'data')
}
