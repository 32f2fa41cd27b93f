/**
 * One connection that never stops sending beside 500 that ping: how much later the answers come.
 */
import type { Benchmark, Context, Measured } from '../benchmark.js'
import { interleave, pick } from '../interleave.js'
import { type PingOptions, ping } from '../load.js'
import { buildNative } from '../native-build.js'
import { withServers } from '../server-process.js'
import { C, installedServers, NODE_NET, OURS_SERVER } from '../servers.js'
import { oursAtMost, type Target } from '../target.js'

const CONNECTIONS = 500
const PING_BYTES = 64
const PACE_MS = 100

const HOGS = ['echoed', 'discarded'] as const

/** Paced pings leave the server idle most of the time, so every delay shows; the others keep it busy already. */
const CASES: readonly {
  readonly title: string
  readonly paceMs?: number
  readonly targets: readonly Target[]
}[] = [
  { title: 'ping without pause', targets: [oursAtMost(3, 'times the p99 without it')] },
  { title: 'ping 10 times a second', paceMs: PACE_MS, targets: [] },
]

type P99s = Readonly<Record<'alone' | (typeof HOGS)[number], number>>

/** One right after the other: a sample is a quotient, and both halves should meet the same machine. */
async function measureOnce(port: number, options: PingOptions): Promise<P99s> {
  const alone = await ping(port, options)
  const echoed = await ping(port, { ...options, hog: 'echoed' })
  const discarded = await ping(port, { ...options, hog: 'discarded' })
  return { alone: alone.p99Us, echoed: echoed.p99Us, discarded: discarded.p99Us }
}

async function measureCase(
  { title: what, paceMs, targets }: (typeof CASES)[number],
  { isQuick, progress }: Context,
  ports: ReadonlyMap<string, number>,
): Promise<Measured[]> {
  const rounds = isQuick ? 3 : 9
  const times = isQuick ? { timeMs: 150, warmMs: 50 } : { timeMs: 1_000, warmMs: 300 }
  const options = {
    connections: CONNECTIONS,
    bytes: PING_BYTES,
    ...times,
    ...(paceMs === undefined ? {} : { paceMs }),
  }
  const contestants = [...ports].map(([name, port]) => ({ name, measure: () => measureOnce(port, options) }))
  const title = `${CONNECTIONS} connections ${what}`
  const all = await interleave(contestants, rounds, (round, name) => {
    progress(`${title}, round ${round + 1} of ${rounds}: ${name}`)
  })
  const measured: Measured[] = HOGS.map((hog) => ({
    title: `${title}, hog ${hog}`,
    better: 'lower',
    samples: pick(all, (p99s) => p99s[hog] / p99s.alone),
    targets,
  }))
  for (const beside of ['alone', ...HOGS] as const) {
    const where = beside === 'alone' ? 'alone' : `beside a hog ${beside}`
    const samples = pick(all, (p99s) => p99s[beside])
    measured.push({ title: `${title}: p99 ${where} (us)`, better: 'lower', samples, targets: [] })
  }
  return measured
}

export const fairness: Benchmark = {
  name: 'fairness',
  package: 'core',
  summary: 'one connection that never stops sending beside 500 that ping: p99 with it over p99 without',
  target: 'at most 3 times the p99 without it',
  unit: 'p99 with / p99 without',
  async run(context) {
    buildNative()
    const kinds = installedServers([OURS_SERVER, NODE_NET, C], context)
    return withServers(kinds, 'discard', async (servers) => {
      const ports = new Map([...servers].map(([name, { port }]) => [name, port]))
      const measured: Measured[] = []
      for (const one of CASES) measured.push(...(await measureCase(one, context, ports)))
      return measured
    })
  },
}
