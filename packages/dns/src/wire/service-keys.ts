/** The keys of service bindings (RFC 9460, 14.3.2), and what they must not be together. */
import { Mnemonics } from './mnemonics.js'
import type { ServiceParams } from './record-data.js'

export const SERVICE_KEY = {
  mandatory: 0,
  alpn: 1,
  'no-default-alpn': 2,
  port: 3,
  ipv4hint: 4,
  ech: 5,
  ipv6hint: 6,
} as const
/** What has no name is `key7`. */
export const SERVICE_KEYS = new Mnemonics('service parameter', 'key', 0xffff, SERVICE_KEY)
export const MAX_SERVICE_KEY = 0xffff

/** What RFC 9460, 2.4.3, 7.1.1 and 8 ask of all of them together. */
export function checkServiceParams(params: ServiceParams, fail: (text: string) => never): void {
  if (params.noDefaultAlpn === true && params.alpn === undefined) fail('no-default-alpn without alpn')
  for (const word of params.mandatory ?? []) {
    const key = SERVICE_KEYS.find(word)
    if (key === undefined || !hasServiceKey(params, key)) fail(`${word} is mandatory, and missing`)
  }
}

export function hasServiceKey(params: ServiceParams, key: number): boolean {
  switch (key) {
    case SERVICE_KEY.mandatory:
      return params.mandatory !== undefined
    case SERVICE_KEY.alpn:
      return params.alpn !== undefined
    case SERVICE_KEY['no-default-alpn']:
      return params.noDefaultAlpn === true
    case SERVICE_KEY.port:
      return params.port !== undefined
    case SERVICE_KEY.ipv4hint:
      return params.ipv4hint !== undefined
    case SERVICE_KEY.ech:
      return params.ech !== undefined
    case SERVICE_KEY.ipv6hint:
      return params.ipv6hint !== undefined
    default:
      return params.others?.some((other) => other.key === key) ?? false
  }
}
