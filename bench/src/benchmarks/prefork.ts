/** New connections a second with two worker processes, by strategy, and how evenly they are spread. */
import type { Benchmark, Context, Measured } from '../benchmark.js'
import { type Contestant, interleave, pick } from '../interleave.js'
import { type DialFigures, dial } from '../load.js'
import { buildNative } from '../native-build.js'
import { CLUSTER, CLUSTER_SHARED, preforkServer, type Workers } from '../prefork-servers.js'
import { withServers } from '../server-process.js'
import { type ServerKind, serversFor } from '../servers.js'
import type { Target } from '../target.js'

const WORKERS = 2
const PLACES = 64
const STRATEGIES = ['shared-accept', 'reuse-port', 'pass-descriptor'] as const
/** Starting a process takes so long that a second sees only some. */
const SLOW = 'child-per-connection'
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

interface Load {
  readonly connections: number
  readonly timeMs: number
  readonly warmMs: number
}

function measureAll(
  kinds: readonly ServerKind<Workers>[],
  load: Load,
  rounds: number,
  progress: Context['progress'],
): Promise<Map<string, DialFigures[]>> {
  return withServers(kinds, WORKERS, async (servers) => {
    const contestants: Contestant<DialFigures>[] = [...servers].map(([name, { port }]) => ({
      name,
      measure: () => dial(port, load),
    }))
    return interleave(contestants, rounds, (round, name) => {
      progress(`round ${round + 1} of ${rounds}: ${name}`)
    })
  })
}

async function measurePools(context: Context): Promise<Measured[]> {
  const { isQuick, progress } = context
  const kinds = serversFor(WORKERS, [...STRATEGIES.map(preforkServer), ...PEERS], context)
  const times = isQuick ? { timeMs: 200, warmMs: 100 } : { timeMs: 1_000, warmMs: 300 }
  const all = await measureAll(kinds, { connections: PLACES, ...times }, isQuick ? 3 : 9, progress)
  const title = `${WORKERS} workers, ${PLACES} connections at a time`
  return [
    {
      title,
      better: 'higher',
      samples: pick(all, ({ perSecond }) => perSecond),
      targets: [timesCluster('shared-accept', 1.5), timesCluster('reuse-port', 1.5)],
    },
    {
      title: `${title}: the share of the busiest worker (%)`,
      better: 'lower',
      samples: pick(
        all,
        ({ shares }) => (100 * Math.max(...shares)) / shares.reduce((sum, share) => sum + share),
      ),
      targets: [],
    },
    {
      title: `${title}: from connect to the end, p99 (us)`,
      better: 'lower',
      samples: pick(all, ({ p99Us }) => p99Us),
      targets: [],
    },
  ]
}

async function measureChildren(context: Context): Promise<Measured[]> {
  const kinds = serversFor(WORKERS, [preforkServer(SLOW)], context)
  const load = { connections: WORKERS, timeMs: context.isQuick ? 500 : 2_000, warmMs: 0 }
  const all = await measureAll(kinds, load, context.isQuick ? 1 : 3, context.progress)
  return [
    {
      title: `a process for each connection, ${WORKERS} at a time`,
      better: 'higher',
      samples: pick(all, ({ perSecond }) => perSecond),
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
    return [...(await measurePools(context)), ...(await measureChildren(context))]
  },
}
