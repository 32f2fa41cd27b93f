/** What a server accepts from: a port, a UNIX socket or a listener that is there, with TLS or without. */
import { type Awaitable, type Socket, tcp, unix } from '@shrapnel/core'
import type { TlsError } from '../tls-types.js'
import type { ConnectionSettings, ConnectionSource, ServeOptions } from './options.js'
import { TurningAway } from './turn-away.js'

export async function listen(options: ServeOptions, settings: ConnectionSettings): Promise<ConnectionSource> {
  const { port, host, path, listener, tls: tlsOptions, backlog, reusePort } = options
  const places = [port, path, listener].filter((place) => place !== undefined)
  if (places.length !== 1)
    throw Object.assign(new TypeError('serve takes one of port, path and listener'), {
      code: 'ERR_INCOMPATIBLE_OPTION_PAIR' as const,
    })
  if (listener !== undefined) return listener
  if (path !== undefined) return unix.listen({ path, ...(backlog === undefined ? {} : { backlog }) })
  const where = {
    port: port as number,
    ...(host === undefined ? {} : { host }),
    ...(backlog === undefined ? {} : { backlog }),
    ...(reusePort === undefined ? {} : { reusePort }),
  }
  if (tlsOptions === undefined) return tcp.listen(where)
  const { tls } = await import('@shrapnel/tls')
  const onNotTls = (socket: Socket, { reason }: TlsError): Awaitable<void> => {
    if (reason === 'http request') return new TurningAway(settings).plainHttp(socket)
  }
  return tls.listen({ alpn: ['http/1.1'], onNotTls, ...tlsOptions, ...where })
}
