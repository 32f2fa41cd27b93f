/** The OPT record (RFC 6891), which is no record at all but more header, and its options. */
import { formatIpv4, formatIpv6, IPV4_BYTES, IPV6_BYTES, parseIpv4, parseIpv6 } from './address.js'
import type { ByteReader } from './byte-reader.js'
import type { ByteWriter } from './byte-writer.js'
import { DnsWireError } from './errors.js'
import { DNSSEC_OK } from './layout.js'
import type { Edns, EdnsOption } from './message.js'
import { RECORD_TYPES } from './mnemonics.js'

export const OPT_TYPE = RECORD_TYPES.number('OPT')

/** IANA's registry of option codes. */
const OPTION = { 'CLIENT-SUBNET': 8, COOKIE: 10, PADDING: 12, 'EXTENDED-ERROR': 15 } as const
/** RFC 7873, 4. */
const CLIENT_COOKIE_BYTES = 8
const MIN_SERVER_COOKIE_BYTES = 8
const MAX_SERVER_COOKIE_BYTES = 32
/** RFC 7871, 6, from IANA's registry of address families. */
const FAMILY = { ipv4: 1, ipv6: 2 } as const

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true })

/** What of the response code and of the flags is in the record's TTL (RFC 6891, 6.1.3). */
export interface DecodedEdns {
  readonly edns: Edns
  readonly upperRcode: number
}

/** From the class of the record on; its name and type are read. */
export function decodeEdns(reader: ByteReader): DecodedEdns {
  const udpPayloadBytes = reader.uint16()
  const upperRcode = reader.uint8()
  const version = reader.uint8()
  const flags = reader.uint16()
  reader.begin(reader.uint16())
  const options: EdnsOption[] = []
  const recordEnd = reader.end
  while (!reader.isAtEnd()) {
    const code = reader.uint16()
    const length = reader.uint16()
    if (length > recordEnd - reader.at) reader.skip(length)
    const end = reader.at + length
    reader.end = end
    options.push(decodeOption(reader, code, length))
    if (reader.at !== end) reader.failValue(`the value of option ${code} is too long`)
    reader.end = recordEnd
  }
  reader.finish()
  return { edns: { udpPayloadBytes, version, dnssecOk: (flags & DNSSEC_OK) !== 0, options }, upperRcode }
}

function decodeOption(reader: ByteReader, code: number, length: number): EdnsOption {
  switch (code) {
    case OPTION.COOKIE: {
      const serverLength = length - CLIENT_COOKIE_BYTES
      if (!isCookieLength(serverLength)) reader.failValue('a cookie has 8, or 16 to 40 bytes')
      return { option: 'COOKIE', client: reader.take(CLIENT_COOKIE_BYTES), server: reader.rest() }
    }
    case OPTION.PADDING:
      reader.skip(length)
      return { option: 'PADDING', bytes: length }
    case OPTION['CLIENT-SUBNET']:
      return decodeSubnet(reader)
    case OPTION['EXTENDED-ERROR']: {
      const infoCode = reader.uint16()
      // Some end the text with a NUL, which RFC 8914, 2 tells to take.
      const text = utf8.decode(reader.rest())
      return { option: 'EXTENDED-ERROR', infoCode, text }
    }
    default:
      return { option: 'OTHER', code, bytes: reader.rest() }
  }
}

const isCookieLength = (serverLength: number): boolean =>
  serverLength === 0 || (serverLength >= MIN_SERVER_COOKIE_BYTES && serverLength <= MAX_SERVER_COOKIE_BYTES)

