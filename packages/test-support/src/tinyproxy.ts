/** tinyproxy, an HTTP proxy that is not ours: it opens tunnels for CONNECT to any port, and passes plain requests on. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { freePort } from './free-port.js'
import { type RealServer, startServer } from './real-server.js'

export interface ProxyOptions {
  /** Whom it serves; everybody unless given. */
  readonly username?: string | undefined
  readonly password?: string | undefined
}

/** It takes connections when the call returns; `port` is on 127.0.0.1. */
export async function startTinyproxy(options: ProxyOptions = {}): Promise<RealServer> {
  const port = await freePort()
  return await startServer({
    command: 'tinyproxy',
    args: (folder) => ['-d', '-c', join(folder, 'tinyproxy.conf')],
    prepare: (folder) => writeFile(join(folder, 'tinyproxy.conf'), configuration(options, port)),
    ready: { port },
  })
}

function configuration({ username, password }: ProxyOptions, port: number): string {
  const user = username === undefined ? '' : `BasicAuth ${username} ${password}`
  return `
Port ${port}
Listen 127.0.0.1
Timeout 60
MaxClients 100
LogLevel Info
${user}
`
}
