/** A server as the command line names it: `192.0.2.1`, `dns.example#5353`, `[2001:db8::1]:53`, `tls://192.0.2.1#dns.example`. */
import { isIP } from 'node:net'
import type { Transport } from '../resolution.js'
import { UsageError } from './usage-error.js'

export interface ServerPoint {
  readonly host: string
  readonly port: number
  readonly transport: Transport
  /** What its certificate must be for, with TLS. Undefined: `host`. */
  readonly tlsName: string | undefined
}

export const DNS_PORT = 53
/** RFC 7858, 3.1. */
export const TLS_PORT = 853

const SCHEMES = new Set(['udp', 'tcp', 'tls'])
const MOST_PORT = 65_535

export interface PointDefaults {
  readonly transport: Transport
  /** Undefined: what the transport has. */
  readonly port: number | undefined
}

export function parseServer(text: string, defaults: PointDefaults): ServerPoint {
  const [, scheme, rest = ''] = /^(?:([a-z]+):\/\/)?(.*)$/i.exec(text) ?? []
  if (scheme !== undefined && !SCHEMES.has(scheme.toLowerCase()))
    throw new UsageError(`--server ${text}: it can begin with udp://, tcp:// or tls://`)
  const transport = (scheme?.toLowerCase() as Transport | undefined) ?? defaults.transport
  const { host, port, name } = split(rest)
  if (host === '' || /[\s/@]/.test(host)) throw new UsageError(`--server ${text}: that is no server`)
  if (name !== undefined && transport !== 'tls') throw new UsageError(`--server ${text}: ${name} is no port`)
  const usual = defaults.port ?? (transport === 'tls' ? TLS_PORT : DNS_PORT)
  return {
    host,
    transport,
    port: port === undefined ? usual : parsePort(`--server ${text}`, port),
    tlsName: name,
  }
}

interface Parts {
  readonly host: string
  readonly port?: string | undefined
  readonly name?: string | undefined
}

/** Behind `#` is a port, as dig and Unbound write it, or the name of a certificate, as in systemd's resolved.conf. */
function split(text: string): Parts {
  const sharp = text.indexOf('#')
  const before = sharp < 0 ? text : text.slice(0, sharp)
  const behind = sharp < 0 ? undefined : text.slice(sharp + 1)
  const { host, port } = splitColon(before)
  if (behind === undefined) return { host, port }
  return port === undefined && /^\d*$/.test(behind) ? { host, port: behind } : { host, port, name: behind }
}

function splitColon(text: string): Parts {
  const bracketed = /^\[([^\]]*)\](?::(.*))?$/.exec(text)
  if (bracketed !== null) return { host: bracketed[1] ?? '', port: bracketed[2] }
  const colon = text.lastIndexOf(':')
  return colon < 0 || isIP(text) !== 0
    ? { host: text }
    : { host: text.slice(0, colon), port: text.slice(colon + 1) }
}

export function parsePort(option: string, text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0
  if (port < 1 || port > MOST_PORT)
    throw new UsageError(`${option}: a port is a number from 1 to ${MOST_PORT}`)
  return port
}
