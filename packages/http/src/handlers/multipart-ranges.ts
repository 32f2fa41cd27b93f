/** Several ranges in one answer: `multipart/byteranges` (RFC 9110, 14.6). */
import { randomBytes } from 'node:crypto'
import { type ByteRange, contentRange } from '../wire/byte-ranges.js'

export interface MultipartRanges {
  /** The value of Content-Type. */
  readonly type: string
  readonly parts: readonly (Buffer | ByteRange)[]
}

/** The boundary is random, so that nothing in the file can be taken for it. */
export function multipartRanges(ranges: readonly ByteRange[], size: number, type: string): MultipartRanges {
  const boundary = randomBytes(18).toString('hex')
  const parts: (Buffer | ByteRange)[] = []
  for (const range of ranges) {
    const fields = `Content-Type: ${type}\r\nContent-Range: ${contentRange(range, size)}\r\n`
    parts.push(Buffer.from(`\r\n--${boundary}\r\n${fields}\r\n`), range)
  }
  parts.push(Buffer.from(`\r\n--${boundary}--\r\n`))
  return { type: `multipart/byteranges; boundary=${boundary}`, parts }
}
