/** microsocks, a SOCKS5 proxy that is not ours. */
import { freePort } from './free-port.js'
import { type RealServer, startServer } from './real-server.js'
import type { ProxyOptions } from './tinyproxy.js'

/** It takes connections when the call returns; `port` is on 127.0.0.1. */
export async function startMicrosocks({ username, password }: ProxyOptions = {}): Promise<RealServer> {
  const port = await freePort()
  const user = username === undefined ? [] : ['-u', username, '-P', password ?? '']
  return await startServer({
    command: 'microsocks',
    args: ['-i', '127.0.0.1', '-p', `${port}`, ...user],
    ready: { port },
  })
}
