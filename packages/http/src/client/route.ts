/** The way to an origin: straight, over a UNIX socket, or through a proxy; and the connection made along it. */
import { type Stream, tcp, unix } from '@shrapnel/core'
import type { ClientOptions as TlsClientOptions } from '@shrapnel/tls'
import { HttpError } from '../errors.js'
import type { PoolSettings } from './options.js'
import type { ProxyServer } from './proxy.js'
import { socksConnect } from './socks.js'
import type { Target } from './target.js'
import { openTunnel } from './tunnel.js'

export interface Route {
  readonly origin: string
  readonly isTls: boolean
  readonly host: string
  readonly port: number
  readonly socketPath: string | undefined
  readonly proxy: ProxyServer | null
}

export function routeTo(target: Target, socketPath: string | undefined, proxy: ProxyServer | null): Route {
  const { origin, isTls, host, port } = target
  return { origin, isTls, host, port, socketPath, proxy: socketPath === undefined ? proxy : null }
}

/** Whether requests on it name the whole URL: plain HTTP through an HTTP proxy (RFC 9112, 3.2.2). */
export function isForwarded({ isTls, proxy }: Route): boolean {
  return !isTls && proxy !== null && proxy.kind === 'http'
}

/** Connects. Cancelling leaves nothing open. Fails as `tcp.connect` and `tls.connect` do, and with `HTTP_PROXY`. */
export async function openStream(route: Route, settings: PoolSettings): Promise<Stream> {
  const { isTls, host, port } = route
  const stream = await openPlain(route, settings)
  if (!isTls) return stream
  return secure(stream, host, port, settings.tls)
}

async function openPlain(route: Route, settings: PoolSettings): Promise<Stream> {
  const { socketPath, proxy, host, port } = route
  if (socketPath !== undefined) return unix.connect(socketPath)
  if (proxy === null) return connectTcp(host, port, settings)
  const socket = await connectTcp(proxy.host, proxy.port, settings)
  let stream: Stream = socket
  try {
    if (proxy.isTls) stream = await secure(socket, proxy.host, proxy.port, settings.tls)
    if (proxy.kind === 'socks5') await socksConnect(stream, proxy, host, port)
    else if (!isForwarded(route)) return await openTunnel(stream, proxy, host, port)
    return stream
  } catch (error) {
    stream.close()
    throw error
  }
}

function connectTcp(host: string, port: number, { localAddress }: PoolSettings): Promise<Stream> {
  return tcp.connect(host, port, localAddress === undefined ? {} : { localAddress })
}

/** The package is asked for when it is needed first: those who speak plain HTTP need not have it. */
async function secure(
  stream: Stream,
  host: string,
  port: number,
  options: TlsClientOptions,
): Promise<Stream> {
  let tls: typeof import('@shrapnel/tls')['tls']
  try {
    tls = (await import('@shrapnel/tls')).tls
  } catch (cause) {
    stream.close()
    throw new HttpError('HTTP_URL', 'https needs the package @shrapnel/tls', { cause })
  }
  return tls.upgrade(stream, { alpn: ['http/1.1'], serverName: host, ...options })
}
