/**
 * haproxy in front of a server of the test: `/` with connections that are kept and shared by its clients, `/closing/` with one for each
 * request (`http-server-close`). It passes on paths as they come.
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { freePort } from './free-port.js'
import { type RealServer, startServer } from './real-server.js'

export interface HaproxyOptions {
  /** Of the server behind it, on 127.0.0.1. */
  readonly upstreamPort: number
}

/** It takes connections when the call returns; `port` is on 127.0.0.1. */
export async function startHaproxy({ upstreamPort }: HaproxyOptions): Promise<RealServer> {
  const port = await freePort()
  return await startServer({
    command: 'haproxy',
    args: (folder) => ['-db', '-f', join(folder, 'haproxy.cfg')],
    prepare: (folder) => writeFile(join(folder, 'haproxy.cfg'), configuration(port, upstreamPort)),
    ready: { port },
  })
}

function configuration(port: number, upstreamPort: number): string {
  return `
global
  maxconn 1000
defaults
  mode http
  timeout connect 5s
  timeout client 10s
  timeout server 10s
  timeout tunnel 10s
  retries 0
frontend before
  bind 127.0.0.1:${port}
  use_backend closing if { path_beg /closing/ }
  default_backend kept
backend kept
  option http-keep-alive
  http-reuse always
  server behind 127.0.0.1:${upstreamPort}
backend closing
  option http-server-close
  server behind 127.0.0.1:${upstreamPort}
`
}
