/**
 * Signals to oneself in bursts, beside fifty connections whose both ends are in this process: how many were counted, how fast a
 * single one is noticed, and what the connections carry meanwhile and without.
 */
import { connect, createServer, type Socket as NodeSocket } from 'node:net'
import { performance } from 'node:perf_hooks'
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises'
import { chosen, finish, programArguments } from './program.js'

interface Parameters {
  readonly count: number
  readonly burst: number
  readonly singles: number
  readonly windowMs: number
}

/** What both sides of the comparison can do. */
interface Side {
  /** Starts the connections; `tick` is called for each round trip. */
  traffic(connections: number, tick: () => void): Promise<void>
  /** Calls `onWake(count)` for deliveries of SIGUSR1. */
  listen(onWake: (count: number) => void): void
}

const CONNECTIONS = 50
/** A single signal that is not noticed within this was missed. */
const MISSED_AFTER_MS = 1_000
/** No more are expected after this long without one. */
const QUIET_MS = 300

async function ours(): Promise<Side> {
  const { signals, spawn, tcp } = await import('@shrapnel/core')
  return {
    async traffic(connections, tick) {
      const listener = tcp.listen({ port: 0 })
      spawn(() =>
        listener.serve(async (conn) => {
          for (;;) await conn.send(await conn.recv(64))
        }),
      )
      for (let i = 0; i < connections; i++) {
        const conn = await tcp.connect('127.0.0.1', listener.port)
        spawn(async () => {
          for (;;) {
            await conn.send('ping')
            await conn.recv(64)
            tick()
          }
        })
      }
    },
    listen(onWake) {
      spawn(async () => {
        for (;;) {
          await signals.wait('SIGUSR1')
          onWake(1)
        }
      })
    },
  }
}

/** Counts deliveries by the batch instead of waking for each. */
async function handler(): Promise<Side> {
  const { signals } = await import('@shrapnel/core')
  return {
    ...(await ours()),
    listen: (onWake) => void signals.handle('SIGUSR1', (_, count) => onWake(count)),
  }
}

async function node(): Promise<Side> {
  return {
    async traffic(connections, tick) {
      const server = createServer({ noDelay: true }, (conn) => conn.on('data', (bytes) => conn.write(bytes)))
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      const { port } = server.address() as { port: number }
      for (let i = 0; i < connections; i++) {
        const conn: NodeSocket = connect({ port, host: '127.0.0.1', noDelay: true }, () => conn.write('ping'))
        conn.on('data', () => {
          tick()
          conn.write('ping')
        })
      }
    },
    listen: (onWake) => void process.on('SIGUSR1', () => onWake(1)),
  }
}

const send = (): void => void process.kill(process.pid, 'SIGUSR1')

const { contestant, parameters } = programArguments<Parameters>()
const side = await chosen({ ours, handler, 'process.on': node }, contestant)()
let roundTrips = 0
let counted = 0
let noticed: () => void = () => {}
await side.traffic(CONNECTIONS, () => {
  roundTrips++
})
side.listen((count) => {
  counted += count
  noticed()
})

/** Round trips a second while `during` runs and until the window is over. */
async function carried(during: () => Promise<void>): Promise<number> {
  const before = roundTrips
  const started = performance.now()
  await Promise.all([during(), delay(parameters.windowMs)])
  return ((roundTrips - before) * 1_000) / (performance.now() - started)
}

async function bursts(): Promise<void> {
  const pauseMs = (parameters.windowMs * parameters.burst) / parameters.count
  const started = performance.now()
  for (let sent = 0; sent < parameters.count; ) {
    for (const end = sent + parameters.burst; sent < end; sent++) send()
    const next = started + (sent / parameters.burst) * pauseMs
    await delay(Math.max(1, next - performance.now()))
  }
}

async function untilQuiet(): Promise<void> {
  for (let before = -1; counted !== before; ) {
    before = counted
    await delay(QUIET_MS)
  }
}

/** Microseconds from kill(2) to the code that takes it, and how many were not noticed. */
async function latencies(): Promise<{ us: number[]; missed: number }> {
  const us: number[] = []
  let missed = 0
  for (let i = 0; i < parameters.singles; i++) {
    const woken = new Promise<boolean>((resolve) => {
      const tooLate = setTimeout(resolve, MISSED_AFTER_MS, false)
      noticed = () => {
        clearTimeout(tooLate)
        resolve(true)
      }
    })
    const sentAt = performance.now()
    send()
    if (await woken) us.push((performance.now() - sentAt) * 1_000)
    else missed++
    await nextTurn()
  }
  noticed = () => {}
  return { us: us.sort((a, b) => a - b), missed }
}

await delay(parameters.windowMs / 2)
const without = await carried(async () => {})
const meanwhile = await carried(bursts)
await untilQuiet()
const lost = parameters.count - counted
const { us, missed } = await latencies()
finish({
  lost,
  missed,
  p50Us: us[Math.floor(us.length * 0.5)] ?? Number.NaN,
  p99Us: us[Math.floor(us.length * 0.99)] ?? Number.NaN,
  carriedPercent: (meanwhile / without) * 100,
})
