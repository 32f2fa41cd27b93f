/** Runs the load generator for TLS, and counts the processor time that the server and it take meanwhile. */
import { performance } from 'node:perf_hooks'
import { cpuUsOf } from './cpu-time.js'
import { LineProcess } from './line-process.js'
import { PROGRAMS } from './native-build.js'
import { pinnedLoad } from './processors.js'
import type { ServerProcess } from './server-process.js'

export type TlsLoad =
  | { readonly mode: 'ping'; readonly connections: number; readonly bytes: number }
  | { readonly mode: 'stream'; readonly direction: 'up' | 'down'; readonly bytes: number }
  | { readonly mode: 'handshake'; readonly resumed: 0 | 1 }

export interface TlsFigures {
  /** Round trips, megabytes or handshakes. */
  readonly perSecond: number
  readonly cpuUsEach: number
  /** Per cent of a processor that the load generator took. Near 100 it is the limit, and the rate says nothing of the server. */
  readonly loadPercent: number
}

interface Line {
  readonly count: number
  readonly perSecond?: number
  readonly megabytesPerSecond?: number
}

function commandOf(port: number, options: Readonly<Record<string, string | number>>): string[] {
  const { mode, ...rest } = options
  const flags = Object.entries(rest).flatMap(([name, value]) => [`--${name}`, String(value)])
  return pinnedLoad([PROGRAMS.loadTls, String(mode), '--port', String(port), ...flags])
}

export async function tlsLoad(
  server: ServerProcess,
  load: TlsLoad,
  { timeMs, warmMs }: { readonly timeMs: number; readonly warmMs: number },
): Promise<TlsFigures> {
  const child = new LineProcess(commandOf(server.port, { ...load, 'time-ms': timeMs, 'warm-ms': warmMs }))
  try {
    // The first line says that all are connected.
    await child.answer<Line>()
    const since = performance.now()
    const cpuUsBefore = server.cpuUs()
    const loadUsBefore = cpuUsOf(child.pid)
    const { count, perSecond, megabytesPerSecond } = await child.answer<Line>()
    const loadMs = (cpuUsOf(child.pid) - loadUsBefore) / 1_000
    const done = load.mode === 'stream' ? count / 1e6 : count
    return {
      perSecond: perSecond ?? megabytesPerSecond ?? 0,
      cpuUsEach: (server.cpuUs() - cpuUsBefore) / done,
      loadPercent: (100 * loadMs) / (performance.now() - since),
    }
  } finally {
    await child.end()
  }
}

/** Holds idle connections, each of which has been served once, until it is ended. */
export async function holdIdle(port: number, connections: number): Promise<LineProcess> {
  const child = new LineProcess(commandOf(port, { mode: 'idle', connections }))
  await child.answer<Line>()
  return child
}
