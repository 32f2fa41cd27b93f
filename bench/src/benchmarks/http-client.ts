/** GETs of 13 bytes from nginx over 50 connections: one under way on each, and ten. What a client costs beside the program. */
import type { Benchmark, Context, Measured } from '../benchmark.js'
import { NGINX_HTTP } from '../http-servers.js'
import { interleave, pick } from '../interleave.js'
import { runnable, runProgram } from '../programs.js'
import { ServerProcess } from '../server-process.js'
import { costAtMost, ratioAtLeast } from '../target.js'

const CONNECTIONS = 50
const CASES = [
  { title: '50 connections', depth: 1, names: ['ours', 'undici', 'node:http'] },
  { title: '50 connections, 10 requests deep', depth: 10, names: ['ours', 'undici'] },
] as const

interface ClientFigures {
  readonly perSecond: number
  readonly cpuUsEach: number
}

async function measureCase(
  { title, depth, names }: (typeof CASES)[number],
  port: number,
  context: Context,
): Promise<Measured[]> {
  const { isQuick, progress } = context
  const parameters = { port, connections: CONNECTIONS, depth, timeMs: isQuick ? 700 : 2_000 }
  const contestants = runnable(names, context).map((name) => ({
    name,
    measure: () => runProgram<ClientFigures>('http-client', name, parameters),
  }))
  const rounds = isQuick ? 3 : 7
  const all = await interleave(contestants, rounds, (round, name) => {
    progress(`${title}, round ${round + 1} of ${rounds}: ${name}`)
  })
  return [
    {
      title,
      better: 'higher',
      samples: pick(all, ({ perSecond }) => perSecond),
      targets: [ratioAtLeast('undici', 1.5)],
    },
    {
      title: `${title}: processor time of the client for a request (us)`,
      better: 'lower',
      samples: pick(all, ({ cpuUsEach }) => cpuUsEach),
      targets: [costAtMost('undici', 0.65)],
    },
  ]
}

export const httpClient: Benchmark = {
  name: 'http-client',
  package: 'http',
  summary: 'GETs of 13 bytes from nginx, 50 connections, 1 and 10 requests deep',
  target: 'at least 1.5 times undici',
  unit: 'requests/s',
  async run(context) {
    const server = await ServerProcess.start(NGINX_HTTP, 'hello')
    try {
      const measured: Measured[] = []
      for (const one of CASES) measured.push(...(await measureCase(one, server.port, context)))
      return measured
    } finally {
      await server.end()
    }
  },
}
