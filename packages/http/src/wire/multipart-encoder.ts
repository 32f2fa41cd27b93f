/** The other direction: what stands between the data of a form's parts (HTML, multipart form data; RFC 7578). */
import { HttpError } from '../errors.js'

export interface OutgoingPartHead {
  readonly name: string
  readonly filename?: string | undefined
  readonly type?: string | undefined
}

/** What comes before a part's data; `isFirst`: no part's end is before it. Throws `HTTP_HEADER` for a type that cannot be one. */
export function encodePartHead(head: OutgoingPartHead, boundary: string, isFirst: boolean): Buffer {
  const { name, filename, type } = head
  if (type !== undefined && !/^[\t\x20-\x7e\x80-\xff]*$/.test(type))
    throw new HttpError('HTTP_HEADER', 'the type of a part has a character that no header field can have')
  const file = filename === undefined ? '' : `; filename="${escapeName(filename)}"`
  const kind = type === undefined ? '' : `Content-Type: ${type}\r\n`
  const disposition = `Content-Disposition: form-data; name="${escapeName(withCrlf(name))}"${file}`
  return Buffer.from(`${isFirst ? '' : '\r\n'}--${boundary}\r\n${disposition}\r\n${kind}\r\n`)
}

/** What comes behind the last part. A form of none is this alone. */
export function encodeFormEnd(boundary: string, isEmpty: boolean): Buffer {
  return Buffer.from(`${isEmpty ? '' : '\r\n'}--${boundary}--\r\n`)
}

/** Lines of names and of text end with CRLF. */
export function withCrlf(text: string): string {
  return /[\r\n]/.test(text) ? text.replace(/\r\n|\r|\n/g, '\r\n') : text
}

function escapeName(name: string): string {
  return /[\r\n"]/.test(name)
    ? name.replace(/[\r\n"]/g, (char) => (char === '"' ? '%22' : char === '\r' ? '%0D' : '%0A'))
    : name
}
