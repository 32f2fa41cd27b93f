/** The types that exist at a name, as NSEC and NSEC3 list them (RFC 4034, 4.1.2). */
import type { ByteReader } from './byte-reader.js'
import type { ByteWriter } from './byte-writer.js'
import { RECORD_TYPES } from './mnemonics.js'

const MAX_BITMAP_BYTES = 32

/** Reads to the end of the record. Windows that are empty, out of order or end in zeros are refused. */
export function decodeTypeBitmap(reader: ByteReader): string[] {
  const types: string[] = []
  let previous = -1
  while (!reader.isAtEnd()) {
    const window = reader.uint8()
    const length = reader.uint8()
    if (window <= previous) reader.failValue('the windows of a type bitmap are not in order')
    if (length === 0 || length > MAX_BITMAP_BYTES)
      reader.failValue('a window of a type bitmap has 1 to 32 bytes')
    previous = window
    const at = reader.skip(length)
    if (reader.bytes[at + length - 1] === 0) reader.failValue('a window of a type bitmap ends in zeros')
    for (let i = 0; i < length; i++) {
      const bits = reader.bytes[at + i] as number
      for (let bit = 0; bit < 8; bit++) {
        if ((bits & (0x80 >> bit)) !== 0) types.push(RECORD_TYPES.word(window * 256 + i * 8 + bit))
      }
    }
  }
  return types
}

/** In any order, and twice is as once. */
export function encodeTypeBitmap(writer: ByteWriter, types: readonly string[]): void {
  const numbers = types.map((type) => RECORD_TYPES.number(type)).sort((a, b) => a - b)
  for (let i = 0; i < numbers.length; ) {
    const window = (numbers[i] as number) >> 8
    const bitmap = new Uint8Array(MAX_BITMAP_BYTES)
    let length = 0
    for (; i < numbers.length && (numbers[i] as number) >> 8 === window; i++) {
      const low = (numbers[i] as number) & 0xff
      bitmap[low >> 3] = (bitmap[low >> 3] as number) | (0x80 >> (low & 7))
      length = (low >> 3) + 1
    }
    writer.uint8(window, 'window')
    writer.uint8(length, 'length')
    writer.put(bitmap.subarray(0, length))
  }
}