function decodeSubnet(reader: ByteReader): EdnsOption {
  const family = reader.uint16()
  const sourcePrefix = reader.uint8()
  const scopePrefix = reader.uint8()
  if (family !== FAMILY.ipv4 && family !== FAMILY.ipv6)
    reader.failValue(`a subnet of address family ${family}`)
  const addressBytes = family === FAMILY.ipv4 ? IPV4_BYTES : IPV6_BYTES
  if (sourcePrefix > 8 * addressBytes || scopePrefix > 8 * addressBytes)
    reader.failValue('a prefix of more bits than the address')
  const length = prefixBytes(sourcePrefix)
  const address = new Uint8Array(addressBytes)
  const at = reader.skip(length)
  for (let i = 0; i < length; i++) address[i] = reader.bytes[at + i] as number
  if (!isMasked(address, sourcePrefix)) reader.failValue('a subnet with bits behind its prefix')
  const text = family === FAMILY.ipv4 ? formatIpv4(address, 0) : formatIpv6(address, 0)
  return { option: 'CLIENT-SUBNET', address: text, sourcePrefix, scopePrefix }
}

const prefixBytes = (prefix: number): number => (prefix + 7) >> 3

/** RFC 7871, 6: the bits behind the prefix must be 0. */
function isMasked(address: Uint8Array, prefix: number): boolean {
  const last = prefixBytes(prefix) - 1
  return (prefix & 7) === 0 || ((address[last] as number) & (0xff >> (prefix & 7))) === 0
}

/** All of the record, its name too. */
export function encodeEdns(writer: ByteWriter, edns: Edns, rcode: number): void {
  writer.uint8(0, 'name')
  writer.uint16(OPT_TYPE, 'type')
  writer.uint16(edns.udpPayloadBytes, 'udpPayloadBytes')
  writer.uint8(rcode >> 4, 'rcode')
  writer.uint8(edns.version, 'version')
  writer.uint16(edns.dnssecOk ? DNSSEC_OK : 0, 'flags')
  const lengthAt = writer.at
  writer.at += 2
  for (const option of edns.options) {
    writer.uint16(option.option === 'OTHER' ? option.code : OPTION[option.option], 'code')
    const valueLengthAt = writer.at
    writer.at += 2
    encodeOption(writer, option)
    writer.check()
    writer.setUint16(valueLengthAt, writer.at - valueLengthAt - 2)
  }
  writer.setUint16(lengthAt, writer.at - lengthAt - 2)
}

function encodeOption(writer: ByteWriter, option: EdnsOption): void {
  switch (option.option) {
    case 'COOKIE':
      if (option.client.length !== CLIENT_COOKIE_BYTES || !isCookieLength(option.server.length))
        throw new DnsWireError(
          'DNS_VALUE',
          'a cookie has 8 bytes of the client and none or 8 to 32 of the server',
        )
      writer.put(option.client)
      writer.put(option.server)
      break
    case 'PADDING':
      writer.zeros(option.bytes, 'padding')
      break
    case 'CLIENT-SUBNET':
      encodeSubnet(writer, option.address, option.sourcePrefix, option.scopePrefix)
      break
    case 'EXTENDED-ERROR':
      writer.uint16(option.infoCode, 'infoCode')
      writer.put(Buffer.from(option.text))
      break
    case 'OTHER':
      writer.put(option.bytes)
  }
}

function encodeSubnet(writer: ByteWriter, text: string, sourcePrefix: number, scopePrefix: number): void {
  const isIpv6 = text.includes(':')
  const address = new Uint8Array(isIpv6 ? IPV6_BYTES : IPV4_BYTES)
  const isAddress = isIpv6 ? parseIpv6(text, address, 0) : parseIpv4(text, address, 0)
  const bits = 8 * address.length
  if (!isAddress || !(sourcePrefix <= bits && scopePrefix <= bits))
    throw new DnsWireError('DNS_VALUE', `${text}/${sourcePrefix}/${scopePrefix} is no subnet`)
  writer.uint16(isIpv6 ? FAMILY.ipv6 : FAMILY.ipv4, 'family')
  writer.uint8(sourcePrefix, 'sourcePrefix')
  writer.uint8(scopePrefix, 'scopePrefix')
  const length = prefixBytes(sourcePrefix)
  // The address of a whole host is cut to the subnet that may be told.
  if ((sourcePrefix & 7) !== 0)
    address[length - 1] = (address[length - 1] as number) & ~(0xff >> (sourcePrefix & 7))
  writer.put(address.subarray(0, length))
}
