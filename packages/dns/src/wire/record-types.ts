/** Every type of record that has fields, by its mnemonic and by its number; any other is bytes (RFC 3597). */
import { formatGeneric, parseGeneric } from './generic-data.js'
import { RECORD_TYPES } from './mnemonics.js'
import type { RecordCodec } from './record-codec.js'
import type { OpaqueType, RecordData } from './record-data.js'
import { A, AAAA } from './records/addresses.js'
import { NSEC, NSEC3, NSEC3PARAM } from './records/denial.js'
import { DNSKEY, DS, RRSIG, SSHFP, TLSA } from './records/keys.js'
import { ALIAS, DNAME, MX, SOA, SRV } from './records/names.js'
import { SVCB } from './records/service-binding.js'
import { CAA, HINFO, NAPTR, TXT } from './records/text.js'

/** Those with fields of their own. */
export type KnownType = Exclude<keyof RecordData, OpaqueType | `TYPE${number}`>

const CODECS: { readonly [Type in KnownType]: RecordCodec<RecordData[Type]> } = {
  ...{ A, AAAA, CNAME: ALIAS, NS: ALIAS, PTR: ALIAS, MX, TXT, SOA, SRV, DNAME, HINFO, NAPTR, CAA },
  ...{ TLSA, SSHFP, DS, CDS: DS, DNSKEY, CDNSKEY: DNSKEY, RRSIG, NSEC, NSEC3, NSEC3PARAM, SVCB, HTTPS: SVCB },
}

const BYTES: RecordCodec<{ readonly bytes: Uint8Array }> = {
  decode: (reader) => ({ bytes: reader.rest() }),
  encode: (writer, data) => writer.put(data.bytes),
  parse: (reader) => ({ bytes: parseGeneric(reader) }),
  format: (data) => formatGeneric(data.bytes),
}

/** A type and everything there is to know of it. */
export interface RecordType {
  readonly number: number
  readonly word: string
  readonly codec: RecordCodec<unknown>
}

const byWord = new Map<string, RecordType>()
/** CAA has the largest number of those with fields. */
const byNumber: (RecordType | undefined)[] = Array.from({ length: 258 }, () => undefined)
for (const [word, codec] of Object.entries(CODECS)) {
  const type: RecordType = { number: RECORD_TYPES.number(word), word, codec: codec as RecordCodec<unknown> }
  byWord.set(word, type)
  byNumber[type.number] = type
}

export function recordTypeOf(number: number): RecordType {
  const known = number < byNumber.length ? byNumber[number] : undefined
  return known ?? { number, word: RECORD_TYPES.word(number), codec: BYTES as RecordCodec<unknown> }
}

/** By its mnemonic, or as `TYPE65280`. Throws DNS_VALUE if nothing is called so. */
export function recordTypeNamed(word: string): RecordType {
  return byWord.get(word) ?? recordTypeOf(RECORD_TYPES.number(word))
}
