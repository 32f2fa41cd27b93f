/** Runs the C load generator and types what it prints. */
import { answerOf, LineProcess } from './line-process.js'
import { PROGRAMS } from './native-build.js'

export interface PingOptions {
  readonly connections: number
  readonly bytes: number
  readonly timeMs: number
  readonly warmMs: number
  /** Each connection pings this often. Without it: again as soon as it is answered. */
  readonly paceMs?: number
  /** A connection beside them that never stops sending, and what the server does with its bytes. */
  readonly hog?: 'echoed' | 'discarded'
  readonly cpu?: number
}

export interface PingFigures {
  /** All of them, with those of the warm-up, which the other figures leave out. */
  readonly answers: number
  readonly perSecond: number
  readonly p50Us: number
  readonly p99Us: number
  readonly maxUs: number
  readonly hogBytes: number
}

export function ping(port: number, options: PingOptions): Promise<PingFigures> {
  const { connections, bytes, timeMs, warmMs, paceMs = 0, hog, cpu } = options
  const pinned = cpu === undefined ? [] : [PROGRAMS.pin, String(cpu)]
  const command = [...pinned, PROGRAMS.load, hog === undefined ? 'ping' : 'hog']
  const numbers = { port, connections, bytes, 'time-ms': timeMs, 'warm-ms': warmMs, 'pace-ms': paceMs }
  for (const [name, value] of Object.entries(numbers)) command.push(`--${name}`, String(value))
  if (hog === 'discarded') command.push('--discard')
  return answerOf<PingFigures>(command)
}

export interface WebSocketEchoOptions {
  readonly connections: number
  readonly bytes: number
  readonly isText: boolean
  readonly timeMs: number
  readonly warmMs: number
}

export interface WebSocketEchoFigures {
  /** All of them, with those of the warm-up, which the other figures leave out. */
  readonly answers: number
  readonly perSecond: number
  readonly p50Us: number
  readonly p99Us: number
}

/** Messages over WebSockets, each again as soon as it is echoed. */
export function webSocketEcho(port: number, options: WebSocketEchoOptions): Promise<WebSocketEchoFigures> {
  const { connections, bytes, isText, timeMs, warmMs } = options
  const command = [PROGRAMS.load, 'websocket']
  const numbers = { port, connections, bytes, 'time-ms': timeMs, 'warm-ms': warmMs }
  for (const [name, value] of Object.entries(numbers)) command.push(`--${name}`, String(value))
  if (isText) command.push('--text')
  return answerOf<WebSocketEchoFigures>(command)
}

export interface StreamOptions {
  readonly direction: 'up' | 'down' | 'both'
  readonly bytes: number
  readonly timeMs: number
  readonly warmMs: number
}

export interface StreamFigures {
  readonly upBytes: number
  readonly downBytes: number
  readonly megabytesPerSecond: number
}

export function stream(
  port: number,
  { direction, bytes, timeMs, warmMs }: StreamOptions,
): Promise<StreamFigures> {
  const command = [PROGRAMS.load, 'stream', '--direction', direction]
  const numbers = { port, bytes, 'time-ms': timeMs, 'warm-ms': warmMs }
  for (const [name, value] of Object.entries(numbers)) command.push(`--${name}`, String(value))
  return answerOf<StreamFigures>(command)
}

export interface FetchOptions {
  readonly connections: number
  /** On each of them, one after another. */
  readonly requests: number
}

export interface FetchFigures {
  readonly bodyBytes: number
  readonly megabytesPerSecond: number
}

/** Gets `/file` by HTTP/1.1. */
export function fetchFile(port: number, { connections, requests }: FetchOptions): Promise<FetchFigures> {
  const command = [PROGRAMS.load, 'fetch']
  const numbers = { port, connections, requests }
  for (const [name, value] of Object.entries(numbers)) command.push(`--${name}`, String(value))
  return answerOf<FetchFigures>(command)
}

export interface DialOptions {
  /** Places, in each of which there is one connection after another. */
  readonly connections: number
  readonly timeMs: number
  readonly warmMs: number
}

export interface DialFigures {
  readonly perSecond: number
  readonly p50Us: number
  readonly p99Us: number
  /** Connections that each worker had, by its number. */
  readonly shares: readonly number[]
}

/** New connections, each answered with the number of its worker and ended by the server. */
export function dial(port: number, { connections, timeMs, warmMs }: DialOptions): Promise<DialFigures> {
  const command = [PROGRAMS.load, 'dial']
  const numbers = { port, connections, 'time-ms': timeMs, 'warm-ms': warmMs }
  for (const [name, value] of Object.entries(numbers)) command.push(`--${name}`, String(value))
  return answerOf<DialFigures>(command)
}

/** How long idle connections may take to answer a ping on all of them. */
const PATIENCE_MS = 30_000

/** Idle connections. Held until `end`. */
export class IdleConnections {
  readonly #process: LineProcess

  private constructor(process: LineProcess) {
    this.#process = process
  }

  /** Resolves when all are open and each has been served once. `first` is how many others hold already. */
  static async open(port: number, first: number, count: number): Promise<IdleConnections> {
    const command = [PROGRAMS.load, 'idle']
    const numbers = { port, first, connections: count, 'time-ms': PATIENCE_MS }
    for (const [name, value] of Object.entries(numbers)) command.push(`--${name}`, String(value))
    const child = new LineProcess(command)
    await child.answer()
    return new IdleConnections(child)
  }

  /** Pings each of them once. */
  ping(): Promise<{ readonly answered: number; readonly allInMs: number }> {
    return this.#process.ask('ping')
  }

  end(): Promise<void> {
    return this.#process.end()
  }
}
