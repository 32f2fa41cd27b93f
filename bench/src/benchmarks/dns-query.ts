/**
 * Questions to a name server on this machine, a hundred in flight and none of them cached. Both sides decode the answer. The server has
 * a process of its own, and the client's processor time says what a question costs where the two do not have a processor each.
 */
import { join } from 'node:path'
import type { Benchmark } from '../benchmark.js'
import { FOLDERS } from '../folders.js'
import { serverProgram } from '../installed.js'
import { interleave, pick } from '../interleave.js'
import { runnable, runProgram } from '../programs.js'
import { withServers } from '../server-process.js'
import type { ServerKind } from '../servers.js'
import { ratioAtLeast } from '../target.js'

const TARGETS = [ratioAtLeast('node:dns', 2)]

const UNBOUND: ServerKind<'dns'> = {
  name: 'unbound',
  command: () => {
    const unbound = serverProgram('unbound')
    if (unbound === undefined) return undefined
    return [process.execPath, join(FOLDERS.dist, 'servers', 'unbound.js'), unbound]
  },
  howToInstall: 'apt-get install unbound',
}

interface QueryFigures {
  readonly perSecond: number
  readonly cpuUsEach: number
}

export const dnsQuery: Benchmark = {
  name: 'dns-query',
  package: 'dns',
  summary: 'questions for a new A record each to a local Unbound, 100 in flight, no cache',
  target: 'at least 2 times node:dns Resolver',
  unit: 'queries/s',
  async run(context) {
    const title = '100 in flight'
    const all = await withServers([UNBOUND], 'dns', (servers) => {
      const port = servers.get('unbound')?.port ?? 0
      const contestants = runnable(['ours', 'node:dns'], context).map((name) => ({
        name,
        measure: () =>
          runProgram<QueryFigures>('dns-query', name, { port, timeMs: context.isQuick ? 700 : 3_000 }),
      }))
      return interleave(contestants, context.isQuick ? 3 : 7, (round, name) => {
        context.progress(`${title}, round ${round + 1}: ${name}`)
      })
    })
    return [
      { title, better: 'higher', samples: pick(all, ({ perSecond }) => perSecond), targets: TARGETS },
      {
        title: `${title}: processor time of the client for a query (us)`,
        better: 'lower',
        samples: pick(all, ({ cpuUsEach }) => cpuUsEach),
        targets: TARGETS,
      },
    ]
  },
}
