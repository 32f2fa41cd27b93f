/** A (RFC 1035, 3.4.1) and AAAA (RFC 3596). */
import { formatIpv4, formatIpv6, IPV4_BYTES, IPV6_BYTES, parseIpv4, parseIpv6 } from '../address.js'
import { DnsWireError } from '../errors.js'
import type { RecordCodec } from '../record-codec.js'
import type { RecordData } from '../record-data.js'
import type { TextReader } from '../text-reader.js'

/** The one form that an address has, whatever form it is written in. */
function parsedAddress(
  reader: TextReader,
  parse: (text: string, bytes: Uint8Array, at: number) => boolean,
  format: (bytes: Uint8Array, at: number) => string,
): string {
  const text = reader.plain('address')
  const bytes = new Uint8Array(IPV6_BYTES)
  if (!parse(text, bytes, 0)) throw new DnsWireError('DNS_TEXT', `'${text}' is no address of that kind`)
  return format(bytes, 0)
}

export const A: RecordCodec<RecordData['A']> = {
  decode: (reader) => ({ address: formatIpv4(reader.bytes, reader.skip(IPV4_BYTES)) }),
  encode: (writer, data) => writer.ipv4(data.address),
  parse: (reader) => ({ address: parsedAddress(reader, parseIpv4, formatIpv4) }),
  format: (data) => data.address,
}

export const AAAA: RecordCodec<RecordData['AAAA']> = {
  decode: (reader) => ({ address: formatIpv6(reader.bytes, reader.skip(IPV6_BYTES)) }),
  encode: (writer, data) => writer.ipv6(data.address),
  parse: (reader) => ({ address: parsedAddress(reader, parseIpv6, formatIpv6) }),
  format: (data) => data.address,
}
