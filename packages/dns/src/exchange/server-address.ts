/**
 * A server in the ways one writes it: `192.0.2.53`, `192.0.2.53:5353`, `[2001:db8::1]:53`, `fe80::1%eth0`, `tls://1.1.1.1#name`.
 * Addresses only: a name would need a resolver.
 */
import { isIP } from 'node:net'
import { checkInteger, checkOptionNames, outOfRange, wrongType } from '@shrapnel/core/parts'
import type { ConnectOptions } from '@shrapnel/tls'
import type { Transport } from '../resolution.js'

export interface ServerOptions {
  /** IPv4 or IPv6, that one with a zone if it needs one: `fe80::1%eth0`. */
  readonly address: string
  /** 53 unless given; 853 with TLS. */
  readonly port?: number | undefined
  /** `udp` goes on over TCP where a reply is truncated; `tcp` never uses UDP; `tls` is DNS over TLS (RFC 7858). `udp` unless given. */
  readonly transport?: Transport | undefined
  /** The name that the certificate must be for. The address unless given. */
  readonly serverName?: string | undefined
  /** More for `tls.connect` of `@shrapnel/tls`: `ca`, `verify`, …. */
  readonly tls?: Omit<ConnectOptions, 'serverName' | 'alpn'> | undefined
}

export interface ServerAddress {
  /** `192.0.2.53:53`, `tls://[2001:db8::1]:853`: as replies and errors name it. */
  readonly name: string
  readonly address: string
  readonly port: number
  readonly transport: Transport
  readonly serverName: string | undefined
  readonly tls: ServerOptions['tls']
}

const OPTION_NAMES = new Set(['address', 'port', 'transport', 'serverName', 'tls'])
const TRANSPORTS = new Set<unknown>(['udp', 'tcp', 'tls'])
const PORTS = { udp: 53, tcp: 53, tls: 853 } as const
/** What stands behind the scheme: an address, in brackets if it is IPv6 with a port; a port; a name for the certificate. */
const FORM = /^(?:\[([^\]]+)\]|([^#[\]]+?))(?::(\d+))?(?:#(.+))?$/
const SCHEME = /^(udp|tcp|tls):\/\//

export function serverAddress(server: string | ServerOptions): ServerAddress {
  const options = typeof server === 'string' ? parse(server) : server
  checkOptionNames(options, OPTION_NAMES)
  const { address, transport = 'udp', serverName, tls } = options
  if (typeof address !== 'string') throw wrongType('address', 'a string', address)
  if (isIP(address) === 0) throw outOfRange('address', 'an IPv4 or IPv6 address', address)
  if (!TRANSPORTS.has(transport)) throw outOfRange('transport', 'udp, tcp or tls', transport)
  const port = checkInteger('port', options.port ?? PORTS[transport], 1, 65_535)
  if (serverName !== undefined && typeof serverName !== 'string')
    throw wrongType('serverName', 'a string', serverName)
  const end = address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
  const name = transport === 'udp' ? end : `${transport}://${end}`
  return { name, address, port, transport, serverName, tls }
}

function parse(text: string): ServerOptions {
  const scheme = SCHEME.exec(text)
  const transport = (scheme?.[1] ?? 'udp') as Transport
  const rest = scheme === null ? text : text.slice(scheme[0].length)
  const sharp = rest.indexOf('#')
  const bare = sharp < 0 ? rest : rest.slice(0, sharp)
  // A bare IPv6 address has colons of its own, and no port.
  if (isIP(bare) === 6)
    return { address: bare, transport, serverName: sharp < 0 ? undefined : rest.slice(sharp + 1) }
  const found = FORM.exec(rest)
  if (found === null) throw outOfRange('server', 'an address, with a port or without', JSON.stringify(text))
  const [, bracketed, plain, port, serverName] = found
  return {
    address: bracketed ?? (plain as string),
    transport,
    serverName,
    port: port === undefined ? undefined : Number(port),
  }
}
