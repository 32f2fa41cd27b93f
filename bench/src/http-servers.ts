/** The servers of HTTP/1.1 that the benchmarks set against each other, and how each is started. */
import { join } from 'node:path'
import { OURS } from './benchmark.js'
import { FOLDERS } from './folders.js'
import { problemWithCore, serverProgram } from './installed.js'
import type { ServerKind } from './servers.js'

/** `hello`: 13 bytes of text to every request. */
export type HttpJob = 'hello'

const nodeServer =
  (file: string) =>
  (job: HttpJob): readonly string[] => [process.execPath, join(FOLDERS.dist, 'servers', file), job]

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
