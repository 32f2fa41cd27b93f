/** Which proxy, if any: as an option says, or the environment, read as curl reads it. */
import { outOfRange, wrongType } from '@shrapnel/core/parts'
import { basic, decoded, parseUrl, type Target } from './target.js'

export interface ProxyServer {
  readonly kind: 'http' | 'socks5'
  /** TLS to the proxy itself. */
  readonly isTls: boolean
  readonly host: string
  readonly port: number
  /** The value of Proxy-Authorization. */
  readonly authorization: string | undefined
  readonly username: string
  readonly password: string
}

/** Asked for each origin once. */
export type ProxyChooser = (target: Target) => ProxyServer | null

const USUAL_PORTS: Readonly<Record<string, number>> = {
  'http:': 80,
  'https:': 443,
  'socks:': 1080,
  'socks5:': 1080,
  'socks5h:': 1080,
}

export function proxyChooser(option: string | URL | undefined, environment = process.env): ProxyChooser {
  if (option === undefined || option === 'env') return (target) => fromEnvironment(target, environment)
  if (option === 'none') return () => null
  if (typeof option !== 'string' && !(option instanceof URL)) throw wrongType('proxy', 'a URL', option)
  const proxy = parseProxy(option)
  return () => proxy
}

/** Throws `HTTP_URL`, and `ERR_OUT_OF_RANGE` for a scheme that no proxy has. */
function parseProxy(text: string | URL): ProxyServer {
  const url = text instanceof URL ? text : parseUrl(text.includes('://') ? text : `http://${text}`, undefined)
  const { protocol, hostname, port, username, password } = url
  const usual = USUAL_PORTS[protocol]
  if (usual === undefined || hostname === '')
    throw outOfRange('proxy', 'a URL of http, https, socks5 or socks5h', protocol)
  return {
    kind: protocol.startsWith('socks') ? 'socks5' : 'http',
    isTls: protocol === 'https:',
    host: hostname.startsWith('[') ? hostname.slice(1, -1) : hostname,
    port: port === '' ? usual : Number(port),
    authorization: username === '' ? undefined : basic(username, password),
    username: decoded(username),
    password: decoded(password),
  }
}

type Environment = Readonly<Record<string, string | undefined>>

/** `HTTP_PROXY` in capitals is not read: a CGI program has there what a client sent as the field Proxy. */
function fromEnvironment(target: Target, environment: Environment): ProxyServer | null {
  const of = (name: string): string | undefined => environment[name] || environment[name.toUpperCase()]
  const text = (target.isTls ? of('https_proxy') : environment.http_proxy) || of('all_proxy')
  if (text === undefined || text === '' || isExcepted(target, of('no_proxy') ?? '')) return null
  return parseProxy(text)
}

/** `*`, hosts and what ends in `.host`, addresses and networks (`10.0.0.0/8`); a port narrows an entry. */
export function isExcepted({ host, port }: Pick<Target, 'host' | 'port'>, list: string): boolean {
  return list
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
    .some((entry) => matchesEntry(host.toLowerCase().replace(/\.$/, ''), port, entry.toLowerCase()))
}

function matchesEntry(host: string, port: number, entry: string): boolean {
  if (entry === '*') return true
  if (entry.includes('/')) return isInNetwork(host, entry)
  const withPort = /^(\[[^\]]*\]|[^:]*):(\d+)$/.exec(entry)
  if (withPort !== null && Number(withPort[2]) !== port) return false
  const name = (withPort?.[1] ?? entry)
    .replace(/^\[|\]$/g, '')
    .replace(/^\*?\./, '')
    .replace(/\.$/, '')
  return name !== '' && (host === name || host.endsWith(`.${name}`))
}

/** IPv4 alone: nobody writes the other down. */
function isInNetwork(host: string, entry: string): boolean {
  const [network = '', bits = ''] = entry.split('/')
  const length = Number(bits)
  const a = ipv4(host)
  const b = ipv4(network)
  if (a === undefined || b === undefined || !/^\d{1,2}$/.test(bits) || length > 32) return false
  return length === 0 || a >>> (32 - length) === b >>> (32 - length)
}

function ipv4(text: string): number | undefined {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)
  if (parts === null) return undefined
  return parts.slice(1).reduce((all, part) => (all * 256 + Number(part)) >>> 0, 0)
}
