/** Bodies that a server reads to their end: gathered into one Buffer, and taken piece by piece into memory that is used again. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Benchmark, Measured } from '../benchmark.js'
import { type HttpCase, measureHttp } from '../http-round.js'
import { NODE_POST, NODE_POST_IN_PLACE, OURS_POST, OURS_POST_IN_PLACE } from '../http-servers.js'
import { costAtMost, ratioAtLeast } from '../target.js'

const SIZES = [
  ['10 KB', 10_240],
  ['1 MB', 1_048_576],
] as const
const WAYS = [
  ['gathered', [OURS_POST, NODE_POST]],
  ['in pieces', [OURS_POST_IN_PLACE, NODE_POST_IN_PLACE]],
] as const
const CONNECTIONS = 10

export const httpPost: Benchmark = {
  name: 'http-post',
  package: 'http',
  summary: 'bodies of 10 KB and 1 MB, wrk, 10 connections',
  target: '1.5 times node:http',
  unit: 'answers/s',
  async run(context) {
    const folder = await mkdtemp(join(tmpdir(), 'bench-post-'))
    try {
      const measured: Measured[] = []
      for (const [how, kinds] of WAYS) {
        const cases = await Promise.all(SIZES.map((size) => caseOf(how, size, folder)))
        measured.push(...(await measureHttp('post', kinds, cases, context)))
      }
      return measured
    } finally {
      await rm(folder, { recursive: true })
    }
  },
}

async function caseOf(
  how: string,
  [title, size]: readonly [string, number],
  folder: string,
): Promise<HttpCase> {
  const script = join(folder, `${size}.lua`)
  await writeFile(script, `wrk.method = 'POST'\nwrk.body = string.rep('x', ${size})\n`)
  return {
    title: `${title}, ${how}`,
    load: { connections: CONNECTIONS, script },
    targets: [ratioAtLeast('node:http', 1.5)],
    costTargets: [costAtMost('node:http', 0.67)],
  }
}
