/** The types that say what is not there: NSEC (RFC 4034), NSEC3 and NSEC3PARAM (RFC 5155). */
import type { RecordCodec } from '../record-codec.js'
import type { RecordData } from '../record-data.js'
import { decodeTypeBitmap, encodeTypeBitmap } from '../type-bitmap.js'

export const NSEC: RecordCodec<RecordData['NSEC']> = {
  decode: (reader) => ({ nextDomainName: reader.name(), types: decodeTypeBitmap(reader) }),
  encode(writer, data) {
    writer.wholeName(data.nextDomainName)
    encodeTypeBitmap(writer, data.types)
  },
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
}
