/**
 * A file of 100 MB to a local reader by HTTP/1.1: how fast, and what a megabyte costs the server in processor time. Does not
 * measure a disk: the file is in the kernel's cache.
 */
import type { Benchmark, Context, Measured } from '../benchmark.js'
import { type FilePath, NGINX, NODE_HTTP, OURS_SENDFILE, READ_AND_WRITE } from '../file-servers.js'
import { type Contestant, interleave, pick } from '../interleave.js'
import { fetchFile } from '../load.js'
import { buildNative } from '../native-build.js'
import { withSampleFile } from '../sample-file.js'
import { type ServerProcess, withServers } from '../server-process.js'
import { type ServerKind, serversFor } from '../servers.js'
import { costAtMost, ratioAtLeast } from '../target.js'

const FILE_BYTES = 100_000_000

const CASES = [
  { title: '1 connection', connections: 1, requests: 12 },
  { title: '8 connections', connections: 8, requests: 2 },
] as const

interface FileFigures {
  readonly megabytesPerSecond: number
  readonly cpuUsPerMegabyte: number
}

async function measureOnce(
  server: ServerProcess,
  load: { readonly connections: number; readonly requests: number },
): Promise<FileFigures> {
  const cpuUsBefore = server.cpuUs()
  const { megabytesPerSecond, bodyBytes } = await fetchFile(server.port, load)
  const cpuUs = server.cpuUs() - cpuUsBefore
  return { megabytesPerSecond, cpuUsPerMegabyte: cpuUs / (bodyBytes / 1e6) }
}

async function measureCase(
  { title, connections, requests }: (typeof CASES)[number],
  servers: ReadonlyMap<string, ServerProcess>,
  { isQuick, progress }: Context,
): Promise<Measured[]> {
  const rounds = isQuick ? 3 : 9
  const load = { connections, requests: isQuick ? Math.ceil(requests / 4) : requests }
  const contestants: Contestant<FileFigures>[] = []
  for (const [name, server] of servers) {
    progress(`${title}, warming up: ${name}`)
    await fetchFile(server.port, load)
    contestants.push({ name, measure: () => measureOnce(server, load) })
  }
  const all = await interleave(contestants, rounds, (round, name) => {
    progress(`${title}, round ${round + 1} of ${rounds}: ${name}`)
  })
  return [
    {
      title,
      better: 'higher',
      samples: pick(all, ({ megabytesPerSecond }) => megabytesPerSecond),
      targets: [ratioAtLeast('nginx', 0.9)],
    },
    {
      title: `${title}: processor time of the server for a megabyte (us)`,
      better: 'lower',
      samples: pick(all, ({ cpuUsPerMegabyte }) => cpuUsPerMegabyte),
      targets: [costAtMost('nginx', 1.2)],
    },
  ]
}

async function measureAll(
  path: FilePath,
  kinds: readonly ServerKind<FilePath>[],
  context: Context,
): Promise<Measured[]> {
  return withServers(kinds, path, async (servers) => {
    const measured: Measured[] = []
    for (const one of CASES) measured.push(...(await measureCase(one, servers, context)))
    return measured
  })
}

export const sendfile: Benchmark = {
  name: 'sendfile',
  package: 'core',
  summary: 'a file of 100 MB by HTTP to a local reader, over 1 and 8 connections',
  target: "at least 0.9 of nginx with sendfile on; processor time at most 1.2 times nginx's",
  unit: 'MB/s',
  async run(context) {
    buildNative()
    return withSampleFile(FILE_BYTES, (path) => {
      const kinds = serversFor(path, [OURS_SENDFILE, NGINX, NODE_HTTP, READ_AND_WRITE], context)
      return measureAll(path, kinds, context)
    })
  },
}
