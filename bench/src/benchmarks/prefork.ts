/** New connections a second with two worker processes, by strategy, and how evenly they are spread. */
import type { Benchmark, Context, Measured } from '../benchmark.js'
import { type Contestant, interleave, pick } from '../interleave.js'
import { type DialFigures, dial } from '../load.js'
import { buildNative } from '../native-build.js'
import { CLUSTER, CLUSTER_SHARED, preforkServer, type Workers } from '../prefork-servers.js'
import { type ServerProcess, withServers } from '../server-process.js'
import { type ServerKind, serversFor } from '../servers.js'
import type { Target } from '../target.js'

const WORKERS = 2
const PLACES = 64
const STRATEGIES = ['shared-accept', 'reuse-port', 'pass-descriptor', 'child-per-connection'] as const
const PEERS = [CLUSTER, CLUSTER_SHARED]

/** `strategy` gets `factor` times what the better of node:cluster's two ways gets. */
function timesCluster(strategy: string, factor: number): Target {
  return {
    text: `${strategy} at least ${factor} times node:cluster`,
    isMet({ results }) {
      const best = Math.max(...PEERS.map(({ name }) => results[name]?.median ?? 0))
      const ours = results[strategy]?.median
      return best === 0 || ours === undefined ? undefined : ours >= factor * best
    },
  }
}

function contestants(
  servers: ReadonlyMap<string, ServerProcess>,
  load: { readonly timeMs: number; readonly warmMs: number },
): Contestant<DialFigures>[] {
  return [...servers].map(([name, { port }]) => ({
    name,
    measure: () => dial(port, { connections: PLACES, ...load }),
  }))
}

async function measure(
  kinds: readonly ServerKind<Workers>[],
  { isQuick, progress }: Context,
): Promise<Measured[]> {
  const rounds = isQuick ? 3 : 9
  const load = isQuick ? { timeMs: 200, warmMs: 100 } : { timeMs: 1_000, warmMs: 300 }
  const all = await withServers(kinds, WORKERS, async (servers) =>
    interleave(contestants(servers, load), rounds, (round, name) => {
      progress(`round ${round + 1} of ${rounds}: ${name}`)
    }),
  )
  return [
    {
      title: `${WORKERS} workers, ${PLACES} connections at a time`,
      better: 'higher',
      samples: pick(all, ({ perSecond }) => perSecond),
      targets: [timesCluster('shared-accept', 1.5), timesCluster('reuse-port', 1.5)],
    },
    {
      title: 'the share of the busiest worker (%)',
      better: 'lower',
      samples: pick(
        all,
        ({ shares }) => (100 * Math.max(...shares)) / shares.reduce((sum, share) => sum + share, 0),
      ),
      targets: [],
    },
    {
      title: 'from connect to the end, p99 (us)',
      better: 'lower',
      samples: pick(all, ({ p99Us }) => p99Us),
      targets: [],
    },
  ]
}

export const prefork: Benchmark = {
  name: 'prefork',
  package: 'core',
  summary: 'new connections a second with 2 worker processes, by strategy',
  target: 'shared-accept and reuse-port at least 1.5 times node:cluster',
  unit: 'connections/s',
  async run(context) {
    buildNative()
    return measure(serversFor(WORKERS, [...STRATEGIES.map(preforkServer), ...PEERS], context), context)
  },
}
