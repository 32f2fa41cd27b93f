/** The types that say what is not there: NSEC (RFC 4034), NSEC3 and NSEC3PARAM (RFC 5155). */
import { formatBase32Hex } from '../base32hex.js'
import { DnsWireError } from '../errors.js'
import { MAX_STRING_BYTES } from '../limits.js'
import type { RecordCodec } from '../record-codec.js'
import type { RecordData } from '../record-data.js'
import { formatHex, formatName, formatWords } from '../text-form.js'
import type { TextReader } from '../text-reader.js'
import { decodeTypeBitmap, encodeTypeBitmap } from '../type-bitmap.js'

/** No salt is written as `-`. */
const formatSalt = (salt: Uint8Array): string => (salt.length === 0 ? '-' : formatHex(salt))

function parseSalt(reader: TextReader): Uint8Array {
  if (reader.peek()?.text !== '-') return shortString(reader.hex('salt'), 'salt')
  reader.word('salt')
  return new Uint8Array(0)
}

function shortString(bytes: Uint8Array, field: string): Uint8Array {
  if (bytes.length > MAX_STRING_BYTES)
    throw new DnsWireError('DNS_TEXT', `${field} has more than ${MAX_STRING_BYTES} bytes`)
  return bytes
}

export const NSEC: RecordCodec<RecordData['NSEC']> = {
  decode: (reader) => ({ nextDomainName: reader.name(), types: decodeTypeBitmap(reader) }),
  encode(writer, data) {
    writer.wholeName(data.nextDomainName)
    encodeTypeBitmap(writer, data.types)
  },
  parse: (reader) => ({ nextDomainName: reader.name('nextDomainName'), types: reader.types() }),
  format: (data) => formatWords(formatName(data.nextDomainName), ...data.types),
}

export const NSEC3PARAM: RecordCodec<RecordData['NSEC3PARAM']> = {
  decode: (reader) => ({
    hashAlgorithm: reader.uint8(),
    flags: reader.uint8(),
    iterations: reader.uint16(),
    salt: reader.string(),
  }),
  encode(writer, data) {
    writer.uint8(data.hashAlgorithm, 'hashAlgorithm')
    writer.uint8(data.flags, 'flags')
    writer.uint16(data.iterations, 'iterations')
    writer.string(data.salt, 'salt')
  },
  parse: (reader) => ({
    hashAlgorithm: reader.uint8('hashAlgorithm'),
    flags: reader.uint8('flags'),
    iterations: reader.uint16('iterations'),
    salt: parseSalt(reader),
  }),
  format: (data) => formatWords(data.hashAlgorithm, data.flags, data.iterations, formatSalt(data.salt)),
}

export const NSEC3: RecordCodec<RecordData['NSEC3']> = {
  decode: (reader) => ({
    hashAlgorithm: reader.uint8(),
    flags: reader.uint8(),
    iterations: reader.uint16(),
    salt: reader.string(),
    nextHashedOwnerName: reader.string(),
    types: decodeTypeBitmap(reader),
  }),
  encode(writer, data) {
    NSEC3PARAM.encode(writer, data)
    writer.string(data.nextHashedOwnerName, 'nextHashedOwnerName')
    encodeTypeBitmap(writer, data.types)
  },
  parse: (reader) => ({
    ...NSEC3PARAM.parse(reader),
    nextHashedOwnerName: shortString(reader.base32Hex('nextHashedOwnerName'), 'nextHashedOwnerName'),
    types: reader.types(),
  }),
  format: (data) =>
    formatWords(NSEC3PARAM.format(data), formatBase32Hex(data.nextHashedOwnerName), ...data.types),
}
