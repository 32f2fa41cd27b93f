/** What a server accepts from: a port, a UNIX socket or a listener that is there, with TLS or without. */
import { tcp, unix } from '@shrapnel/core'
import type { ConnectionSource, ServeOptions } from './options.js'

export async function listen(options: ServeOptions): Promise<ConnectionSource> {
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
  return tls.listen({ alpn: ['http/1.1'], ...tlsOptions, ...where })
}
