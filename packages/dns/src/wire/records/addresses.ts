/** A (RFC 1035, 3.4.1) and AAAA (RFC 3596). */
import { formatIpv4, formatIpv6, IPV4_BYTES, IPV6_BYTES } from '../address.js'
import type { RecordCodec } from '../record-codec.js'
import type { RecordData } from '../record-data.js'

export const A: RecordCodec<RecordData['A']> = {
  decode: (reader) => ({ address: formatIpv4(reader.bytes, reader.skip(IPV4_BYTES)) }),
  encode: (writer, data) => writer.ipv4(data.address),
}

export const AAAA: RecordCodec<RecordData['AAAA']> = {
  decode: (reader) => ({ address: formatIpv6(reader.bytes, reader.skip(IPV6_BYTES)) }),
  encode: (writer, data) => writer.ipv6(data.address),
}
