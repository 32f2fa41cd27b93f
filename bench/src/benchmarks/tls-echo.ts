/** Ping-pong of 64 bytes over few and many TLS connections: AES-128-GCM, TLS 1.3. */
import type { Benchmark, Measured } from '../benchmark.js'
import { buildNativeTls } from '../native-build.js'
import { C_TLS, installedServers, NODE_TLS, OURS_TLS } from '../servers.js'
import { ratioAtLeast } from '../target.js'
import { measureTlsCase } from './tls-case.js'

const TARGETS = [ratioAtLeast('node:tls', 1.5)]

export const tlsEcho: Benchmark = {
  name: 'tls-echo',
  package: 'tls',
  summary: '64-byte ping-pong over TLS, C load generator, 50 and 1000 connections',
  target: 'at least 1.5 times node:tls',
  unit: 'round trips/s',
  async run(context) {
    buildNativeTls()
    const kinds = installedServers([OURS_TLS, NODE_TLS, C_TLS], context)
    const measured: Measured[] = []
    for (const connections of [50, 1000])
      measured.push(
        ...(await measureTlsCase(
          {
            title: `${connections} connections`,
            mode: 'echo',
            load: { mode: 'ping', connections, bytes: 64 },
            each: 'a round trip',
            targets: TARGETS,
            firstMs: 2_000,
          },
          kinds,
          context,
        )),
      )
    return measured
  },
}
