/** A running server, on a port that the kernel chose. */
import { cpuUsOf } from './cpu-time.js'
import { LineProcess } from './line-process.js'
import { PROGRAMS } from './native-build.js'
import type { ServerKind, ServerMode } from './servers.js'

export class ServerProcess {
  readonly #process: LineProcess
  readonly port: number

  private constructor(process: LineProcess, port: number) {
    this.#process = process
    this.port = port
  }

  /** Resolves when it listens. `cpu` keeps it on one processor. */
  static async start(kind: ServerKind, mode: ServerMode, cpu?: number): Promise<ServerProcess> {
    const command = kind.command(mode)
    if (command === undefined) throw new Error(`${kind.name} is not installed: ${kind.howToInstall}`)
    const child = new LineProcess(cpu === undefined ? command : [PROGRAMS.pin, String(cpu), ...command])
    const { port } = await child.answer<{ port: number }>()
    return new ServerProcess(child, port)
  }

  /** A question that the Node servers answer, see `servers/control.ts`. */
  ask<Reply>(question: string): Promise<Reply> {
    return this.#process.ask<Reply>(question)
  }

  /** The processor time that it has taken so far, in microseconds. */
  cpuUs(): number {
    return cpuUsOf(this.#process.pid)
  }

  end(): Promise<void> {
    return this.#process.end()
  }
}

/** Starts one server of each kind, hands them to `use`, and ends them whatever happens. */
export async function withServers<Result>(
  kinds: readonly ServerKind[],
  mode: ServerMode,
  use: (servers: ReadonlyMap<string, ServerProcess>) => Promise<Result>,
  cpu?: number,
): Promise<Result> {
  const servers = new Map<string, ServerProcess>()
  try {
    for (const kind of kinds) servers.set(kind.name, await ServerProcess.start(kind, mode, cpu))
    return await use(servers)
  } finally {
    await Promise.all([...servers.values()].map((server) => server.end()))
  }
}
