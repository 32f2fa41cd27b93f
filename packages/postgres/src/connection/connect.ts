/** Opening one connection. */
import type { ConnectOptions } from '../connect/connect-options.js'
import { openBackend } from '../connect/open-backend.js'
import { resolveConnect } from '../connect/resolve-connect.js'
import { PostgresConnection } from './connection.js'
import { checkSettings, QUERY_SETTINGS, type QuerySettings } from './settings.js'

export interface ConnectionOptions extends ConnectOptions, QuerySettings {}

/**
 * Opens a connection to one of the servers that the URL or the options name, logs in, and gives it when the server is ready. Waits for names,
 * the network, and the server, each server for `connectTimeoutMs`. Cancelled, it leaves nothing open.
 *
 * Fails with PG_CONNECT, PG_AUTH, PG_OPTION, PG_SERVER.
 */
export async function connect(target: string | URL | ConnectionOptions = {}): Promise<PostgresConnection> {
  const resolved = resolveConnect(target, { besides: QUERY_SETTINGS })
  const settings = typeof target === 'string' || target instanceof URL ? {} : target
  // Before anything is opened that would have to be closed.
  checkSettings(settings)
  const { onNotice } = settings
  return new PostgresConnection(await openBackend(resolved, { onNotice }), settings)
}
