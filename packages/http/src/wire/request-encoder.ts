/** The head of a request, written. Whatever goes on a line is checked: nothing that a caller gives can end it. */
import { HttpError } from '../errors.js'
import type { HttpHeaders } from '../headers.js'

const METHOD = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const TARGET = /^[\x21-\x22\x24-\x7e]+$/

/** Throws `HTTP_HEADER` for a method or target that cannot be. Host and the framing are the caller's to put into `headers`. */
export function encodeRequestHead(method: string, target: string, headers: HttpHeaders): Buffer {
  if (!METHOD.test(method)) throw new HttpError('HTTP_HEADER', `${JSON.stringify(method)} is no method`)
  if (!TARGET.test(target))
    throw new HttpError('HTTP_HEADER', `${JSON.stringify(target)} is no target of a request`)
  let text = `${method} ${target} HTTP/1.1\r\n`
  for (const [name, value] of headers) text += `${name}: ${value}\r\n`
  return Buffer.from(`${text}\r\n`, 'latin1')
}
