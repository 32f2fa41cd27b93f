/** SVCB and HTTPS (RFC 9460). */
import { formatIpv4, formatIpv6, IPV4_BYTES, IPV6_BYTES } from '../address.js'
import type { ByteReader } from '../byte-reader.js'
import type { ByteWriter } from '../byte-writer.js'
import { DnsWireError } from '../errors.js'
import type { RecordCodec } from '../record-codec.js'
import type { ServiceBinding, ServiceParams } from '../record-data.js'
import {
  checkServiceParams,
  hasServiceKey,
  SERVICE_KEY as KEY,
  MAX_SERVICE_KEY,
  SERVICE_KEYS,
} from '../service-keys.js'
import { formatServiceParams, parseServiceParams } from '../service-text.js'
import { formatName, formatWords } from '../text-form.js'

type Mutable<Type> = { -readonly [Field in keyof Type]: Type[Field] }
type Other = { readonly key: number; readonly bytes: Uint8Array }

function decodeParams(reader: ByteReader): ServiceParams {
  const params: Mutable<ServiceParams> = {}
  const others: Other[] = []
  const recordEnd = reader.end
  let previous = -1
  while (!reader.isAtEnd()) {
    const key = reader.uint16()
    const length = reader.uint16()
    if (key <= previous) reader.failValue('the keys of a service binding are not in order')
    previous = key
    if (length > recordEnd - reader.at) reader.skip(length)
    const end = reader.at + length
    reader.end = end
    decodeParam(reader, key, params, others)
    if (reader.at !== end) reader.failValue(`the value of ${SERVICE_KEYS.word(key)} is too long`)
    reader.end = recordEnd
  }
  if (others.length > 0) params.others = others
  checkServiceParams(params, (text) => reader.failValue(text))
  return params
}

function decodeParam(reader: ByteReader, key: number, params: Mutable<ServiceParams>, others: Other[]): void {
  switch (key) {
    case KEY.mandatory:
      params.mandatory = decodeMandatory(reader)
      break
    case KEY.alpn:
      params.alpn = listOf(reader, () => reader.textString() || reader.failValue('an empty ALPN id'))
      break
    case KEY['no-default-alpn']:
      params.noDefaultAlpn = true
      break
    case KEY.port:
      params.port = reader.uint16()
      break
    case KEY.ipv4hint:
      params.ipv4hint = listOf(reader, () => formatIpv4(reader.bytes, reader.skip(IPV4_BYTES)))
      break
    case KEY.ech:
      params.ech = reader.rest()
      break
    case KEY.ipv6hint:
      params.ipv6hint = listOf(reader, () => formatIpv6(reader.bytes, reader.skip(IPV6_BYTES)))
      break
    default:
      others.push({ key, bytes: reader.rest() })
  }
}

function decodeMandatory(reader: ByteReader): string[] {
  let previous: number = KEY.mandatory
  return listOf(reader, () => {
    const key = reader.uint16()
    if (key <= previous) reader.failValue('the mandatory keys are not in order, or hold themselves')
    previous = key
    return SERVICE_KEYS.word(key)
  })
}

function listOf<Value>(reader: ByteReader, next: () => Value): Value[] {
  const list = [next()]
  while (!reader.isAtEnd()) list.push(next())
  return list
}

function encodeParams(writer: ByteWriter, params: ServiceParams): void {
  checkServiceParams(params, failValue)
  for (let key = KEY.mandatory; key <= KEY.ipv6hint; key++) {
    if (hasServiceKey(params, key)) encodeValue(writer, key, () => encodeKnown(writer, key, params))
  }
  let previous: number = KEY.ipv6hint
  for (const { key, bytes } of [...(params.others ?? [])].sort((a, b) => a.key - b.key)) {
    if (key <= previous || key > MAX_SERVICE_KEY)
      failValue(`the key ${key} is there twice, or has a field of its own`)
    previous = key
    encodeValue(writer, key, () => writer.put(bytes))
  }
}

function encodeValue(writer: ByteWriter, key: number, encode: () => void): void {
  writer.uint16(key, 'key')
  const lengthAt = writer.at
  writer.at += 2
  encode()
  const length = writer.at - lengthAt - 2
  if (length > 0xffff) failValue(`the value of ${SERVICE_KEYS.word(key)} is too long`)
  writer.setUint16(lengthAt, length)
}

function encodeKnown(writer: ByteWriter, key: number, params: ServiceParams): void {
  if (key === KEY.mandatory) encodeMandatory(writer, params.mandatory ?? [])
  else if (key === KEY.alpn) {
    for (const id of notEmpty(params.alpn, 'alpn')) {
      if (id === '') failValue('an empty ALPN id')
      writer.textString(id, 'alpn')
    }
  } else if (key === KEY.port) writer.uint16(params.port as number, 'port')
  else if (key === KEY.ipv4hint)
    for (const address of notEmpty(params.ipv4hint, 'ipv4hint')) writer.ipv4(address)
  else if (key === KEY.ech) writer.put(params.ech as Uint8Array)
  else if (key === KEY.ipv6hint)
    for (const address of notEmpty(params.ipv6hint, 'ipv6hint')) writer.ipv6(address)
}

function encodeMandatory(writer: ByteWriter, words: readonly string[]): void {
  const keys = notEmpty(words, 'mandatory').map((word) => SERVICE_KEYS.number(word))
  let previous: number = KEY.mandatory
  for (const key of keys.sort((a, b) => a - b)) {
    if (key <= previous) failValue('a mandatory key is there twice, or is `mandatory` itself')
    previous = key
    writer.uint16(key, 'mandatory')
  }
}

function notEmpty<Value>(list: readonly Value[] | undefined, field: string): readonly Value[] {
  return list === undefined || list.length === 0 ? failValue(`${field} is an empty list`) : list
}

function failValue(text: string): never {
  throw new DnsWireError('DNS_VALUE', text)
}

export const SVCB: RecordCodec<ServiceBinding> = {
  decode: (reader) => ({ priority: reader.uint16(), target: reader.name(), params: decodeParams(reader) }),
  encode(writer, data) {
    writer.uint16(data.priority, 'priority')
    writer.wholeName(data.target)
    encodeParams(writer, data.params)
  },
  parse: (reader) => ({
    priority: reader.uint16('priority'),
    target: reader.name('target'),
    params: parseServiceParams(reader),
  }),
  format: (data) => formatWords(data.priority, formatName(data.target), ...formatServiceParams(data.params)),
}
