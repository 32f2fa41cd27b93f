/** Where a server begins: on a port, or on one stream. */
import type { Stream } from '@shrapnel/core'
import { checkFunction, checkInteger } from '@shrapnel/core/parts'
import type { Handler } from '../message.js'
import { listen } from './listen.js'
import { type ConnectionOptions, connectionSettings, type ServeOptions } from './options.js'
import { connectionOf, Server } from './server.js'

const DEFAULT_MAX_CONNECTIONS = 50_000

/**
 * Serves HTTP/1.1 with `handler`, which is called for each request in a scope of its own: it is cancelled when the client goes away.
 * Waits only to load what TLS needs. Fails with `EADDRINUSE`, `EACCES`, `EADDRNOTAVAIL`, `TLS_OPTION`, and Node's errors for arguments.
 */
export async function serve(options: ServeOptions, handler: Handler): Promise<Server> {
  const settings = connectionSettings(options, true)
  checkFunction('handler', handler)
  const maxConnections = checkInteger(
    'maxConnections',
    options.maxConnections ?? DEFAULT_MAX_CONNECTIONS,
    1,
    Number.MAX_SAFE_INTEGER,
  )
  return new Server(await listen(options), handler, settings, maxConnections, options.tls !== undefined)
}

/**
 * Serves the requests that come on one stream, and closes it: for streams that no listener accepted. Waits until it has ended.
 * Cancelling cancels the handler that waits.
 */
export async function serveStream(
  stream: Stream,
  handler: Handler,
  options: ConnectionOptions = {},
): Promise<void> {
  const settings = connectionSettings(options)
  checkFunction('handler', handler)
  await connectionOf({ handler, settings, isStopping: false, ended: () => {} }, stream).run()
}
