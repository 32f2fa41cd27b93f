/**
 * One client for all the servers with several processes: many connections, each of which asks for some bytes, and says
 * which of the server's processes answered how many of them.
 *
 * The protocol: the client sends how many bytes it wants, as a line (`1000`). The server answers with a line, the name of the
 * process (`worker 2 pid 4711`), and exactly so many bytes, and closes. What is not that is counted under its name, as is
 * every error of the system.
 */
import * as coro from '@shrapnel/core'
import { commandLine, wholeNumber } from './command-line.js'

const LONGEST_NAME_BYTES = 200

const values = commandLine(
  `usage: node examples/dist/servers/client.js [options]
  -i, --host HOST         127.0.0.1 unless given
  -p, --port N            9000 unless given
  -c, --connections N     how many at a time; 10 unless given
  -t, --tries N           how many after each other, on each of those; 10 unless given
  -b, --bytes N           how many to ask for; 1000 unless given
      --timeout MS        for one of them, from connecting to the last byte; 5000 unless given
      --json              the figures for programs
Ends with the status 1 if one of them failed. What can fail, beside ECONNREFUSED and the like:
  TIMEOUT, NO_LINE (no name of a process), SHORT and LONG (not the bytes that were asked for)`,
  {
    host: { type: 'string', short: 'i', default: '127.0.0.1' },
    port: { type: 'string', short: 'p', default: '9000' },
    connections: { type: 'string', short: 'c', default: '10' },
    tries: { type: 'string', short: 't', default: '10' },
    bytes: { type: 'string', short: 'b', default: '1000' },
    timeout: { type: 'string', default: '5000' },
    json: { type: 'boolean', default: false },
  },
)
const port = wholeNumber('--port', values.port, 1, 65_535)
const connections = wholeNumber('--connections', values.connections, 1)
const tries = wholeNumber('--tries', values.tries, 1)
const bytes = wholeNumber('--bytes', values.bytes, 0)
const timeoutMs = wholeNumber('--timeout', values.timeout, 1)

const shares = new Map<string, number>()
const failures = new Map<string, number>()
const latenciesMs: number[] = []

const increment = (counts: Map<string, number>, name: string) => counts.set(name, (counts.get(name) ?? 0) + 1)

/** `wait`, or if the answer ends too early or has no end of line, an error of that name. */
async function orElse<T>(code: string, wait: coro.Awaitable<T>): Promise<T> {
  try {
    return await wait
  } catch (error) {
    const isBad = error instanceof coro.EndOfStream || error instanceof coro.LimitError
    throw isBad ? Object.assign(error, { code }) : error
  }
}

/** Gives the name of the process that answered. */
async function ask(): Promise<string> {
  using conn = await coro.tcp.connect(values.host, port)
  await conn.send(`${bytes}\n`)
  const reader = new coro.BufferedReader(conn)
  const name = await orElse('NO_LINE', reader.readLine({ maxLineBytes: LONGEST_NAME_BYTES }))
  await orElse('SHORT', reader.skip(bytes))
  const more = await reader.read(1)
  if (more.length > 0) throw Object.assign(new Error('more bytes than were asked for'), { code: 'LONG' })
  return name
}

async function askAgainAndAgain() {
  for (let i = 0; i < tries; i++) {
    const startedAt = coro.now()
    try {
      increment(shares, await coro.withTimeout(timeoutMs, ask))
      latenciesMs.push(coro.now() - startedAt)
    } catch (error) {
      increment(failures, (error as { code?: string }).code ?? String(error))
    }
  }
}

function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0
}

const startedAt = coro.now()
await coro.group(async (group) => {
  for (let i = 0; i < connections; i++) group.spawn(askAgainAndAgain)
})
const elapsedMs = coro.now() - startedAt

latenciesMs.sort((a, b) => a - b)
const answered = latenciesMs.length
const figures = {
  answered,
  elapsedMs,
  perSecond: (answered / elapsedMs) * 1000,
  p50Ms: percentile(latenciesMs, 0.5),
  p99Ms: percentile(latenciesMs, 0.99),
}
const byName = [...shares].sort(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }))

if (values.json) {
  const report = { ...figures, shares: Object.fromEntries(byName), failures: Object.fromEntries(failures) }
  console.log(JSON.stringify(report))
} else {
  const { perSecond, p50Ms, p99Ms } = figures
  console.log(
    `${answered} connections answered in ${elapsedMs.toFixed(0)} ms, ${perSecond.toFixed(0)} a second`,
  )
  console.log(`latency: p50 ${p50Ms.toFixed(2)} ms, p99 ${p99Ms.toFixed(2)} ms`)
  for (const [name, count] of byName)
    console.log(`${name}: ${count} (${((count / answered) * 100).toFixed(1)} %)`)
  for (const [code, count] of failures) console.log(`failed: ${count} ${code}`)
}
process.exitCode = failures.size > 0 ? 1 : 0
