/** A server as the command line names it: `192.0.2.1`, `dns.example#5353`, `[2001:db8::1]:53`, `tls://dns.example`. */
import { isIP } from 'node:net'
import { UsageError } from './usage-error.js'

export interface ServerPoint {
  readonly host: string
  readonly port: number
  readonly transport: 'udp' | 'tcp' | 'tls'
}

export const DNS_PORT = 53
/** RFC 7858, 3.1. */
export const TLS_PORT = 853

const SCHEMES = new Set(['udp', 'tcp', 'tls'])
const MOST_PORT = 65_535

export interface PointDefaults {
  readonly transport: ServerPoint['transport']
  /** Undefined: what the transport has. */
  readonly port: number | undefined
}

export function parseServer(text: string, defaults: PointDefaults): ServerPoint {
  const [, scheme, rest] = /^(?:([a-z]+):\/\/)?(.*)$/is.exec(text) as unknown as [string, string | undefined, string]
  if (scheme !== undefined && !SCHEMES.has(scheme.toLowerCase()))
    throw new UsageError(`--server ${text}: it can begin with udp://, tcp:// or tls://`)
  const transport = (scheme?.toLowerCase() as ServerPoint['transport'] | undefined) ?? defaults.transport
  const { host, port } = splitPort(rest)
  if (host === '' || /[\s/@]/.test(host)) throw new UsageError(`--server ${text}: that is no server`)
  const fallback = defaults.port ?? (transport === 'tls' ? TLS_PORT : DNS_PORT)
  return { host, transport, port: port === undefined ? fallback : parsePort(`--server ${text}`, port) }
}

function splitPort(text: string): { host: string; port: string | undefined } {
  const bracketed = /^\[([^\]]*)\](?:[:#](.*))?$/.exec(text)
  if (bracketed !== null) return { host: bracketed[1] as string, port: bracketed[2] }
  const hash = text.indexOf('#')
  if (hash >= 0) return { host: text.slice(0, hash), port: text.slice(hash + 1) }
  const colon = text.lastIndexOf(':')
  if (colon >= 0 && isIP(text) === 0) return { host: text.slice(0, colon), port: text.slice(colon + 1) }
  return { host: text, port: undefined }
}

export function parsePort(option: string, text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0
  if (port < 1 || port > MOST_PORT) throw new UsageError(`${option}: a port is a number from 1 to ${MOST_PORT}`)
  return port
}

/** `192.0.2.1#53`, as it is printed. */
export function formatServer({ host, port }: Pick<ServerPoint, 'host' | 'port'>): string {
  return `${host}#${port}`
}
