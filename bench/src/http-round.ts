/** Servers of HTTP in turns under the same load: answers in a second, and what one cost the server. */
import type { Context, Measured } from './benchmark.js'
import { type Contestant, interleave, pick } from './interleave.js'
import type { ServerProcess } from './server-process.js'
import type { Target } from './target.js'
import { type WrkOptions, wrk } from './wrk.js'

export interface HttpCase {
  readonly title: string
  readonly load: Omit<WrkOptions, 'timeS'>
  readonly targets: readonly Target[]
  readonly costTargets: readonly Target[]
}

interface Figures {
  readonly perSecond: number
  readonly cpuUsEach: number
}

export async function measureHttp(
  { title, load, targets, costTargets }: HttpCase,
  servers: ReadonlyMap<string, ServerProcess>,
  { isQuick, progress }: Context,
): Promise<Measured[]> {
  const rounds = isQuick ? 1 : 7
  const contestants: Contestant<Figures>[] = []
  for (const [name, server] of servers) {
    progress(`${title}, warming up: ${name}`)
    await wrk(server.port, { ...load, timeS: 1 })
    contestants.push({ name, measure: () => measureOnce(server, { ...load, timeS: isQuick ? 1 : 2 }) })
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
  ]
}

async function measureOnce(server: ServerProcess, load: WrkOptions): Promise<Figures> {
  const cpuUsBefore = server.cpuUs()
  const { perSecond, answers } = await wrk(server.port, load)
  return { perSecond, cpuUsEach: (server.cpuUs() - cpuUsBefore) / answers }
}
