/** A running server, on a port that the kernel chose. */
import { cpuUsOf } from './cpu-time.js'
import { LineProcess } from './line-process.js'
import { PROGRAMS } from './native-build.js'
import type { ServerKind } from './servers.js'

interface Announcement {
  readonly port: number
  readonly pid?: number
}

export class ServerProcess {
  readonly #process: LineProcess
  /** Whose processor time counts, where that is not the process that was started. */
  readonly #workerPid: number | undefined
  readonly port: number

  private constructor(process: LineProcess, { port, pid }: Announcement) {
    this.#process = process
    this.#workerPid = pid
    this.port = port
  }

  /** Resolves when it listens. `cpu` keeps it on one processor. */
  static async start<Job>(kind: ServerKind<Job>, job: Job, cpu?: number): Promise<ServerProcess> {
    const command = kind.command(job)
    if (command === undefined) throw new Error(`${kind.name} is not installed: ${kind.howToInstall}`)
    const child = new LineProcess(cpu === undefined ? command : [PROGRAMS.pin, String(cpu), ...command])
    return new ServerProcess(child, await child.answer<Announcement>())
  }

  /** A question that the Node servers answer, see `servers/control.ts`. */
  ask<Reply>(question: string): Promise<Reply> {
    return this.#process.ask<Reply>(question)
  }

  /** The processor time that it has taken so far, in microseconds. */
  cpuUs(): number {
    return cpuUsOf(this.#workerPid ?? this.#process.pid)
  }

  end(): Promise<void> {
    return this.#process.end()
  }
}

/** Starts one server of each kind, hands them to `use`, and ends them whatever happens. */
export async function withServers<Job, Result>(
  kinds: readonly ServerKind<Job>[],
  job: Job,
  use: (servers: ReadonlyMap<string, ServerProcess>) => Promise<Result>,
  cpu?: number,
): Promise<Result> {
  const servers = new Map<string, ServerProcess>()
  try {
    for (const kind of kinds) servers.set(kind.name, await ServerProcess.start(kind, job, cpu))
    return await use(servers)
  } finally {
    await Promise.all([...servers.values()].map((server) => server.end()))
  }
}
