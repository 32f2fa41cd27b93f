/**
 * DER values (X.690 §10), as far as taking one apart and putting it together again needs: no types, no checks of what
 * is inside, and only tags of one byte.
 */

/** The values inside of `value`, each with its tag and length. Views of it. */
export function derContents(value: Buffer): Buffer[] {
  const contents: Buffer[] = []
  for (let at = contentStart(value, 0); at < value.length; ) {
    const end = valueEnd(value, at)
    contents.push(value.subarray(at, end))
    at = end
  }
  return contents
}

export function derValue(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts)
  return Buffer.concat([Buffer.from([tag]), lengthOctets(content.length), content])
}

function contentStart(bytes: Buffer, at: number): number {
  const first = bytes.readUInt8(at + 1)
  return at + 2 + (first < 0x80 ? 0 : first & 0x7f)
}

function valueEnd(bytes: Buffer, at: number): number {
  const start = contentStart(bytes, at)
  const lengthBytes = start - at - 2
  return start + (lengthBytes === 0 ? bytes.readUInt8(at + 1) : bytes.readUIntBE(at + 2, lengthBytes))
}

function lengthOctets(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length])
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(length)
  const significant = bytes.subarray(bytes.findIndex((byte) => byte !== 0))
  return Buffer.concat([Buffer.from([0x80 | significant.length]), significant])
}
