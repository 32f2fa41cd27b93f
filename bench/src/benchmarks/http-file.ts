/**
 * Files of 100 KB and 10 MB to each request, over connections that stay open, with `files` against nginx with sendfile. Does not measure a disk:
 * the files are in the kernel's cache.
 */
import type { Benchmark, Measured } from '../benchmark.js'
import { type FilePath, NGINX, NODE_HTTP, OURS_FILES } from '../file-servers.js'
import { type HttpCase, measureHttp } from '../http-round.js'
import { withSampleFile } from '../sample-file.js'
import { costAtMost, ratioAtLeast } from '../target.js'

const SIZES = [
  { title: '100 KB, 20 connections', fileBytes: 100_000, connections: 20 },
  { title: '10 MB, 8 connections', fileBytes: 10_000_000, connections: 8 },
] as const
const KINDS = [OURS_FILES, NGINX, NODE_HTTP]

export const httpFile: Benchmark = {
  name: 'http-file',
  package: 'http',
  summary: 'files of 100 KB and 10 MB, wrk, 20 and 8 connections',
  target: 'at least 0.8 of nginx with sendfile',
  unit: 'files/s',
  async run(context) {
    const measured: Measured[] = []
    for (const { title, fileBytes, connections } of SIZES) {
      const one: HttpCase = {
        title,
        load: { connections, target: '/file' },
        targets: [ratioAtLeast('nginx', 0.8)],
        costTargets: [costAtMost('nginx', 1.25)],
      }
      const measure = (path: FilePath) => measureHttp(path, KINDS, [one], context)
      measured.push(...(await withSampleFile(fileBytes, measure)))
    }
    return measured
  },
}
