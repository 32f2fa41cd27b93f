/** One connection, 64 KB blocks as fast as they go, in each direction and in both at once. */
import type { Benchmark, Context, Measured } from '../benchmark.js'
import { interleave } from '../interleave.js'
import { stream } from '../load.js'
import { buildNative } from '../native-build.js'
import { withServers } from '../server-process.js'
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
import { ratioAtLeast } from '../target.js'

const BLOCK_BYTES = 65_536
const TARGETS = [ratioAtLeast('node:net', 1), ratioAtLeast('c', 0.8)]

const CASES = [
  { title: '1 connection, client to server', mode: 'sink', direction: 'up' },
  { title: '1 connection, server to client', mode: 'source', direction: 'down' },
  { title: '1 connection, both ways at once', mode: 'duplex', direction: 'both' },
] as const

async function measureCase(
  { title, mode, direction }: (typeof CASES)[number],
  kinds: readonly ServerKind[],
  { isQuick, progress }: Context,
): Promise<Measured> {
  const rounds = isQuick ? 3 : 9
  const times = isQuick ? { timeMs: 180, warmMs: 60 } : { timeMs: 1_000, warmMs: 300 }
  const samples = await withServers(kinds, mode, async (servers) => {
    const contestants = [...servers].map(([name, { port }]) => ({
      name,
      measure: async () =>
        (await stream(port, { direction, bytes: BLOCK_BYTES, ...times })).megabytesPerSecond,
    }))
    return interleave(contestants, rounds, (round, name) => {
      progress(`${title}, round ${round + 1} of ${rounds}: ${name}`)
    })
  })
  return { title, better: 'higher', samples, targets: TARGETS }
}

export const tcpStream: Benchmark = {
  name: 'tcp-stream',
  package: 'core',
  summary: 'one connection, 64 KB blocks: to the server, from it, and both at once',
  target: 'at least node:net and 0.8 of c',
  unit: 'MB/s',
  async run(context) {
    buildNative()
    const kinds = installedServers([OURS_SERVER, NODE_NET, C, GO, UVLOOP, GEVENT], context)
    const measured: Measured[] = []
    for (const one of CASES) measured.push(await measureCase(one, kinds, context))
    return measured
  },
}
