/** A body that came, as text or JSON. */
import { TextDecoder } from 'node:util'
import { HttpError, type HttpErrorFacts } from '../errors.js'

const CHARSET = /;[\t ]*charset[\t ]*=[\t ]*"?([^\s";]+)/i

/** Of a response: it is not the fault of whoever asks this program, and no status for him. */
export const OF_RESPONSE: HttpErrorFacts = { phase: 'body' }

/** UTF-8, or the charset that Content-Type names. Fails with `HTTP_SYNTAX` (status 415) for one that nobody knows. */
export function decodeText(
  bytes: Buffer,
  contentType: string | undefined,
  facts: HttpErrorFacts = { status: 415 },
): string {
  const charset = contentType === undefined ? undefined : CHARSET.exec(contentType)?.[1]
  if (charset === undefined || /^utf-?8$/i.test(charset)) return bytes.toString('utf8')
  let decoder: TextDecoder
  try {
    decoder = new TextDecoder(charset)
  } catch (cause) {
    throw new HttpError('HTTP_SYNTAX', 'the charset of the body is not known', { ...facts, cause })
  }
  return decoder.decode(bytes)
}

/** Fails with `HTTP_SYNTAX` (status 400). */
export function parseJson<T>(bytes: Buffer, facts: HttpErrorFacts = { status: 400 }): T {
  try {
    return JSON.parse(bytes.toString('utf8')) as T
  } catch (cause) {
    const text = bytes.length === 0 ? 'the body is empty, which is no JSON' : 'the body is no JSON'
    throw new HttpError('HTTP_SYNTAX', text, { ...facts, cause })
  }
}
