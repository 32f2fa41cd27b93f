/** Knot DNS as an authoritative server that is not ours, for zones of ours, over UDP and TCP. One worker of each kind; nothing is kept. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  absolute,
  type DnsHostOptions,
  type DnsServerOptions,
  TEST_ZONES,
  writeZones,
  zoneFiles,
} from './dns-zones.js'
import { TestSupportError } from './errors.js'
import { freePort } from './free-port.js'
import { type RealServer, startServer } from './real-server.js'

export interface KnotOptions extends DnsServerOptions, DnsHostOptions {
  /** Lines for the section `server`, such as `tcp-idle-timeout: 2`. */
  readonly serverLines?: readonly string[] | undefined
}

/** It answers for its zones when the call returns. A zone that it does not load is an error that holds its words. */
export async function startKnot(options: KnotOptions = {}): Promise<RealServer> {
  const { zones = TEST_ZONES, host = '127.0.0.1', serverLines = [] } = options
  const port = options.port ?? (await freePort({ alsoUdp: true }))
  const server = await startServer({
    command: 'knotd',
    env: { LD_PRELOAD: undefined },
    args: (folder) => ['-c', join(folder, 'knot.conf')],
    prepare: async (folder) => {
      await writeZones(folder, zones)
      const zoneLines = zoneFiles(zones).map(
        ({ origin, file }) => `  - domain: "${absolute(origin)}"\n    file: ${file}`,
      )
      await writeFile(
        join(folder, 'knot.conf'),
        `
server:
    rundir: ${folder}
    listen: ${host}@${port}
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
${serverLines.map((line) => `    ${line}`).join('\n')}
log:
  - target: stderr
    any: info
database:
    storage: ${folder}
template:
  - id: default
    storage: ${folder}
    journal-content: none
    zonefile-sync: -1
    semantic-checks: off
zone:
${zoneLines.join('\n')}
`,
      )
    },
    ready: { port, host },
  })
  try {
    await server.until(/server started/)
    if (/error: \[/.test(server.output()))
      throw new TestSupportError('not-ready', 'knotd did not load a zone', { output: server.output() })
  } catch (error) {
    await server.stop()
    throw error
  }
  return server
}
