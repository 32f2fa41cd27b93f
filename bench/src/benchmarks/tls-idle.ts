/** TLS connections that do nothing: what each costs the server process. The kernel's share is the same for everyone and is not counted. */
import type { Benchmark, Measured } from '../benchmark.js'
import { interleave, pick } from '../interleave.js'
import { buildNativeTls } from '../native-build.js'
import { ServerProcess } from '../server-process.js'
import type { MemoryFigures } from '../servers/control.js'
import { installedServers, NODE_TLS, OURS_TLS, type ServerKind } from '../servers.js'
import { ratioAtLeast } from '../target.js'
import { holdIdle } from '../tls-load.js'

const CONNECTIONS = 3_000
const BEFORE = 1_000

async function measureOnce(kind: ServerKind): Promise<{ rssKb: number; heapKb: number }> {
  const server = await ServerProcess.start(kind, 'echo')
  // What the first thousand allocate for good belongs to no connection.
  const held = [await holdIdle(server.port, BEFORE)]
  try {
    const before = await server.ask<MemoryFigures>('memory')
    held.push(await holdIdle(server.port, CONNECTIONS))
    const after = await server.ask<MemoryFigures>('memory')
    return {
      rssKb: (after.rssBytes - before.rssBytes) / 1024 / CONNECTIONS,
      heapKb: (after.heapBytes - before.heapBytes) / 1024 / CONNECTIONS,
    }
  } finally {
    for (const each of held) await each.end()
    await server.end()
  }
}

export const tlsIdle: Benchmark = {
  name: 'tls-idle',
  package: 'tls',
  summary: `${CONNECTIONS} idle TLS connections: memory of each`,
  target: 'at most half of node:tls',
  unit: 'KB/connection',
  async run(context): Promise<readonly Measured[]> {
    buildNativeTls()
    const kinds = installedServers([OURS_TLS, NODE_TLS], context)
    const contestants = kinds.map((kind) => ({ name: kind.name, measure: () => measureOnce(kind) }))
    const title = `${CONNECTIONS} connections`
    const all = await interleave(contestants, context.isQuick ? 1 : 3, (round, name) => {
      context.progress(`${title}, round ${round + 1}: ${name}`)
    })
    return [
      {
        title: `${title}, resident memory`,
        better: 'lower',
        samples: pick(all, ({ rssKb }) => rssKb),
        targets: [ratioAtLeast('node:tls', 2)],
      },
      {
        title: `${title}, heap and buffers`,
        better: 'lower',
        samples: pick(all, ({ heapKb }) => heapKb),
        targets: [],
      },
    ]
  },
}
