/** Bytes. In text they are hexadecimal digits after `\x`, or, from servers told so, characters with octal escapes. */
import type { MessageWriter } from '../message-writer.js'
import { badValue, binaryCodec, Kind, refuse, type TypeCodec } from './type-codec.js'

const BACKSLASH = 0x5c

/** A copy that holds on to nothing else. */
export function copyBytes(bytes: Buffer, from: number, to: number): Buffer {
  const copy = Buffer.allocUnsafeSlow(to - from)
  bytes.copy(copy, 0, from, to)
  return copy
}

function parseBytea(text: string): Buffer {
  if (text.startsWith('\\x')) {
    // Buffer.from stops at what is no digit, without a word.
    const bytes = Buffer.from(text.slice(2), 'hex')
    return bytes.length * 2 === text.length - 2 ? bytes : badValue('bytea', bytes.length * 2 + 2)
  }
  const bytes = Buffer.allocUnsafeSlow(text.length)
  let length = 0
  for (let i = 0; i < text.length; i++) {
    let code = text.charCodeAt(i)
    if (code === BACKSLASH) {
      const octal = text.slice(i + 1, i + 4)
      if (/^[0-3][0-7][0-7]$/.test(octal)) {
        code = Number.parseInt(octal, 8)
        i += 3
      } else if (text.charCodeAt(++i) !== BACKSLASH) badValue('bytea', i)
    }
    if (code > 0xff) badValue('bytea', i)
    bytes[length++] = code
  }
  return bytes.subarray(0, length)
}

function bytesOf(value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
  if (value instanceof ArrayBuffer) return new Uint8Array(value)
  return refuse('bytea', value)
}

export const bytea: TypeCodec<Buffer> = binaryCodec({
  name: 'bytea',
  kind: Kind.bytea,
  fromText: parseBytea,
  fromBinary: copyBytes,
  toText: (value) => `\\x${Buffer.from(bytesOf(value)).toString('hex')}`,
  toBinary: (writer: MessageWriter, value: unknown) => writer.put(bytesOf(value)),
})
