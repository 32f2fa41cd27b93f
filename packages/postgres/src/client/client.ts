/** The two ways in: one connection, or a pool of them. */
import { Pool } from '../pool/pool.js'
import type { PoolOptions } from '../pool/pool-options.js'
import type { Connection } from './connection.js'
import { checkWhereOptionsAre } from './misplaced-options.js'
import { type ConnectionOptions, opener } from './opener.js'

/**
 * Opens a connection to one of the servers that the URL or the options name, logs in, and gives it when the server is ready. Waits for names,
 * the network, and the server, each server for `connectTimeoutMs`. Cancelled, it leaves nothing open.
 *
 * Fails with PG_CONNECT, PG_AUTH, PG_OPTION, PG_SERVER.
 */
export async function connect(target: string | URL | ConnectionOptions = {}): Promise<Connection> {
  return await opener(target)()
}

/**
 * A pool of connections to one of the servers that the URL or the options name. Gives it at once: connections are opened as they are needed, or
 * `minConnections` from the beginning, in the background. It keeps no process alive, but what waits for it does. Throws PG_OPTION.
 */
export function pool(target: string | URL | ConnectionOptions = {}, options: PoolOptions = {}): Pool {
  checkWhereOptionsAre(target, options)
  return new Pool(opener(target), options)
}
