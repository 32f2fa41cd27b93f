/** The types whose data are strings: TXT and HINFO (RFC 1035), NAPTR (RFC 3403), CAA (RFC 8659). */
import { DnsWireError } from '../errors.js'
import type { RecordCodec } from '../record-codec.js'
import type { RecordData } from '../record-data.js'

export const TXT: RecordCodec<RecordData['TXT']> = {
  decode(reader) {
    const strings = [reader.string()]
    while (!reader.isAtEnd()) strings.push(reader.string())
    return { strings }
  },
  encode(writer, data) {
    if (data.strings.length === 0) throw new DnsWireError('DNS_VALUE', 'a TXT record has one string at least')
    for (const string of data.strings) writer.string(string, 'a string of TXT')
  },
}

export const HINFO: RecordCodec<RecordData['HINFO']> = {
  decode: (reader) => ({ cpu: reader.textString(), os: reader.textString() }),
  encode(writer, data) {
    writer.textString(data.cpu, 'cpu')
    writer.textString(data.os, 'os')
  },
}

export const NAPTR: RecordCodec<RecordData['NAPTR']> = {
  decode: (reader) => ({
    order: reader.uint16(),
    preference: reader.uint16(),
    flags: reader.textString(),
    services: reader.textString(),
    regexp: reader.textString(),
    replacement: reader.name(),
  }),
  encode(writer, data) {
    writer.uint16(data.order, 'order')
    writer.uint16(data.preference, 'preference')
    writer.textString(data.flags, 'flags')
    writer.textString(data.services, 'services')
    writer.textString(data.regexp, 'regexp')
    writer.wholeName(data.replacement)
  },
}

/** RFC 8659, 4.1. */
const TAG = /^[0-9A-Za-z]+$/

export const CAA: RecordCodec<RecordData['CAA']> = {
  decode(reader) {
    const flags = reader.uint8()
    const tag = reader.textString()
    if (!TAG.test(tag)) reader.failValue('the tag of a CAA record has letters and digits')
    return { flags, tag, value: reader.text(reader.end - reader.at) }
  },
  encode(writer, data) {
    writer.uint8(data.flags, 'flags')
    if (!TAG.test(data.tag))
      throw new DnsWireError('DNS_VALUE', 'the tag of a CAA record has letters and digits')
    writer.textString(data.tag, 'tag')
    writer.text(data.value, 'value')
  },
}
