/** Data of any type as `\# 4 C0000201` (RFC 3597, 5). */
import { ByteReader } from './byte-reader.js'
import { DnsWireError } from './errors.js'
import { HEADER_BYTES } from './layout.js'
import { MAX_MESSAGE_BYTES } from './limits.js'
import type { RecordCodec } from './record-codec.js'
import { formatHex } from './text-form.js'
import type { TextReader } from './text-reader.js'

const MARK = '\\#'

export function isGeneric(reader: TextReader): boolean {
  const word = reader.peek()
  return word?.text === MARK && !word.isQuoted
}

export function formatGeneric(bytes: Uint8Array): string {
  return bytes.length === 0 ? `${MARK} 0` : `${MARK} ${bytes.length} ${formatHex(bytes)}`
}

export function parseGeneric(reader: TextReader): Uint8Array {
  if (!isGeneric(reader))
    throw new DnsWireError('DNS_TEXT', `a type without fields is written as ${MARK} and its bytes`)
  reader.word(MARK)
  const length = reader.uint16('length')
  const bytes = reader.hexRest('bytes')
  if (bytes.length !== length)
    throw new DnsWireError('DNS_TEXT', `${bytes.length} bytes, and ${length} are announced`)
  return bytes
}

/** The fields in `bytes`, in which no name is compressed: there is no message for a pointer to point into. */
export function decodeGeneric<Data>(codec: RecordCodec<Data>, bytes: Uint8Array): Data {
  if (bytes.length > MAX_MESSAGE_BYTES)
    throw new DnsWireError('DNS_TEXT', 'a record of more than 65,535 bytes')
  const message = new Uint8Array(HEADER_BYTES + bytes.length)
  message.set(bytes, HEADER_BYTES)
  const reader = new ByteReader(message, false)
  reader.at = HEADER_BYTES
  reader.begin(bytes.length)
  const data = codec.decode(reader)
  reader.finish()
  return data
}
