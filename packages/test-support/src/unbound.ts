/**
 * Unbound, a resolver that is not ours: it answers for zones of ours, asks the name servers that it is told of for others, validates
 * if it is given trust anchors, and speaks TLS with a certificate. It runs in the foreground with a single thread and no control channel.
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  absolute,
  type DnsHostOptions,
  type DnsOverTlsOptions,
  type DnsServerOptions,
  TEST_ZONES,
  writeZones,
  zoneFiles,
} from './dns-zones.js'
import { TestSupportError } from './errors.js'
import { freePort } from './free-port.js'
import type { DnsServer } from './named.js'
import { startServer } from './real-server.js'

export interface UnboundOptions extends DnsServerOptions, DnsHostOptions, DnsOverTlsOptions {
  /** Name servers by the zone that they answer for, as `127.0.0.1@5300`. */
  readonly stubs?: Readonly<Record<string, string>> | undefined
  /** DS or DNSKEY records as in a zone file. With any, Unbound validates. */
  readonly trustAnchors?: readonly string[] | undefined
  /** Lines for the section `server`, such as `local-data: "a.test. A 192.0.2.1"`. */
  readonly serverLines?: readonly string[] | undefined
}

/** It answers when the call returns. */
export async function startUnbound(options: UnboundOptions = {}): Promise<DnsServer> {
  const { host = '127.0.0.1' } = options
  const port = options.port ?? (await freePort({ alsoUdp: true }))
  const tlsPort = options.certificate === undefined ? undefined : (options.tlsPort ?? (await freePort()))
  const server = await startServer({
    command: 'unbound',
    env: { OPENSSL_CONF: '/dev/null', LD_PRELOAD: undefined },
    args: (folder) => ['-d', '-c', join(folder, 'unbound.conf')],
    prepare: async (folder) => {
      await writeZones(folder, options.zones ?? TEST_ZONES)
      await writeFile(join(folder, 'unbound.conf'), configuration(folder, options, port, tlsPort))
    },
    ready: { port, host },
  })
  try {
    await server.until(/start of service/)
    if (/ error: /.test(server.output()))
      throw new TestSupportError('not-ready', 'unbound has complaints', { output: server.output() })
  } catch (error) {
    await server.stop()
    throw error
  }
  return Object.assign(server, { tlsPort })
}

function configuration(
  folder: string,
  options: UnboundOptions,
  port: number,
  tlsPort: number | undefined,
): string {
  const { zones = TEST_ZONES, host = '127.0.0.1', stubs = {}, trustAnchors = [] } = options
  const lines = [
    `interface: ${host}@${port}`,
    ...(options.certificate === undefined
      ? []
      : [
          `interface: ${host}@${tlsPort}`,
          `tls-port: ${tlsPort}`,
          `tls-service-key: "${options.certificate.keyPath}"`,
          `tls-service-pem: "${options.certificate.chainPath}"`,
        ]),
    ...trustAnchors.map((anchor) => `trust-anchor: "${anchor}"`),
    // Zones of ours are under names that Unbound would answer by itself (RFC 6761, 6303).
    ...['test.', ...[...Object.keys(zones), ...Object.keys(stubs)].map(absolute)].map(
      (zone) => `local-zone: "${zone}" transparent`,
    ),
    ...(options.serverLines ?? []),
  ]
  return `
server:
  directory: "${folder}"
  chroot: ""
  username: ""
  pidfile: ""
  do-daemonize: no
  use-syslog: no
  log-time-ascii: no
  verbosity: 1
  num-threads: 1
  do-not-query-localhost: no
  module-config: "${trustAnchors.length > 0 ? 'validator ' : ''}iterator"
  ${lines.join('\n  ')}
remote-control:
  control-enable: no
${zoneFiles(zones)
  .map(
    ({ origin, file }) => `auth-zone:
  name: "${absolute(origin)}"
  zonefile: "${file}"
  for-downstream: yes
  for-upstream: yes`,
  )
  .join('\n')}
${Object.entries(stubs)
  .map(([zone, address]) => `stub-zone:\n  name: "${absolute(zone)}"\n  stub-addr: ${address}`)
  .join('\n')}
`
}
