/** The way to an origin: straight, over a UNIX socket, or through a proxy; and the connection made along it. */
import { type Stream, tcp, unix } from '@shrapnel/core'
import { HttpError } from '../errors.js'
import type { TlsClientOptions } from '../tls-types.js'
import type { ProxyServer } from './proxy.js'
import type { PoolSettings } from './settings.js'
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
  const { isTls, host, port, socketPath, proxy } = route
  const { localAddress } = settings
  const from = localAddress === undefined ? {} : { localAddress }
  if (socketPath === undefined && proxy === null) {
    if (!isTls) return tcp.connect(host, port, from)
    const tls = await loadTls()
    return tls.connect(host, port, { ...tlsOptions(settings), ...from })
  }
  const stream =
    socketPath !== undefined
      ? await unix.connect(socketPath)
      : await openProxy(route, proxy as ProxyServer, settings)
  return isTls ? secure(stream, host, settings) : stream
}

/** What leads through the proxy to the host; for plain HTTP, which an HTTP proxy understands, to the proxy. */
async function openProxy(route: Route, proxy: ProxyServer, settings: PoolSettings): Promise<Stream> {
  const { localAddress } = settings
  let stream: Stream = await tcp.connect(
    proxy.host,
    proxy.port,
    localAddress === undefined ? {} : { localAddress },
  )
  try {
    if (proxy.isTls) stream = await secure(stream, proxy.host, settings)
    if (proxy.kind === 'socks5') await socksConnect(stream, proxy, route.host, route.port)
    else if (!isForwarded(route)) await openTunnel(stream, proxy, route.host, route.port)
    return stream
  } catch (error) {
    stream.close()
    throw error
  }
}

async function secure(stream: Stream, host: string, settings: PoolSettings): Promise<Stream> {
  try {
    const tls = await loadTls()
    return await tls.upgrade(stream, { serverName: host, ...tlsOptions(settings) })
  } catch (error) {
    stream.close()
    throw error
  }
}

function tlsOptions({ tls }: PoolSettings): TlsClientOptions {
  return { alpn: ['http/1.1'], ...tls }
}

/** The package is asked for when it is needed first: those who speak plain HTTP need not have it. */
async function loadTls(): Promise<typeof import('@shrapnel/tls')['tls']> {
  try {
    return (await import('@shrapnel/tls')).tls
  } catch (cause) {
    throw new HttpError('HTTP_URL', 'https needs the package @shrapnel/tls', { cause })
  }
}
