/** Transfer codings of answers. */
import { CHUNKED_ALONE, OLD_CHUNKS, UNKNOWN_CODING } from './reasons.js'
import { chunked, coded, OK, POISON, type ResponseRow } from './row.js'

export const CODINGS: readonly ResponseRow[] = [
  ['chunked', chunked(), '200 hello, in step'],
  ['chunked in capitals', coded('CHUNKED'), '200 hello, in step'],
  ['both a length and chunks', `${OK}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`, 'refused, closed'],
  ['both, the other way round', `${OK}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n5\r\nhello\r\n0\r\n\r\n`, 'refused, closed'],
  ['both, and the length ends in poison', `${OK}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${POISON}`, 'refused, closed'],
  ['chunked twice', coded('chunked, chunked'), 'refused, closed', { node: '200 hello, in step', undici: '200 hello, in step', because: CHUNKED_ALONE }],
  ['chunked twice, in two fields', `${OK}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`, 'refused, closed', { node: '200 hello, in step', undici: '200 hello, in step', because: CHUNKED_ALONE }],
  ['chunked and identity', coded('chunked, identity'), 'refused, closed', { node: '200 5\\r\\nhello\\r\\n0\\r\\n\\r\\n, at the end', undici: '200 5\\r\\nhello\\r\\n0\\r\\n\\r\\n, at the end', because: CHUNKED_ALONE }],
  ['identity', coded('identity', 'hello'), 'refused, closed', { node: '200 hello, at the end', undici: '200 hello, at the end', because: UNKNOWN_CODING }],
  ['identity and a length', `${OK}Transfer-Encoding: identity\r\nContent-Length: 5\r\n\r\nhello`, 'refused, closed'],
  ['gzip and chunked', coded('gzip, chunked'), 'refused, closed', { node: '200 hello, in step', undici: '200 hello, in step', because: CHUNKED_ALONE }],
  ['gzip alone', coded('gzip', 'hello'), 'refused, closed', { node: '200 hello, at the end', undici: '200 hello, at the end', because: UNKNOWN_CODING }],
  ['a coding that nobody knows', coded('x-other', 'hello'), 'refused, closed', { node: '200 hello, at the end', undici: '200 hello, at the end', because: UNKNOWN_CODING }],
  ['a coding that nobody knows and a length', `${OK}Transfer-Encoding: xchunked\r\nContent-Length: 5\r\n\r\nhello`, 'refused, closed'],
  ['an empty coding', coded(''), 'refused, closed', { node: ['200 5\\r\\nhello\\r\\n0\\r\\n\\r\\n, at the end', 'refused, closed'], undici: '200 5\\r\\nhello\\r\\n0\\r\\n\\r\\n, at the end', because: UNKNOWN_CODING }],
  ['chunked with a comma before it', coded(', chunked'), 'refused, closed', { node: '200 hello, in step', undici: '200 hello, in step', because: CHUNKED_ALONE }],
  ['chunked with a parameter', coded('chunked;q=1'), 'refused, closed', { node: '200 5\\r\\nhello\\r\\n0\\r\\n\\r\\n, at the end', undici: '200 5\\r\\nhello\\r\\n0\\r\\n\\r\\n, at the end', because: CHUNKED_ALONE }],
  ['chunked in quotes', coded('"chunked"'), 'refused, closed', { node: '200 5\\r\\nhello\\r\\n0\\r\\n\\r\\n, at the end', undici: '200 5\\r\\nhello\\r\\n0\\r\\n\\r\\n, at the end', because: UNKNOWN_CODING }],
  ['chunked with a vertical tab', coded('\x0bchunked'), 'refused, closed'],
  ['chunked with NUL behind it', coded('chunked\0'), 'refused, closed'],
  ['chunked behind a line that goes on', coded('\r\n chunked'), 'refused, closed'],
  ['chunked behind a name with a space', `${OK}Transfer-Encoding : chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`, 'refused, closed'],
  ['chunked in HTTP/1.0', 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n', 'refused, closed', { node: '200 hello, closed', undici: '200 hello, closed', because: OLD_CHUNKS }],
  ['chunked in HTTP/1.0, to be kept alive', 'HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n', 'refused, closed', { node: '200 hello, in step', undici: '200 hello, in step', because: OLD_CHUNKS }],
] // biome-ignore format: a table
