/** Runs wrk (Debian has it) against a server here, and reads what it prints. One thread: the other processor is the server's. */
import { execFile } from 'node:child_process'
import { performance } from 'node:perf_hooks'
import { promisify } from 'node:util'
import { endedChildrenCpuUs } from './cpu-time.js'
import { pinnedLoad } from './processors.js'
import type { ServerProcess } from './server-process.js'

export interface WrkOptions {
  readonly connections: number
  readonly timeS: number
  /** `/` unless given. */
  readonly target?: string
  /** A script in Lua, for other requests than GET. */
  readonly script?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Keeps wrk on a processor of its own: for servers that are kept on `serverCpu()`. */
  readonly isPinned?: boolean
}

export interface WrkFigures {
  readonly answers: number
  readonly perSecond: number
  readonly p50Us: number
  readonly p99Us: number
}

export interface ServerFigures {
  readonly perSecond: number
  /** Processor time of the server for one answer. */
  readonly cpuUsEach: number
  /** Per cent of a processor that wrk took. Near 100 it is the limit, and the rate says nothing of the server. */
  readonly loadPercent: number
}

const UNIT_US: Readonly<Record<string, number>> = { us: 1, ms: 1_000, s: 1_000_000, m: 60_000_000 }

/** Rejects if anything but 2xx or 3xx came, or a connection failed: such figures compare nothing. */
async function wrk(port: number, options: WrkOptions): Promise<WrkFigures> {
  const { connections, timeS, target = '/', script, headers = {}, isPinned = false } = options
  const args = [
    'wrk',
    '--threads',
    '1',
    '--connections',
    String(connections),
    '--duration',
    `${timeS}s`,
    '--latency',
  ]
  if (script !== undefined) args.push('--script', script)
  for (const [name, value] of Object.entries(headers)) args.push('--header', `${name}: ${value}`)
  args.push(`http://127.0.0.1:${port}${target}`)
  const [program = 'wrk', ...rest] = isPinned ? pinnedLoad(args) : args
  const { stdout } = await promisify(execFile)(program, rest)
  return readFigures(stdout)
}

/** One run against a server on `serverCpu()`. No other child of this process may end meanwhile: its time would count as wrk's. */
export async function measureServer(server: ServerProcess, options: WrkOptions): Promise<ServerFigures> {
  const since = performance.now()
  const cpuUsBefore = server.cpuUs()
  const loadUsBefore = endedChildrenCpuUs()
  const { perSecond, answers } = await wrk(server.port, { ...options, isPinned: true })
  const loadMs = (endedChildrenCpuUs() - loadUsBefore) / 1_000
  return {
    perSecond,
    cpuUsEach: (server.cpuUs() - cpuUsBefore) / answers,
    loadPercent: (100 * loadMs) / (performance.now() - since),
  }
}

/** What `wrk --latency` prints, as figures. */
export function readFigures(text: string): WrkFigures {
  const bad = /Non-2xx.*|Socket errors: .*/.exec(text)?.[0]
  // A time limit of wrk's own says that a server was slow, not that it failed.
  if (bad !== undefined && !/connect 0, read 0, write 0/.test(bad)) throw new Error(`wrk: ${bad}`)
  return {
    answers: Number(found(/(\d+) requests in/, text)),
    perSecond: Number(found(/Requests\/sec:\s+([\d.]+)/, text)),
    p50Us: latencyUs('50%', text),
    p99Us: latencyUs('99%', text),
  }
}

function latencyUs(share: string, text: string): number {
  const match = new RegExp(`${share}\\s+([\\d.]+)(us|ms|s|m)\\b`).exec(text)
  return Number(match?.[1]) * (UNIT_US[match?.[2] ?? ''] ?? Number.NaN)
}

function found(pattern: RegExp, text: string): string {
  const figure = pattern.exec(text)?.[1]
  if (figure === undefined) throw new Error(`wrk printed no ${pattern.source}:\n${text}`)
  return figure
}
