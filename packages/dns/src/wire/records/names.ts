/** The types whose data are names: CNAME, NS, PTR, MX, SOA (RFC 1035), which are compressed, and DNAME (RFC 6672) and SRV (RFC 2782), which are not. */
import type { RecordCodec } from '../record-codec.js'
import type { RecordData } from '../record-data.js'
import { formatName, formatWords } from '../text-form.js'

/** CNAME, NS and PTR alike. */
export const ALIAS: RecordCodec<{ readonly target: string }> = {
  decode: (reader) => ({ target: reader.name() }),
  encode: (writer, data) => writer.name(data.target),
  parse: (reader) => ({ target: reader.name('target') }),
  format: (data) => formatName(data.target),
}

export const DNAME: RecordCodec<RecordData['DNAME']> = {
  decode: (reader) => ({ target: reader.name() }),
  encode: (writer, data) => writer.wholeName(data.target),
  parse: ALIAS.parse,
  format: ALIAS.format,
}

export const MX: RecordCodec<RecordData['MX']> = {
  decode: (reader) => ({ preference: reader.uint16(), exchange: reader.name() }),
  encode(writer, data) {
    writer.uint16(data.preference, 'preference')
    writer.name(data.exchange)
  },
  parse: (reader) => ({ preference: reader.uint16('preference'), exchange: reader.name('exchange') }),
  format: (data) => formatWords(data.preference, formatName(data.exchange)),
}

export const SOA: RecordCodec<RecordData['SOA']> = {
  decode: (reader) => ({
    mname: reader.name(),
    rname: reader.name(),
    serial: reader.uint32(),
    refresh: reader.uint32(),
    retry: reader.uint32(),
    expire: reader.uint32(),
    minimum: reader.uint32(),
  }),
  encode(writer, data) {
    writer.name(data.mname)
    writer.name(data.rname)
    writer.uint32(data.serial, 'serial')
    writer.uint32(data.refresh, 'refresh')
    writer.uint32(data.retry, 'retry')
    writer.uint32(data.expire, 'expire')
    writer.uint32(data.minimum, 'minimum')
  },
  parse: (reader) => ({
    mname: reader.name('mname'),
    rname: reader.name('rname'),
    serial: reader.uint32('serial'),
    refresh: reader.interval('refresh'),
    retry: reader.interval('retry'),
    expire: reader.interval('expire'),
    minimum: reader.interval('minimum'),
  }),
  format: ({ mname, rname, serial, refresh, retry, expire, minimum }) =>
    formatWords(formatName(mname), formatName(rname), serial, refresh, retry, expire, minimum),
}

export const SRV: RecordCodec<RecordData['SRV']> = {
  decode: (reader) => ({
    priority: reader.uint16(),
    weight: reader.uint16(),
    port: reader.uint16(),
    target: reader.name(),
  }),
  encode(writer, data) {
    writer.uint16(data.priority, 'priority')
    writer.uint16(data.weight, 'weight')
    writer.uint16(data.port, 'port')
    writer.wholeName(data.target)
  },
  parse: (reader) => ({
    priority: reader.uint16('priority'),
    weight: reader.uint16('weight'),
    port: reader.uint16('port'),
    target: reader.name('target'),
  }),
  format: ({ priority, weight, port, target }) => formatWords(priority, weight, port, formatName(target)),
}
