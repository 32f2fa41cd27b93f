/**
 * Files of 100 KB and 10 MB to each request, over connections that stay open, with `files` against nginx with sendfile. Does not measure a disk:
 * the files are in the kernel's cache.
 */
import type { Benchmark, Context, Measured } from '../benchmark.js'
import { type FilePath, NGINX, NODE_HTTP, OURS_FILES } from '../file-servers.js'
import { hasProgram } from '../installed.js'
import { type Contestant, interleave, pick } from '../interleave.js'
import { withSampleFile } from '../sample-file.js'
import { type ServerProcess, withServers } from '../server-process.js'
import { type ServerKind, serversFor } from '../servers.js'
import { costAtMost, ratioAtLeast } from '../target.js'
import { wrk } from '../wrk.js'

const CASES = [
  { title: '100 KB, 20 connections', fileBytes: 100_000, connections: 20 },
  { title: '10 MB, 8 connections', fileBytes: 10_000_000, connections: 8 },
] as const

interface FileFigures {
  readonly perSecond: number
  readonly cpuUsEach: number
}

async function measureOnce(
  server: ServerProcess,
  load: { readonly connections: number; readonly timeS: number },
): Promise<FileFigures> {
  const cpuUsBefore = server.cpuUs()
  const { perSecond, answers } = await wrk(server.port, { ...load, target: '/file' })
  return { perSecond, cpuUsEach: (server.cpuUs() - cpuUsBefore) / answers }
}

async function measureCase(
  { title, connections }: (typeof CASES)[number],
  servers: ReadonlyMap<string, ServerProcess>,
  { isQuick, progress }: Context,
): Promise<Measured[]> {
  const rounds = isQuick ? 1 : 7
  const load = { connections, timeS: isQuick ? 1 : 2 }
  const contestants: Contestant<FileFigures>[] = []
  for (const [name, server] of servers) {
    progress(`${title}, warming up: ${name}`)
    await wrk(server.port, { connections, timeS: 1, target: '/file' })
    contestants.push({ name, measure: () => measureOnce(server, load) })
  }
  const all = await interleave(contestants, rounds, (round, name) => {
    progress(`${title}, round ${round + 1} of ${rounds}: ${name}`)
  })
  return [
    {
      title,
      better: 'higher',
      samples: pick(all, ({ perSecond }) => perSecond),
      targets: [ratioAtLeast('nginx', 0.8)],
    },
    {
      title: `${title}: processor time of the server for a file (us)`,
      better: 'lower',
      samples: pick(all, ({ cpuUsEach }) => cpuUsEach),
      targets: [costAtMost('nginx', 1.25)],
    },
  ]
}

async function measureFile(
  one: (typeof CASES)[number],
  path: FilePath,
  kinds: readonly ServerKind<FilePath>[],
  context: Context,
): Promise<Measured[]> {
  return withServers(kinds, path, (servers) => measureCase(one, servers, context))
}

export const httpFile: Benchmark = {
  name: 'http-file',
  package: 'http',
  summary: 'files of 100 KB and 10 MB, wrk, 20 and 8 connections',
  target: 'at least 0.8 of nginx with sendfile',
  unit: 'files/s',
  async run(context) {
    if (!hasProgram('wrk')) throw new Error('there is no wrk. To have it: apt-get install wrk')
    const measured: Measured[] = []
    for (const one of CASES)
      await withSampleFile(one.fileBytes, async (path) => {
        const kinds = serversFor(path, [OURS_FILES, NGINX, NODE_HTTP], context)
        measured.push(...(await measureFile(one, path, kinds, context)))
      })
    return measured
  },
}
