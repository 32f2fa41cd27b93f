/** One TLS connection, 64 KB blocks as fast as they go, in each direction: AES-128-GCM, TLS 1.3. */
import type { Benchmark, Measured } from '../benchmark.js'
import { buildNativeTls } from '../native-build.js'
import { C_TLS, installedServers, NODE_TLS, OURS_TLS } from '../servers.js'
import { ratioAtLeast } from '../target.js'
import { measureTlsCase } from './tls-case.js'

const TARGETS = [ratioAtLeast('node:tls', 1.3), ratioAtLeast('c', 0.8)]
const CASES = [
  { title: '1 connection, client to server', mode: 'sink', direction: 'up' },
  { title: '1 connection, server to client', mode: 'source', direction: 'down' },
] as const

export const tlsBulk: Benchmark = {
  name: 'tls-bulk',
  package: 'tls',
  summary: 'one TLS connection, AES-128-GCM, 64 KB blocks: to the server, and from it',
  target: 'at least 1.3 times node:tls and 0.8 of c',
  unit: 'MB/s',
  async run(context) {
    buildNativeTls()
    const kinds = installedServers([OURS_TLS, NODE_TLS, C_TLS], context)
    const measured: Measured[] = []
    for (const { title, mode, direction } of CASES) {
      const load = { mode: 'stream', direction, bytes: 65_536 } as const
      const one = { title, mode, load, each: 'a megabyte', targets: TARGETS, firstMs: 1_000 }
      measured.push(...(await measureTlsCase(one, kinds, context)))
    }
    return measured
  },
}
