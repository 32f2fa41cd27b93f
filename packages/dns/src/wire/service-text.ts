/** The parameters of service bindings as text: `alpn="h2,h3" port="8443"` (RFC 9460, 2.1 and appendix A). */
import { formatIpv4, formatIpv6, IPV6_BYTES, parseIpv4, parseIpv6 } from './address.js'
import { formatString, formatTextString, parseString } from './character-string.js'
import { DnsWireError } from './errors.js'
import type { ServiceParams } from './record-data.js'
import { checkServiceParams, SERVICE_KEY as KEY, SERVICE_KEYS } from './service-keys.js'
import { formatBase64 } from './text-form.js'
import type { TextReader } from './text-reader.js'

export function formatServiceParams(params: ServiceParams): string[] {
  const words: string[] = []
  const add = (key: string, value: string) => words.push(`${key}=${value}`)
  if (params.mandatory !== undefined) add('mandatory', params.mandatory.join(','))
  if (params.alpn !== undefined) add('alpn', formatTextString(params.alpn.map(escapeItem).join(',')))
  if (params.noDefaultAlpn === true) words.push('no-default-alpn')
  if (params.port !== undefined) add('port', String(params.port))
  if (params.ipv4hint !== undefined) add('ipv4hint', params.ipv4hint.join(','))
  if (params.ech !== undefined) add('ech', formatBase64(params.ech))
  if (params.ipv6hint !== undefined) add('ipv6hint', params.ipv6hint.join(','))
  for (const { key, bytes } of params.others ?? []) add(`key${key}`, formatString(bytes))
  return words
}

/** An item of a list has its commas escaped, before the whole is escaped once more (appendix A.1). */
const escapeItem = (item: string): string => item.replace(/[\\,]/g, '\\$&')

type Mutable<Type> = { -readonly [Field in keyof Type]: Type[Field] }

const PARAM = /^([a-z0-9-]+)(?:=(?:"((?:[^"\\]|\\.)*)"|((?:[^"\\]|\\.)*)))?$/

/** To the end of the record, in any order. */
export function parseServiceParams(reader: TextReader): ServiceParams {
  const params: Mutable<ServiceParams> = {}
  const others = new Map<number, Uint8Array>()
  const seen = new Set<number>()
  while (!reader.isAtEnd()) {
    const text = reader.plain('params')
    const [, word, quoted, bare] = PARAM.exec(text) ?? fail(`'${text}' is no service parameter`)
    const key = SERVICE_KEYS.find(word as string) ?? fail(`there is no service parameter '${word}'`)
    if (seen.has(key)) fail(`the service parameter '${word}' is there twice`)
    seen.add(key)
    parseParam(key, parseString(quoted ?? bare ?? ''), params, others)
  }
  if (others.size > 0) {
    params.others = [...others].sort(([a], [b]) => a - b).map(([key, bytes]) => ({ key, bytes }))
  }
  checkServiceParams(params, fail)
  return params
}

function parseParam(
  key: number,
  value: Buffer,
  params: Mutable<ServiceParams>,
  others: Map<number, Uint8Array>,
): void {
  const text = value.toString('latin1')
  switch (key) {
    case KEY.mandatory:
      params.mandatory = parseMandatory(text)
      break
    case KEY.alpn:
      params.alpn = parseItems(text)
      break
    case KEY['no-default-alpn']:
      if (text !== '') fail('no-default-alpn has no value')
      params.noDefaultAlpn = true
      break
    case KEY.port:
      if (!/^\d{1,5}$/.test(text) || Number(text) > 0xffff) fail(`'${text}' is no port`)
      params.port = Number(text)
      break
    case KEY.ipv4hint:
      params.ipv4hint = text.split(',').map((address) => parseHint(address, parseIpv4, formatIpv4))
      break
    case KEY.ech:
      if (!BASE64.test(text)) fail('ech is no base 64')
      params.ech = Uint8Array.from(Buffer.from(text, 'base64'))
      break
    case KEY.ipv6hint:
      params.ipv6hint = text.split(',').map((address) => parseHint(address, parseIpv6, formatIpv6))
      break
    default:
      others.set(key, Uint8Array.from(value))
  }
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

function parseMandatory(text: string): string[] {
  const keys = text
    .split(',')
    .map((word) => SERVICE_KEYS.find(word) ?? fail(`there is no service parameter '${word}'`))
  if (new Set(keys).size < keys.length || keys.includes(KEY.mandatory))
    fail('a mandatory key twice, or `mandatory` itself')
  return keys.sort((a, b) => a - b).map((key) => SERVICE_KEYS.word(key))
}

/** Items of 1 to 255 bytes between commas that are not escaped. */
function parseItems(text: string): string[] {
  const items = [...text.matchAll(/(?:^|,)((?:[^,\\]|\\.)*)(?=,|$)/gs)]
  const length = items.reduce((sum, [whole]) => sum + whole.length, 0)
  if (length !== text.length) fail('a list with a backslash at its end')
  return items.map(([, item]) => {
    const bytes = (item as string).replace(/\\(.)/gs, '$1')
    return bytes.length > 0 && bytes.length <= 255 ? bytes : fail('an item of a list has 1 to 255 bytes')
  })
}

function parseHint(
  text: string,
  parse: (text: string, bytes: Uint8Array, at: number) => boolean,
  format: (bytes: Uint8Array, at: number) => string,
): string {
  const bytes = new Uint8Array(IPV6_BYTES)
  return parse(text, bytes, 0) ? format(bytes, 0) : fail(`'${text}' is no address of that kind`)
}

function fail(text: string): never {
  throw new DnsWireError('DNS_TEXT', text)
}
