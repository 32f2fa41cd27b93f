/**
 * Servers of HTTP in turns under the same load: answers in a second, what one cost the server, and how busy wrk was. The servers are
 * on one processor, wrk on the other.
 */
import type { Context, Measured } from './benchmark.js'
import { hasProgram } from './installed.js'
import { type Contestant, interleave, pick } from './interleave.js'
import { serverCpu } from './processors.js'
import { type ServerProcess, withServers } from './server-process.js'
import { type ServerKind, serversFor } from './servers.js'
import type { Target } from './target.js'
import { measureServer, type ServerFigures, type WrkOptions } from './wrk.js'

export interface HttpCase {
  readonly title: string
  readonly load: Omit<WrkOptions, 'timeS'>
  readonly targets: readonly Target[]
  readonly costTargets: readonly Target[]
}

/** Starts one server of each kind on a processor of its own, measures all cases, and ends them whatever happens. */
export async function measureHttp<Job>(
  job: Job,
  kinds: readonly ServerKind<Job>[],
  cases: readonly HttpCase[],
  context: Context,
): Promise<Measured[]> {
  if (!hasProgram('wrk')) throw new Error('there is no wrk. To have it: apt-get install wrk')
  const measureAll = async (servers: ReadonlyMap<string, ServerProcess>): Promise<Measured[]> => {
    const measured: Measured[] = []
    for (const each of cases) measured.push(...(await measureCase(each, servers, context)))
    return measured
  }
  return withServers(serversFor(job, kinds, context), job, measureAll, serverCpu())
}

async function measureCase(
  { title, load, targets, costTargets }: HttpCase,
  servers: ReadonlyMap<string, ServerProcess>,
  { isQuick, progress }: Context,
): Promise<Measured[]> {
  const rounds = isQuick ? 1 : 7
  const contestants: Contestant<ServerFigures>[] = []
  for (const [name, server] of servers) {
    progress(`${title}, warming up: ${name}`)
    await measureServer(server, { ...load, timeS: 1 })
    contestants.push({ name, measure: () => measureServer(server, { ...load, timeS: isQuick ? 1 : 2 }) })
  }
  const all = await interleave(contestants, rounds, (round, name) => {
    progress(`${title}, round ${round + 1} of ${rounds}: ${name}`)
  })
  return [
    { title, better: 'higher', samples: pick(all, ({ perSecond }) => perSecond), targets },
    {
      title: `${title}: processor time of the server for an answer (us)`,
      better: 'lower',
      samples: pick(all, ({ cpuUsEach }) => cpuUsEach),
      targets: costTargets,
    },
    {
      title: `${title}: processor that wrk took (%), near 100 the rate is its own`,
      better: 'lower',
      samples: pick(all, ({ loadPercent }) => loadPercent),
      targets: [],
    },
  ]
}
