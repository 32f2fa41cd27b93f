/**
 * BIND's `named` as an authoritative server that is not ours: for zones of ours, over UDP and TCP, and over TLS with a certificate.
 * It runs in the foreground as whoever runs the test, listens where it was told, asks nobody, and has no control channel.
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  absolute,
  type DnsOverTlsOptions,
  type DnsServerOptions,
  TEST_ZONES,
  writeZones,
  zoneFiles,
} from './dns-zones.js'
import { TestSupportError } from './errors.js'
import { freePort } from './free-port.js'
import { type RealServer, startServer } from './real-server.js'

export interface NamedOptions extends DnsServerOptions, DnsOverTlsOptions {
  /** Statements for the block `options`, such as `minimal-responses no;`; they come last. */
  readonly statements?: string | undefined
}

export interface DnsServer extends RealServer {
  /** Of DNS over TLS. Undefined without a certificate. */
  readonly tlsPort: number | undefined
}

/** It answers for its zones when the call returns. A zone that it does not load is an error that holds its words. */
export async function startNamed(options: NamedOptions = {}): Promise<DnsServer> {
  const { zones = TEST_ZONES } = options
  const port = options.port ?? (await freePort({ alsoUdp: true }))
  const tlsPort = options.certificate === undefined ? undefined : (options.tlsPort ?? (await freePort()))
  const server = await startServer({
    command: 'named',
    env: { OPENSSL_CONF: '/dev/null', LD_PRELOAD: undefined },
    // One thread: tests run beside each other.
    args: (folder) => ['-g', '-4', '-n', '1', '-c', join(folder, 'named.conf')],
    prepare: async (folder) => {
      await writeZones(folder, zones)
      await writeFile(join(folder, 'named.conf'), configuration(folder, { ...options, zones }, port, tlsPort))
    },
    ready: { port },
  })
  try {
    await server.until(/all zones loaded/)
    if (/not loaded due to errors/.test(server.output()))
      throw new TestSupportError('not-ready', 'named did not load a zone', { output: server.output() })
  } catch (error) {
    await server.stop()
    throw error
  }
  return Object.assign(server, { tlsPort })
}

function configuration(
  folder: string,
  { zones = {}, certificate, statements = '' }: NamedOptions,
  port: number,
  tlsPort: number | undefined,
): string {
  return `
controls { };
options {
  directory "${folder}";
  pid-file none;
  session-keyfile none;
  lock-file none;
  listen-on port ${port} { 127.0.0.1; };
  ${tlsPort === undefined ? '' : `listen-on port ${tlsPort} tls own { 127.0.0.1; };`}
  recursion no;
  dnssec-validation no;
  notify no;
  empty-zones-enable no;
  check-names primary ignore;
  ${statements}
};
${certificate === undefined ? '' : `tls own { cert-file "${certificate.chainPath}"; key-file "${certificate.keyPath}"; };`}
${zoneFiles(zones)
  .map(({ origin, file }) => `zone "${absolute(origin)}" { type primary; file "${file}"; };`)
  .join('\n')}
`
}
