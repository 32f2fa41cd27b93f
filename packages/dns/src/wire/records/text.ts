/** The types whose data are strings: TXT and HINFO (RFC 1035), NAPTR (RFC 3403), CAA (RFC 8659). */
import { formatString, formatTextString } from '../character-string.js'
import { DnsWireError } from '../errors.js'
import type { RecordCodec } from '../record-codec.js'
import type { RecordData } from '../record-data.js'
import { formatName, formatWords } from '../text-form.js'

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
  parse(reader) {
    const strings = [reader.string('strings')]
    while (!reader.isAtEnd()) strings.push(reader.string('strings'))
    return { strings }
  },
  format: (data) => formatWords(...data.strings.map(formatString)),
}

export const HINFO: RecordCodec<RecordData['HINFO']> = {
  decode: (reader) => ({ cpu: reader.textString(), os: reader.textString() }),
  encode(writer, data) {
    writer.textString(data.cpu, 'cpu')
    writer.textString(data.os, 'os')
  },
  parse: (reader) => ({ cpu: reader.textString('cpu'), os: reader.textString('os') }),
  format: (data) => formatWords(formatTextString(data.cpu), formatTextString(data.os)),
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
  parse: (reader) => ({
    order: reader.uint16('order'),
    preference: reader.uint16('preference'),
    flags: reader.textString('flags'),
    services: reader.textString('services'),
    regexp: reader.textString('regexp'),
    replacement: reader.name('replacement'),
  }),
  format: (data) =>
    formatWords(
      data.order,
      data.preference,
      formatTextString(data.flags),
      formatTextString(data.services),
      formatTextString(data.regexp),
      formatName(data.replacement),
    ),
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
  parse(reader) {
    const flags = reader.uint8('flags')
    const tag = reader.textString('tag')
    if (!TAG.test(tag)) throw new DnsWireError('DNS_TEXT', 'the tag of a CAA record has letters and digits')
    return { flags, tag, value: reader.bytes('value').toString('latin1') }
  },
  format: (data) => formatWords(data.flags, data.tag, formatTextString(data.value)),
}
