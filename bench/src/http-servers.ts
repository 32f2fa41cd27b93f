/** The servers of HTTP/1.1 that the benchmarks set against each other, and how each is started. */
import { join } from 'node:path'
import { OURS } from './benchmark.js'
import { FOLDERS } from './folders.js'
import { hasProgram, problemWithCore, serverProgram } from './installed.js'
import { PROGRAMS } from './native-build.js'
import type { ServerKind } from './servers.js'

/** `hello`: 13 bytes of text to every request. `hono`: an application of Hono. `post`: takes a body. `idle`: `hello`, over connections that may wait for ever. */
export type HttpJob = 'hello' | 'hono' | 'post' | 'idle'

const nodeServer =
  (file: string) =>
  (job: HttpJob): readonly string[] => [
    process.execPath,
    // Memory is asked for when garbage has been collected.
    ...(job === 'idle' ? ['--expose-gc'] : []),
    join(FOLDERS.dist, 'servers', file),
    job,
  ]

export const OURS_HTTP: ServerKind<HttpJob> = {
  name: OURS,
  command: (job) => (problemWithCore() === undefined ? nodeServer('http-ours.js')(job) : undefined),
  howToInstall: 'pnpm build',
}
/** The same with a handler that is an async function, as most are. */
export const OURS_ASYNC: ServerKind<HttpJob> = {
  ...OURS_HTTP,
  name: 'ours, async handler',
  command: (job) => {
    const command = OURS_HTTP.command(job)
    return command === undefined ? undefined : [...command, 'async']
  },
}
export const NODE_HTTP_SERVER: ServerKind<HttpJob> = {
  name: 'node:http',
  command: nodeServer('http-node.js'),
  howToInstall: '',
}
export const FASTIFY: ServerKind<HttpJob> = {
  name: 'fastify',
  command: nodeServer('http-fastify.js'),
  howToInstall: 'pnpm install',
}
/** Of the standard library, on one processor as the others are. */
export const GO_HTTP: ServerKind<HttpJob> = {
  name: 'go net/http',
  command: () => (hasProgram(PROGRAMS.goHttp) ? ['env', 'GOMAXPROCS=1', PROGRAMS.goHttp] : undefined),
  howToInstall: 'apt-get install golang-go',
}
export const NGINX_HTTP: ServerKind<HttpJob> = {
  name: 'nginx',
  command(job) {
    const nginx = serverProgram('nginx')
    return nginx === undefined
      ? undefined
      : [process.execPath, join(FOLDERS.dist, 'servers', 'nginx.js'), nginx, job]
  },
  howToInstall: 'apt-get install nginx-light',
}

const ours = (name: string, file: string, ...how: string[]): ServerKind<HttpJob> => ({
  ...OURS_HTTP,
  name,
  command: (job) => (problemWithCore() === undefined ? [...nodeServer(file)(job), ...how] : undefined),
})
const peer = (name: string, file: string, ...how: string[]): ServerKind<HttpJob> => ({
  name,
  command: (job) => [...nodeServer(file)(job), ...how],
  howToInstall: 'pnpm install',
})

/** Both put light classes in the place of the platform's: the peer does so unless told otherwise. */
export const OURS_HONO: ServerKind<HttpJob> = ours(OURS, 'http-hono-ours.js')
export const OURS_HONO_PLAIN: ServerKind<HttpJob> = ours(
  'ours, globals left alone',
  'http-hono-ours.js',
  'plain',
)
export const HONO_NODE_SERVER: ServerKind<HttpJob> = peer('@hono/node-server', 'http-hono-node.js')

export const OURS_POST: ServerKind<HttpJob> = ours(OURS, 'http-post-ours.js')
export const NODE_POST: ServerKind<HttpJob> = peer('node:http', 'http-post-node.js')
/** The same names: a case of its own, in which nothing is gathered. */
export const OURS_POST_IN_PLACE: ServerKind<HttpJob> = ours(OURS, 'http-post-ours.js', 'in place')
export const NODE_POST_IN_PLACE: ServerKind<HttpJob> = peer('node:http', 'http-post-node.js', 'in place')
