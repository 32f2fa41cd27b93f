/** Messages echoed over WebSockets, one at a time on each: what a server costs for a small and for a long one. */
import { join } from 'node:path'
import { type Benchmark, type Context, type Measured, OURS } from '../benchmark.js'
import { FOLDERS } from '../folders.js'
import { problemWithCore } from '../installed.js'
import { type Contestant, interleave, pick } from '../interleave.js'
import { webSocketEcho } from '../load.js'
import { buildNative } from '../native-build.js'
import { type ServerProcess, withServers } from '../server-process.js'
import { type ServerKind, serversFor } from '../servers.js'
import { costAtMost, ratioAtLeast } from '../target.js'

const CASES = [
  { connections: 100, bytes: 64, isText: false },
  { connections: 100, bytes: 64, isText: true },
  { connections: 100, bytes: 16_384, isText: false },
  { connections: 1000, bytes: 64, isText: false },
  { connections: 1000, bytes: 16_384, isText: false },
] as const
const FACTOR = 1.5

function nodeServer(file: string, ...args: string[]): readonly string[] {
  return [process.execPath, join(FOLDERS.dist, 'servers', file), 'echo', ...args]
}

const KINDS: readonly ServerKind<'echo'>[] = [
  {
    name: OURS,
    command: () => (problemWithCore() === undefined ? nodeServer('websocket-ours.js') : undefined),
    howToInstall: 'pnpm build',
  },
  {
    name: 'ours, new memory for each',
    command: () => nodeServer('websocket-ours.js', 'usual'),
    howToInstall: 'pnpm build',
  },
  { name: 'ws', command: () => nodeServer('websocket-ws.js'), howToInstall: 'pnpm install' },
]

interface EchoFigures {
  readonly perSecond: number
  readonly cpuUsEach: number
}

async function measureCase(
  { connections, bytes, isText }: (typeof CASES)[number],
  servers: ReadonlyMap<string, ServerProcess>,
  { isQuick, progress }: Context,
): Promise<Measured[]> {
  const rounds = isQuick ? 2 : 7
  const load = { connections, bytes, isText, warmMs: isQuick ? 50 : 300, timeMs: isQuick ? 200 : 1_000 }
  const title = `${connections} connections, ${bytes} bytes${isText ? ' of text' : ''}`
  const contestants: Contestant<EchoFigures>[] = []
  for (const [name, server] of servers) {
    progress(`${title}, warming up: ${name}`)
    await webSocketEcho(server.port, { ...load, timeMs: isQuick ? 300 : 1_500 })
    contestants.push({
      name,
      measure: async () => {
        const cpuUsBefore = server.cpuUs()
        const { perSecond, answers } = await webSocketEcho(server.port, load)
        return { perSecond, cpuUsEach: (server.cpuUs() - cpuUsBefore) / answers }
      },
    })
  }
  const all = await interleave(contestants, rounds, (round, name) => {
    progress(`${title}, round ${round + 1} of ${rounds}: ${name}`)
  })
  return [
    {
      title,
      better: 'higher',
      samples: pick(all, ({ perSecond }) => perSecond),
      targets: [ratioAtLeast('ws', FACTOR)],
    },
    {
      title: `${title}: processor time of the server for a message (us)`,
      better: 'lower',
      samples: pick(all, ({ cpuUsEach }) => cpuUsEach),
      targets: [costAtMost('ws', 0.67)],
    },
  ]
}

export const wsEcho: Benchmark = {
  name: 'ws-echo',
  package: 'http',
  summary: 'WebSocket messages of 64 bytes and 16 KB echoed, 100 and 1000 connections',
  target: '1.5 times ws with bufferutil',
  unit: 'messages/s',
  async run(context) {
    buildNative()
    return withServers(serversFor('echo', KINDS, context), 'echo', async (servers) => {
      const measured: Measured[] = []
      for (const one of CASES) measured.push(...(await measureCase(one, servers, context)))
      return measured
    })
  },
}
