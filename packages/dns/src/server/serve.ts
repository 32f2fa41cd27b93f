/** Listens for queries. */
import type { Socket, Stream } from '@shrapnel/core'
import { checkFunction } from '@shrapnel/core/parts'
import { loadTls } from '../tls-package.js'
import { DnsServer, type Securing } from './dns-server.js'
import { type ServeOptions, type ServeSettings, serveSettings } from './options.js'
import type { QueryHandler } from './query.js'

/** RFC 7858, 3.1. */
const ALPN = 'dot'

/**
 * Answers queries by UDP and TCP, and by TLS with a certificate, through `handler`: a coroutine for each. Waits only for the package
 * `@shrapnel/tls`, where that is needed. Fails with `EADDRINUSE`, `EACCES`, `EADDRNOTAVAIL`, `TLS_OPTION`, `ERR_MODULE_NOT_FOUND`.
 * Queries that cannot be read, or are none, are answered or dropped without the handler (RFC 1035, 6891, 9619).
 */
export async function serve(options: ServeOptions, handler: QueryHandler): Promise<DnsServer> {
  const settings = serveSettings(options)
  checkFunction('handler', handler)
  return new DnsServer(settings, handler, await securing(settings))
}

async function securing({ tls: options, idleTimeoutMs }: ServeSettings): Promise<Securing | undefined> {
  if (options === undefined) return undefined
  const tls = await loadTls()
  const { port: _, ...identity } = options
  const settled = { ...identity, alpn: [ALPN] }
  // A wrong certificate is an error of whoever starts the server, and not of each client.
  tls.context(settled)
  const handshakeTimeoutMs = idleTimeoutMs
  return (socket: Socket): Promise<Stream> =>
    tls.upgrade(socket, { ...settled, isServer: true, handshakeTimeoutMs })
}
