/** What the rows of the corpus are made of. Bytes are written as text of one character each. */

/** What our server makes of it (see `describeVerdict`), and why node:http sees it otherwise, if it does. */
export type Row = readonly [why: string, text: string, verdict: string, because?: string]

export const GET = 'GET / HTTP/1.1\r\nHost: a\r\n'
export const POST = 'POST / HTTP/1.1\r\nHost: a\r\n'
export const LAST_CHUNK = '0\r\n\r\n'
/** What somebody would like to get past the server in front. */
export const HIDDEN = 'GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n'

export const sized = (length: string, body = 'hello'): string =>
  `${POST}Content-Length: ${length}\r\n\r\n${body}`
export const coded = (coding: string, body = `5\r\nhello\r\n${LAST_CHUNK}`): string =>
  `${POST}Transfer-Encoding: ${coding}\r\n\r\n${body}`
export const chunked = (body?: string): string => coded('chunked', body)
export const withField = (field: string): string => `${GET}${field}\r\n\r\n`
export const withLine = (line: string): string => `${line}\r\nHost: a\r\n\r\n`
