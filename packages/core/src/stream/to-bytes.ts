/** What a stream sends: bytes as they are, text as UTF-8. */
import { wrongType } from '../errors.js'

export function toBytes(name: string, data: Uint8Array | string): Uint8Array {
  if (typeof data === 'string') return Buffer.from(data)
  if (data instanceof Uint8Array) return data
  throw wrongType(name, 'a string or a Uint8Array', data)
}

/** The parts of a `sendv` in one buffer of its own. */
export function joinedBytes(parts: readonly (Uint8Array | string)[]): Buffer {
  if (!Array.isArray(parts)) throw wrongType('parts', 'an array', parts)
  return Buffer.concat(parts.map((part) => toBytes('each of parts', part)))
}
