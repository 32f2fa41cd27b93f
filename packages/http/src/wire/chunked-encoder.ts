/** The chunked transfer coding, written: what goes before and behind each block of a body, and the end. */
import type { HttpHeaders } from '../headers.js'

export const CHUNK_END: Buffer = Buffer.from('\r\n')
export const LAST_CHUNK: Buffer = Buffer.from('0\r\n\r\n')

/** What goes before `length` bytes. Not for an empty block: that would be the end. */
export function chunkSize(length: number): string {
  return `${length.toString(16)}\r\n`
}

/** The last chunk, with trailers. They were checked when they came into `HttpHeaders`. */
export function lastChunk(trailers: HttpHeaders): Buffer {
  let text = '0\r\n'
  for (const [name, value] of trailers) text += `${name}: ${value}\r\n`
  return Buffer.from(`${text}\r\n`, 'latin1')
}
