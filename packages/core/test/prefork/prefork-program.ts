/** A prefork server in a process of its own, for the tests: its events, its reports, and clients to it. */
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'
import type { Pipe } from '../../src/net/pair.js'
import { tcp } from '../../src/net/tcp.js'
import type { PreforkEvent } from '../../src/prefork/event.js'
import type { PreforkReport } from '../../src/prefork/supervisor.js'
import type { Process } from '../../src/process/process.js'
import { start } from '../../src/process/start.js'
import { withTimeout } from '../../src/scope/with-timeout.js'
import { BufferedReader } from '../../src/stream/buffered-reader.js'

const PROGRAM = fileURLToPath(new URL('../programs/prefork-server.mjs', import.meta.url))
const PATIENCE_MS = 20_000

type Line = PreforkEvent & PreforkReport & { readonly at: number; readonly port: number }

export class PreforkProgram implements AsyncDisposable {
  readonly #process: Process<null, Pipe, Pipe>
  readonly #lines: BufferedReader
  /** Every line so far. */
  readonly seen: Line[] = []
  port = 0

  private constructor(options: object) {
    this.#process = start(process.execPath, [PROGRAM, JSON.stringify(options)], {
      stdin: 'ignore',
      stderr: 'pipe',
    })
    this.#lines = new BufferedReader(this.#process.stdout)
  }

  static async start(options: object): Promise<PreforkProgram> {
    const program = new PreforkProgram(options)
    program.port = (await program.next('listening')).port
    return program
  }

  /** One that may never come to listen. */
  static begin(options: object): PreforkProgram {
    return new PreforkProgram(options)
  }

  get pid(): number {
    return this.#process.pid
  }

  /** The next line of this type. */
  async next(type: string): Promise<Line> {
    return withTimeout(PATIENCE_MS, async () => {
      for (;;) {
        const line = JSON.parse(await this.#lines.readLine()) as Line
        this.seen.push(line)
        if (line.type === type) return line
      }
    })
  }

  async report(): Promise<PreforkReport> {
    this.kill('SIGUSR2')
    return this.next('report')
  }

  /** To the supervisor alone. */
  kill(signal: NodeJS.Signals): void {
    process.kill(this.pid, signal)
  }

  async ends(): Promise<{ code: number | null; signal: string | null }> {
    return withTimeout(PATIENCE_MS, () => this.#process.wait())
  }

  /** Every line to come until the supervisor and all workers have ended: each of them has this stdout. */
  async rest(): Promise<Line[]> {
    return withTimeout(PATIENCE_MS, async () => {
      const lines: Line[] = []
      for await (const line of this.#lines.lines()) lines.push(JSON.parse(line) as Line)
      return lines
    })
  }

  async stderr(): Promise<string> {
    const parts: Buffer[] = []
    for (
      let part = await this.#process.stderr.recv();
      part.length > 0;
      part = await this.#process.stderr.recv()
    )
      parts.push(part)
    return Buffer.concat(parts).toString()
  }

  async connect(): Promise<Client> {
    return new Client(await tcp.connect('127.0.0.1', this.port))
  }

  /** Connects, asks who serves, and closes. */
  async who(): Promise<{ index: number; pid: number }> {
    await using client = await this.connect()
    return await client.who()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process[Symbol.asyncDispose]()
  }
}

export class Client implements AsyncDisposable {
  readonly #socket: Awaited<ReturnType<typeof tcp.connect>>
  readonly #reader: BufferedReader
  constructor(socket: Awaited<ReturnType<typeof tcp.connect>>) {
    this.#socket = socket
    this.#reader = new BufferedReader(socket)
  }

  async ask(line: string): Promise<string> {
    return withTimeout(PATIENCE_MS, async () => {
      await this.#socket.send(`${line}\n`)
      return this.#reader.readLine()
    })
  }

  async tell(line: string): Promise<void> {
    await this.#socket.send(`${line}\n`)
  }

  async readLine(): Promise<string> {
    return withTimeout(PATIENCE_MS, () => this.#reader.readLine())
  }

  async who(): Promise<{ index: number; pid: number }> {
    const [index, pid] = (await this.ask('who')).split(' ')
    return { index: Number(index), pid: Number(pid) }
  }

  /** Reads to the end, which must be one. */
  async ends(): Promise<void> {
    await withTimeout(PATIENCE_MS, async () => {
      const rest = await this.#socket.recv()
      expect(rest.length).toBe(0)
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.close()
  }
}

/** True while there is such a process, zombie or not. */
export function exists(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
