/** Ping-pong of 64 bytes over few and many connections: what a server can carry. Does not measure latency under pace. */
import type { Benchmark, Context, Measured } from '../benchmark.js'
import { type Contestant, interleave, pick } from '../interleave.js'
import { type PingOptions, ping } from '../load.js'
import { buildNative } from '../native-build.js'
import { type ServerProcess, withServers } from '../server-process.js'
import {
  C,
  GEVENT,
  GO,
  installedServers,
  NODE_NET,
  OURS_SERVER,
  type ServerKind,
  UVLOOP,
} from '../servers.js'
import { ratioAtLeast, type Target } from '../target.js'

const PING_BYTES = 64
const NOT_BELOW: readonly Target[] = [ratioAtLeast('node:net', 1)]
const MANY: readonly Target[] = [ratioAtLeast('node:net', 1.6), ratioAtLeast('c', 0.85)]

/** With one connection client and server take turns on one processor; native/pin.c says why. */
const SHARED_CPU = 0
/** Not counted: by then what runs often is compiled. */
const FIRST_MS = { quick: 150, long: 2_000 } as const

interface EchoFigures {
  readonly perSecond: number
  readonly cpuUsEach: number
}

async function pingOnce(server: ServerProcess, options: PingOptions): Promise<EchoFigures> {
  const cpuUsBefore = server.cpuUs()
  const { perSecond, answers } = await ping(server.port, options)
  return { perSecond, cpuUsEach: (server.cpuUs() - cpuUsBefore) / answers }
}

async function measureCase(
  connections: number,
  targets: readonly Target[],
  servers: ReadonlyMap<string, ServerProcess>,
  { isQuick, progress }: Context,
  cpu: { readonly cpu?: number } = {},
): Promise<Measured[]> {
  const rounds = isQuick ? 3 : 9
  const options = {
    connections,
    bytes: PING_BYTES,
    warmMs: isQuick ? 40 : 300,
    timeMs: isQuick ? 120 : 1_000,
    ...cpu,
  }
  const title = connections === 1 ? '1 connection' : `${connections} connections`
  const contestants: Contestant<EchoFigures>[] = []
  for (const [name, server] of servers) {
    progress(`${title}, warming up: ${name}`)
    await ping(server.port, { ...options, timeMs: isQuick ? FIRST_MS.quick : FIRST_MS.long })
    contestants.push({ name, measure: () => pingOnce(server, options) })
  }
  const all = await interleave(contestants, rounds, (round, name) => {
    progress(`${title}, round ${round + 1} of ${rounds}: ${name}`)
  })
  return [
    { title, better: 'higher', samples: pick(all, ({ perSecond }) => perSecond), targets },
    {
      title: `${title}: processor time of the server for a round trip (us)`,
      better: 'lower',
      samples: pick(all, ({ cpuUsEach }) => cpuUsEach),
      targets: [],
    },
  ]
}

async function measureAll(kinds: readonly ServerKind[], context: Context): Promise<Measured[]> {
  const shared = { cpu: SHARED_CPU }
  const one = await withServers(
    kinds,
    'echo',
    (pinned) => measureCase(1, NOT_BELOW, pinned, context, shared),
    SHARED_CPU,
  )
  const many = await withServers(kinds, 'echo', async (servers) => [
    ...(await measureCase(50, MANY, servers, context)),
    ...(await measureCase(1000, MANY, servers, context)),
  ])
  return [...one, ...many]
}

export const tcpEcho: Benchmark = {
  name: 'tcp-echo',
  package: 'core',
  summary: '64-byte ping-pong, C load generator, 1, 50 and 1000 connections',
  target: 'at 50 and 1000: 1.6 times node:net and 0.85 of c; at 1: not below node:net',
  unit: 'round trips/s',
  async run(context) {
    buildNative()
    return measureAll(installedServers([OURS_SERVER, NODE_NET, C, GO, UVLOOP, GEVENT], context), context)
  },
}
