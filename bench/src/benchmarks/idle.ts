/**
 * Connections that do nothing: what each costs the server process, and whether all of them still answer. Memory that the
 * kernel holds for sockets is the same for everyone and is not counted.
 *
 * A process does not grow before it has used up the pages it has, so the resident memory of the first thousand says
 * little. From there on each step's figure is what the connections of that step have added.
 */
import type { Benchmark, Context, Measured } from '../benchmark.js'
import { descriptorLimit } from '../descriptor-limit.js'
import { interleave, pick } from '../interleave.js'
import { IdleConnections, ping } from '../load.js'
import { buildNative } from '../native-build.js'
import { ServerProcess } from '../server-process.js'
import type { MemoryFigures } from '../servers/control.js'
import { installedServers, NODE_NET, OURS_SERVER, type ServerKind } from '../servers.js'
import { oursAtLeast, oursAtMost, ratioAtLeast } from '../target.js'

/** What the server process needs for itself. */
const DESCRIPTORS_FOR_ITSELF = 100
const MOST_CONNECTIONS = 100_000

interface StepFigures {
  readonly rssKb: number
  readonly heapKb: number
  readonly answered: number
  readonly openingScavengeMs: number
  readonly steadyScavengeMs: number
}

async function takeStep(
  server: ServerProcess,
  held: IdleConnections[],
  from: number,
  to: number,
): Promise<StepFigures> {
  const before = await server.ask<MemoryFigures>('memory')
  held.push(await IdleConnections.open(server.port, from, to - from))
  const opening = await server.ask<MemoryFigures>('scavenges')
  const after = await server.ask<MemoryFigures>('memory')
  let answered = 0
  for (const connections of held) answered += (await connections.ping()).answered
  await server.ask<MemoryFigures>('memory')
  const steady = await server.ask<MemoryFigures>('churn')
  return {
    rssKb: (after.rssBytes - before.rssBytes) / 1024 / (to - from),
    heapKb: (after.heapBytes - before.heapBytes) / 1024 / (to - from),
    answered,
    openingScavengeMs: opening.longestScavengeMs,
    steadyScavengeMs: steady.longestScavengeMs,
  }
}

/** One figure for each of `totals`. A fresh server each time: what an earlier run left in its heap would be counted. */
async function measureOnce(kind: ServerKind, totals: readonly number[]): Promise<StepFigures[]> {
  const server = await ServerProcess.start(kind, 'echo')
  const held: IdleConnections[] = []
  try {
    // What the first connections compile and allocate for good belongs to no connection.
    await ping(server.port, { connections: 200, bytes: 64, timeMs: 300, warmMs: 100 })
    const steps: StepFigures[] = []
    for (const [at, total] of totals.entries())
      steps.push(await takeStep(server, held, totals[at - 1] ?? 0, total))
    return steps
  } finally {
    for (const connections of held) await connections.end()
    await server.end()
  }
}

function casesOf(
  total: number,
  isFirst: boolean,
  all: ReadonlyMap<string, readonly StepFigures[]>,
): Measured[] {
  const title = `${total} connections`
  return [
    {
      title: `${title}, resident memory`,
      better: 'lower',
      samples: pick(all, ({ rssKb }) => rssKb),
      targets: isFirst ? [] : [ratioAtLeast('node:net', 2)],
    },
    {
      title: `${title}, heap and buffers`,
      better: 'lower',
      samples: pick(all, ({ heapKb }) => heapKb),
      targets: [],
    },
    {
      title: `${title}, how many answered a ping (count)`,
      better: 'higher',
      samples: pick(all, ({ answered }) => answered),
      targets: [oursAtLeast(total, 'answers')],
    },
    {
      title: `${title}, longest scavenge beside them (ms)`,
      better: 'lower',
      samples: pick(all, ({ steadyScavengeMs }) => steadyScavengeMs),
      targets: [oursAtMost(1, 'ms')],
    },
    {
      title: `${title}, longest scavenge while they open (ms)`,
      better: 'lower',
      samples: pick(all, ({ openingScavengeMs }) => openingScavengeMs),
      targets: [],
    },
  ]
}

async function measure(kinds: readonly ServerKind[], { isQuick, progress }: Context): Promise<Measured[]> {
  const most = Math.min(MOST_CONNECTIONS, descriptorLimit() - DESCRIPTORS_FOR_ITSELF)
  const totals = [...new Set([1_000, 5_000, most].map((total) => Math.min(total, most)))].sort(
    (a, b) => a - b,
  )
  const rounds = isQuick ? 1 : 5
  const contestants = kinds.map((kind) => ({ name: kind.name, measure: () => measureOnce(kind, totals) }))
  const all = await interleave(contestants, rounds, (round, name) => {
    progress(`${totals.join(', ')} connections, round ${round + 1} of ${rounds}: ${name}`)
  })
  return totals.flatMap((total, at) => {
    const step = [...all].map(
      ([name, list]) => [name, list.map((steps) => steps[at] as StepFigures)] as const,
    )
    return casesOf(total, at === 0, new Map(step))
  })
}

export const idle: Benchmark = {
  name: 'idle',
  package: 'core',
  summary:
    '1000, 5000 and as many idle connections as descriptors allow: memory of each, scavenges, a ping on each',
  target: 'all answer; memory at most half of node:net; scavenges under 1 ms',
  unit: 'KB/connection',
  async run(context) {
    buildNative()
    return measure(installedServers([OURS_SERVER, NODE_NET], context), context)
  },
}
