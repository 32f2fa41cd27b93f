/**
 * What the rows of the corpus of responses are made of. Bytes are written as text of one character each. A verdict is the answer that a
 * client gives (`200 hello`, with `x=…` if there is such a field), or `refused`, or `cut`; and then what becomes of the connection:
 * `in step` (the next request goes there and gets its own answer), `closed` (it goes elsewhere), `at the end` (the answer is over when the
 * connection is), `then …` (the next request got what it did not ask for).
 */

export interface Others {
  /** node:http's verdict where it is another; several where they are those of several versions of Node. */
  readonly node?: string | readonly string[]
  /** undici's verdict where it is another. */
  readonly undici?: string
  /** Why theirs is another. */
  readonly because?: string
  /** Of the request; GET unless given. */
  readonly method?: string
  /** Sent behind the answer, while nobody asks. */
  readonly late?: string
}

export type ResponseRow = readonly [why: string, text: string, verdict: string, others?: Others]

export const OK = 'HTTP/1.1 200 OK\r\n'
export const LAST_CHUNK = '0\r\n\r\n'
/** What somebody would like the next request to be answered with. */
export const POISON = 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison'

export const sized = (length: string, body = 'hello'): string =>
  `${OK}Content-Length: ${length}\r\n\r\n${body}`
export const coded = (coding: string, body = `5\r\nhello\r\n${LAST_CHUNK}`): string =>
  `${OK}Transfer-Encoding: ${coding}\r\n\r\n${body}`
export const chunked = (body?: string): string => coded('chunked', body)
export const withField = (field: string): string => `${OK}${field}\r\nContent-Length: 5\r\n\r\nhello`
export const withLine = (line: string): string => `${line}\r\nContent-Length: 5\r\n\r\nhello`
export const withStatus = (status: string, fields = '', body = ''): string =>
  `HTTP/1.1 ${status}\r\n${fields}\r\n${body}`
