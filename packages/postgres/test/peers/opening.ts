/** A connection, from options of both kinds. */
import { openBackend } from '../../src/connect/open-backend.js'
import type { ConnectOptions } from '../../src/connect/connect-options.js'
import { resolveConnect } from '../../src/connect/resolve-connect.js'
import { PostgresConnection } from '../../src/connection/connection.js'
import { QUERY_SETTINGS, type QuerySettings } from '../../src/connection/settings.js'

export async function connect(options: ConnectOptions & QuerySettings): Promise<PostgresConnection> {
  const entries = Object.entries(options)
  const settings = Object.fromEntries(entries.filter(([name]) => QUERY_SETTINGS.has(name)))
  const places = Object.fromEntries(entries.filter(([name]) => !QUERY_SETTINGS.has(name)))
  return new PostgresConnection(await openBackend(resolveConnect(places)), settings)
}
