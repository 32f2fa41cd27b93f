/** The same application of Hono on two servers: text, JSON behind a middleware with a parameter, JSON that is parsed and sent back. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Benchmark } from '../benchmark.js'
import { type HttpCase, measureHttp } from '../http-round.js'
import { HONO_NODE_SERVER, OURS_HONO, OURS_HONO_PLAIN } from '../http-servers.js'
import { costAtMost, ratioAtLeast } from '../target.js'

const KINDS = [OURS_HONO, OURS_HONO_PLAIN, HONO_NODE_SERVER]
const POST = `wrk.method = 'POST'
wrk.body = '{"a":[1,2,3],"text":"some text of some length"}'
wrk.headers['Content-Type'] = 'application/json'
`
const goals = {
  targets: [ratioAtLeast('@hono/node-server', 1.5)],
  costTargets: [costAtMost('@hono/node-server', 0.67)],
}

export const httpHono: Benchmark = {
  name: 'http-hono',
  package: 'http',
  summary: 'one application of Hono on ours and on @hono/node-server, wrk, 50 connections',
  target: '1.5 times @hono/node-server',
  unit: 'answers/s',
  async run(context) {
    const folder = await mkdtemp(join(tmpdir(), 'bench-hono-'))
    const script = join(folder, 'post.lua')
    await writeFile(script, POST)
    const cases: HttpCase[] = [
      { title: 'GET of text', load: { connections: 50 }, ...goals },
      { title: 'GET of JSON', load: { connections: 50, target: '/api/user/42' }, ...goals },
      { title: 'POST of JSON', load: { connections: 50, target: '/echo', script }, ...goals },
    ]
    try {
      return await measureHttp('hono', KINDS, cases, context)
    } finally {
      await rm(folder, { recursive: true })
    }
  },
}
