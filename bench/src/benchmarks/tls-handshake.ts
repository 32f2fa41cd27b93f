/**
 * Handshakes of TLS 1.3 with a P-256 certificate and X25519, full and resumed. The server's side is loaded by C; the client's side is
 * a process that makes one after another against the C server. Each connection carries one byte each way and ends in order.
 *
 * The client of a full handshake has more to do than the server: OpenSSL 3.0 takes 420 us for one in the load generator, and 230 us in
 * the C server. So the generator is the limit of a full handshake, all servers idle about as much, and their rates are alike. What a
 * server can do in a second of its processor is in the second table; the third one shows who was the limit.
 */
import type { Benchmark, Context, Measured } from '../benchmark.js'
import { interleave, pick } from '../interleave.js'
import { buildNativeTls } from '../native-build.js'
import { runnable, runProgram } from '../programs.js'
import { withServers } from '../server-process.js'
import { C_TLS, installedServers, NODE_TLS, OURS_TLS } from '../servers.js'
import { ratioAtLeast } from '../target.js'
import { CERTIFICATE } from '../tls-certificate.js'
import { measureTlsCase } from './tls-case.js'

const TARGETS = [ratioAtLeast('node:tls', 1.3)]
const KINDS = [
  ['full', 0],
  ['resumed', 1],
] as const

interface ClientFigures {
  readonly perSecond: number
  readonly cpuUsEach: number
}

async function measureClient(kind: 'full' | 'resumed', context: Context): Promise<Measured[]> {
  const title = `client, ${kind}`
  const all = await withServers([C_TLS], 'echo', (servers) => {
    const port = servers.get('c')?.port ?? 0
    const contestants = runnable(['ours', 'node:tls'], context).map((name) => ({
      name,
      measure: () =>
        runProgram<ClientFigures>('tls-handshakes', name, {
          kind,
          port,
          cert: CERTIFICATE.cert,
          timeMs: context.isQuick ? 500 : 2_000,
        }),
    }))
    return interleave(contestants, context.isQuick ? 2 : 5, (round, name) => {
      context.progress(`${title}, round ${round + 1}: ${name}`)
    })
  })
  return [
    { title, better: 'higher', samples: pick(all, ({ perSecond }) => perSecond), targets: TARGETS },
    {
      title: `${title}: processor time of the client for a handshake (us)`,
      better: 'lower',
      samples: pick(all, ({ cpuUsEach }) => cpuUsEach),
      targets: TARGETS,
    },
  ]
}

export const tlsHandshake: Benchmark = {
  name: 'tls-handshake',
  package: 'tls',
  summary: 'TLS 1.3 handshakes, ECDSA P-256: full and resumed, as server and as client',
  target: 'at least 1.3 times node:tls',
  unit: 'handshakes/s',
  async run(context) {
    buildNativeTls()
    const kinds = installedServers([OURS_TLS, NODE_TLS, C_TLS], context)
    const measured: Measured[] = []
    for (const [kind, resumed] of KINDS) {
      const load = { mode: 'handshake', resumed } as const
      const one = {
        title: `server, ${kind}`,
        mode: 'echo',
        load,
        each: 'a handshake',
        targets: TARGETS,
      } as const
      measured.push(...(await measureTlsCase({ ...one, firstMs: 4_000 }, kinds, context)))
      measured.push(...(await measureClient(kind, context)))
    }
    return measured
  },
}
