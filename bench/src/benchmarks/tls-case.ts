/** What the TLS benchmarks share: a load on each server, in turns, as a rate and as processor time of the server. */
import type { Context, Measured } from '../benchmark.js'
import { interleave, pick } from '../interleave.js'
import { SERVER_CPU } from '../processors.js'
import { type ServerProcess, withServers } from '../server-process.js'
import type { ServerKind, ServerMode } from '../servers.js'
import type { Target } from '../target.js'
import { type TlsFigures, type TlsLoad, tlsLoad } from '../tls-load.js'

export interface TlsCase {
  readonly title: string
  readonly mode: ServerMode
  readonly load: TlsLoad
  /** What the processor time is for: `a round trip`. */
  readonly each: string
  readonly targets: readonly Target[]
  /** How long it takes until what runs often is compiled. */
  readonly firstMs: number
}

export async function measureTlsCase(
  one: TlsCase,
  kinds: readonly ServerKind[],
  { isQuick, progress }: Context,
): Promise<Measured[]> {
  const times = isQuick ? { timeMs: 250, warmMs: 50 } : { timeMs: 1_000, warmMs: 300 }
  const measure = async (servers: ReadonlyMap<string, ServerProcess>): Promise<Map<string, TlsFigures[]>> => {
    for (const [name, server] of servers) {
      progress(`${one.title}, warming up: ${name}`)
      await tlsLoad(server, one.load, { timeMs: isQuick ? 300 : one.firstMs, warmMs: 0 })
    }
    const contestants = [...servers].map(([name, server]) => ({
      name,
      measure: () => tlsLoad(server, one.load, times),
    }))
    return interleave(contestants, isQuick ? 3 : 7, (round, name) => {
      progress(`${one.title}, round ${round + 1}: ${name}`)
    })
  }
  const all = await withServers(kinds, one.mode, measure, SERVER_CPU)
  return [
    {
      title: one.title,
      better: 'higher',
      samples: pick(all, ({ perSecond }) => perSecond),
      targets: one.targets,
    },
    {
      title: `${one.title}: processor time of the server for ${one.each} (us)`,
      better: 'lower',
      samples: pick(all, ({ cpuUsEach }) => cpuUsEach),
      targets: one.targets,
    },
    {
      title: `${one.title}: processor that the load generator took (%), near 100 the rate is its own`,
      better: 'lower',
      samples: pick(all, ({ loadPercent }) => loadPercent),
      targets: [],
    },
  ]
}
