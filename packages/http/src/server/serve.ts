/** Where a server begins: on a port, or on one stream. */
import { Event, type Stream } from '@shrapnel/core'
import { checkFunction, checkInteger, checkOptions, wrongType } from '@shrapnel/core/parts'
import type { Handler } from '../message.js'
import { whenDraining } from './draining.js'
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
  return new Server(
    await listen(options, settings),
    handler,
    settings,
    maxConnections,
    options.tls !== undefined,
  )
}

export interface ServeStreamOptions extends ConnectionOptions {
  /**
   * When it is set, the connection ends: at once if it waits for a request, else behind the answer it is at; one that comes later, behind its
   * first answer. That of a prefork worker, say.
   */
  readonly draining?: Event<unknown>
}

/**
 * Serves the requests that come on one stream, and closes it: for streams that no listener accepted. Waits until it has ended.
 * Cancelling cancels the handler that waits.
 */
export async function serveStream(
  stream: Stream,
  handler: Handler,
  options: ServeStreamOptions = {},
): Promise<void> {
  checkOptions(options)
  const { draining, ...others } = options
  const settings = connectionSettings(others)
  checkFunction('handler', handler)
  if (draining !== undefined && !(draining instanceof Event))
    throw wrongType('draining', 'an Event', draining)
  const owner = { handler, settings, isStopping: draining?.isSet === true, ended: () => {} }
  const connection = connectionOf(owner, stream)
  if (draining === undefined || draining.isSet) return connection.run()
  const forget = whenDraining(draining, () => {
    owner.isStopping = true
    connection.stop()
  })
  try {
    await connection.run()
  } finally {
    forget()
  }
}
