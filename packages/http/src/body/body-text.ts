/** A body that came, as text or JSON. The statuses of what is wrong with it are a server's. */
import { HttpError } from '../errors.js'
import { decodeCharset } from './charset.js'

const CHARSET = /;[\t ]*charset[\t ]*=[\t ]*"?([^\s";]+)/i

/** UTF-8, or the charset that Content-Type names. Fails with `HTTP_SYNTAX` (status 415) for one that nobody knows. */
export function decodeText(bytes: Buffer, contentType: string | undefined): string {
  const charset = contentType === undefined ? undefined : CHARSET.exec(contentType)?.[1]
  if (charset === undefined || /^utf-?8$/i.test(charset)) return bytes.toString('utf8')
  try {
    return decodeCharset(bytes, charset)
  } catch (cause) {
    throw new HttpError('HTTP_SYNTAX', 'the charset of the body is not known', { status: 415, cause })
  }
}

/** Fails with `HTTP_SYNTAX` (status 400). */
export function parseJson<T>(bytes: Buffer): T {
  try {
    return JSON.parse(bytes.toString('utf8')) as T
  } catch (cause) {
    const text = bytes.length === 0 ? 'the body is empty, which is no JSON' : 'the body is no JSON'
    throw new HttpError('HTTP_SYNTAX', text, { status: 400, cause })
  }
}
