/** The head of a part: its header fields, and what they say of its name, its file and its type (RFC 7578, 4). */
import { HttpHeaders } from '../headers.js'
import { latin1 } from './characters.js'
import { FieldScanner } from './field-scanner.js'
import { parseParameters } from './parameters.js'
import { badSyntax, pastLimit } from './refusals.js'

export interface PartHead {
  readonly name: string
  /** As the client gave it, which may be a path, `..` among it, or empty; undefined: it is no file. */
  readonly filename: string | undefined
  /** Its Content-Type, `text/plain` where it has none. */
  readonly type: string
  readonly headers: HttpHeaders
}

/** Bytes `from` to `to` end with the empty line. Throws `HTTP_SYNTAX` (status 400 or 415) and `HTTP_LIMIT` (413). */
export function parsePartHead(bytes: Buffer, from: number, to: number, maxPartHeaders: number): PartHead {
  const field = new FieldScanner()
  let count = 0
  for (let at = from; at < to - 2; ) {
    if (++count > maxPartHeaders) throw pastLimit('maxPartHeaders', 413, 'a part has more header fields')
    at = field.next(bytes, at, to)
  }
  const headers = HttpHeaders.fromWire(latin1(bytes, from, to), 0)
  checkEncoding(headers)
  const type = only(headers, 'content-type') ?? 'text/plain'
  return { ...disposition(only(headers, 'content-disposition')), type, headers }
}

function only(headers: HttpHeaders, name: string): string | undefined {
  const values = headers.getAll(name)
  if (values.length > 1) throw badSyntax(`a part with two fields ${name}`)
  return values[0]
}

/** Given up by RFC 7578, 4.7. What would have to be decoded is refused: it is not what it looks like. */
function checkEncoding(headers: HttpHeaders): void {
  const encoding = headers.get('content-transfer-encoding')
  if (encoding !== undefined && !/^(?:7bit|8bit|binary)$/i.test(encoding))
    throw badSyntax('a part with a Content-Transfer-Encoding', 415)
}

function disposition(value: string | undefined): { name: string; filename: string | undefined } {
  if (value === undefined) throw badSyntax('a part without Content-Disposition')
  const { value: kind, parameters } = parseParameters(value, 'a Content-Disposition')
  const name = parameters.get('name')
  if (kind !== 'form-data' || name === undefined) throw badSyntax('a part that is no form-data with a name')
  const extended = parameters.get('filename*')
  const filename = parameters.get('filename')
  return {
    name: decodeName(name),
    filename:
      extended !== undefined
        ? decodeExtended(extended)
        : filename === undefined
          ? undefined
          : decodeName(filename),
  }
}

/** UTF-8, with the three escapes of browsers: `%22`, `%0D`, `%0A` (HTML, multipart form data). */
function decodeName(text: string): string {
  const plain = /[\x80-\xff]/.test(text) ? Buffer.from(text, 'latin1').toString('utf8') : text
  return plain.includes('%') ? plain.replace(/%(?:22|0A|0D)/gi, unescapeOne) : plain
}

function unescapeOne(escaped: string): string {
  return String.fromCharCode(Number.parseInt(escaped.slice(1), 16))
}

/**
 * RFC 7578, 4.2, has nobody send `filename*`; some do, and it goes before `filename` as elsewhere (RFC 8187). Control characters
 * have no business in it.
 */
function decodeExtended(text: string): string {
  const match = /^(utf-8|iso-8859-1)'[^']*'((?:%[0-9a-f]{2}|[!#$&+\-.^_`|~0-9a-z])*)$/i.exec(text)
  if (match === null) throw badSyntax('a filename* that cannot be decoded')
  const [, charset = '', escaped = ''] = match
  let name: string
  try {
    name =
      charset.toLowerCase() === 'utf-8'
        ? decodeURIComponent(escaped)
        : escaped.replace(/%[0-9a-f]{2}/gi, unescapeOne)
  } catch {
    throw badSyntax('a filename* that is no UTF-8')
  }
  if (/[\p{Cc}]/u.test(name)) throw badSyntax('a filename* with a control character')
  return name
}
