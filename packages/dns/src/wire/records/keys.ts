/** The types that hold keys and their hashes: DS, DNSKEY, RRSIG (RFC 4034), CDS and CDNSKEY (RFC 7344), TLSA (RFC 6698), SSHFP (RFC 4255). */
import { RECORD_TYPES } from '../mnemonics.js'
import type { RecordCodec } from '../record-codec.js'
import type { RecordData } from '../record-data.js'
import { formatBase64, formatHex, formatMoment, formatName, formatWords } from '../text-form.js'

/** DS and CDS. */
export const DS: RecordCodec<RecordData['DS']> = {
  decode: (reader) => ({
    keyTag: reader.uint16(),
    algorithm: reader.uint8(),
    digestType: reader.uint8(),
    digest: reader.rest(),
  }),
  encode(writer, data) {
    writer.uint16(data.keyTag, 'keyTag')
    writer.uint8(data.algorithm, 'algorithm')
    writer.uint8(data.digestType, 'digestType')
    writer.put(data.digest)
  },
  parse: (reader) => ({
    keyTag: reader.uint16('keyTag'),
    algorithm: reader.uint8('algorithm'),
    digestType: reader.uint8('digestType'),
    digest: reader.hexRest('digest'),
  }),
  format: (data) => formatWords(data.keyTag, data.algorithm, data.digestType, formatHex(data.digest)),
}

/** DNSKEY and CDNSKEY. */
export const DNSKEY: RecordCodec<RecordData['DNSKEY']> = {
  decode: (reader) => ({
    flags: reader.uint16(),
    protocol: reader.uint8(),
    algorithm: reader.uint8(),
    publicKey: reader.rest(),
  }),
  encode(writer, data) {
    writer.uint16(data.flags, 'flags')
    writer.uint8(data.protocol, 'protocol')
    writer.uint8(data.algorithm, 'algorithm')
    writer.put(data.publicKey)
  },
  parse: (reader) => ({
    flags: reader.uint16('flags'),
    protocol: reader.uint8('protocol'),
    algorithm: reader.uint8('algorithm'),
    publicKey: reader.base64Rest('publicKey'),
  }),
  format: (data) => formatWords(data.flags, data.protocol, data.algorithm, formatBase64(data.publicKey)),
}

export const RRSIG: RecordCodec<RecordData['RRSIG']> = {
  decode: (reader) => ({
    typeCovered: RECORD_TYPES.word(reader.uint16()),
    algorithm: reader.uint8(),
    labels: reader.uint8(),
    originalTtl: reader.uint32(),
    expiration: reader.uint32(),
    inception: reader.uint32(),
    keyTag: reader.uint16(),
    signerName: reader.name(),
    signature: reader.rest(),
  }),
  encode(writer, data) {
    writer.uint16(RECORD_TYPES.number(data.typeCovered), 'typeCovered')
    writer.uint8(data.algorithm, 'algorithm')
    writer.uint8(data.labels, 'labels')
    writer.uint32(data.originalTtl, 'originalTtl')
    writer.uint32(data.expiration, 'expiration')
    writer.uint32(data.inception, 'inception')
    writer.uint16(data.keyTag, 'keyTag')
    writer.wholeName(data.signerName)
    writer.put(data.signature)
  },
  parse: (reader) => ({
    typeCovered: reader.type('typeCovered'),
    algorithm: reader.uint8('algorithm'),
    labels: reader.uint8('labels'),
    originalTtl: reader.uint32('originalTtl'),
    expiration: reader.moment('expiration'),
    inception: reader.moment('inception'),
    keyTag: reader.uint16('keyTag'),
    signerName: reader.name('signerName'),
    signature: reader.base64Rest('signature'),
  }),
  format: (data) =>
    formatWords(
      ...[data.typeCovered, data.algorithm, data.labels, data.originalTtl],
      ...[formatMoment(data.expiration), formatMoment(data.inception), data.keyTag],
      ...[formatName(data.signerName), formatBase64(data.signature)],
    ),
}

export const TLSA: RecordCodec<RecordData['TLSA']> = {
  decode: (reader) => ({
    certificateUsage: reader.uint8(),
    selector: reader.uint8(),
    matchingType: reader.uint8(),
    certificateAssociationData: reader.rest(),
  }),
  encode(writer, data) {
    writer.uint8(data.certificateUsage, 'certificateUsage')
    writer.uint8(data.selector, 'selector')
    writer.uint8(data.matchingType, 'matchingType')
    writer.put(data.certificateAssociationData)
  },
  parse: (reader) => ({
    certificateUsage: reader.uint8('certificateUsage'),
    selector: reader.uint8('selector'),
    matchingType: reader.uint8('matchingType'),
    certificateAssociationData: reader.hexRest('certificateAssociationData'),
  }),
  format: (data) =>
    formatWords(
      data.certificateUsage,
      data.selector,
      data.matchingType,
      formatHex(data.certificateAssociationData),
    ),
}

export const SSHFP: RecordCodec<RecordData['SSHFP']> = {
  decode: (reader) => ({
    algorithm: reader.uint8(),
    fingerprintType: reader.uint8(),
    fingerprint: reader.rest(),
  }),
  encode(writer, data) {
    writer.uint8(data.algorithm, 'algorithm')
    writer.uint8(data.fingerprintType, 'fingerprintType')
    writer.put(data.fingerprint)
  },
  parse: (reader) => ({
    algorithm: reader.uint8('algorithm'),
    fingerprintType: reader.uint8('fingerprintType'),
    fingerprint: reader.hexRest('fingerprint'),
  }),
  format: (data) => formatWords(data.algorithm, data.fingerprintType, formatHex(data.fingerprint)),
}
