/** From what a program says of its server to what opens connections to it. */
import type { ConnectOptions } from '../connect/connect-options.js'
import { openBackend } from '../connect/open-backend.js'
import { resolveConnect } from '../connect/resolve-connect.js'
import { checkSettings, QUERY_SETTINGS, type QuerySettings } from '../connection/settings.js'
import { Connection } from './connection.js'

/** How a server is reached, and what queries may do there. */
export interface ConnectionOptions extends ConnectOptions, QuerySettings {}

/** Checks all that can be checked without a server. Throws PG_OPTION. */
export function opener(target: string | URL | ConnectionOptions): () => Promise<Connection> {
  const resolved = resolveConnect(target, { besides: QUERY_SETTINGS })
  const settings = typeof target === 'string' || target instanceof URL ? {} : target
  checkSettings(settings)
  const { onNotice } = settings
  return async () => new Connection(await openBackend(resolved, { onNotice }), settings)
}
