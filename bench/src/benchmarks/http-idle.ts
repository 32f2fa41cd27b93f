/**
 * Connections of HTTP that were answered once and stay open: what each costs the server process. Memory that the kernel holds for sockets
 * is the same for everyone and is not counted. As many as descriptors allow, 20,000 at most.
 */
import { join } from 'node:path'
import type { Benchmark, Context, Measured } from '../benchmark.js'
import { descriptorLimit } from '../descriptor-limit.js'
import { FOLDERS } from '../folders.js'
import { type HttpJob, NODE_HTTP_SERVER, OURS_HTTP } from '../http-servers.js'
import { interleave, pick } from '../interleave.js'
import { LineProcess } from '../line-process.js'
import { ServerProcess } from '../server-process.js'
import type { MemoryFigures } from '../servers/control.js'
import { type ServerKind, serversFor } from '../servers.js'
import { oursAtLeast, ratioAtLeast } from '../target.js'

const DESCRIPTORS_FOR_ITSELF = 100
const MOST_CONNECTIONS = 20_000
/** What they make a server compile and allocate for good belongs to no connection. */
const FIRST_CONNECTIONS = 500

interface IdleFigures {
  readonly rssKb: number
  readonly heapKb: number
  readonly answered: number
}

async function hold(port: number, count: number): Promise<LineProcess> {
  const program = join(FOLDERS.dist, 'programs', 'http-idle-clients.js')
  const clients = new LineProcess([process.execPath, program, String(port), String(count)])
  await clients.answer()
  return clients
}

/** A fresh server each time: what an earlier run left in its heap would be counted. */
async function measureOnce(kind: ServerKind<HttpJob>, count: number): Promise<IdleFigures> {
  const server = await ServerProcess.start(kind, 'idle')
  const held: LineProcess[] = []
  try {
    held.push(await hold(server.port, FIRST_CONNECTIONS))
    const before = await server.ask<MemoryFigures>('memory')
    held.push(await hold(server.port, count - FIRST_CONNECTIONS))
    const after = await server.ask<MemoryFigures>('memory')
    let answered = 0
    for (const clients of held) answered += (await clients.ask<{ answered: number }>('ask')).answered
    const each = 1024 * (count - FIRST_CONNECTIONS)
    return {
      rssKb: (after.rssBytes - before.rssBytes) / each,
      heapKb: (after.heapBytes - before.heapBytes) / each,
      answered,
    }
  } finally {
    for (const clients of held) await clients.end()
    await server.end()
  }
}

async function measure(
  kinds: readonly ServerKind<HttpJob>[],
  { isQuick, progress }: Context,
): Promise<Measured[]> {
  const most = Math.min(MOST_CONNECTIONS, descriptorLimit() - DESCRIPTORS_FOR_ITSELF)
  const count = isQuick ? Math.min(5_000, most) : most
  const contestants = kinds.map((kind) => ({ name: kind.name, measure: () => measureOnce(kind, count) }))
  const rounds = isQuick ? 1 : 5
  const all = await interleave(contestants, rounds, (round, name) => {
    progress(`${count} connections, round ${round + 1} of ${rounds}: ${name}`)
  })
  const title = `${count} connections`
  return [
    {
      title: `${title}, resident memory`,
      better: 'lower',
      samples: pick(all, ({ rssKb }) => rssKb),
      targets: [ratioAtLeast('node:http', 2)],
    },
    {
      title: `${title}, heap and buffers`,
      better: 'lower',
      samples: pick(all, ({ heapKb }) => heapKb),
      targets: [],
    },
    {
      title: `${title}, how many answered once more (count)`,
      better: 'higher',
      samples: pick(all, ({ answered }) => answered),
      targets: [oursAtLeast(count, 'answers')],
    },
  ]
}

export const httpIdle: Benchmark = {
  name: 'http-idle',
  package: 'http',
  summary: 'memory of each of 20,000 connections that were answered and stay open',
  target: 'all answer again; at most half of node:http',
  unit: 'KB/connection',
  run: (context) => measure(serversFor('idle', [OURS_HTTP, NODE_HTTP_SERVER], context), context),
}
