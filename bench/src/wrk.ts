/** Runs wrk (Debian has it) against a server here, and reads what it prints. One thread: the other processor is the server's. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

export interface WrkOptions {
  readonly connections: number
  readonly timeS: number
  /** `/` unless given. */
  readonly target?: string
  /** A script in Lua, for other requests than GET. */
  readonly script?: string
  readonly headers?: Readonly<Record<string, string>>
}

export interface WrkFigures {
  readonly answers: number
  readonly perSecond: number
  readonly p50Us: number
  readonly p99Us: number
}

const UNIT_US: Readonly<Record<string, number>> = { us: 1, ms: 1_000, s: 1_000_000, m: 60_000_000 }

/** Rejects if anything but 2xx or 3xx came, or a connection failed: such figures compare nothing. */
export async function wrk(port: number, options: WrkOptions): Promise<WrkFigures> {
  const { connections, timeS, target = '/', script, headers = {} } = options
  const args = [
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
  const { stdout } = await promisify(execFile)('wrk', [...args, `http://127.0.0.1:${port}${target}`])
  return readFigures(stdout)
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
