/** Whether a connection goes on, and what comes behind an answer: the poisoning of the next one. */
import { BEHIND, HALF, IDLE, LAST_LINE, PROXY_CONNECTION } from './reasons.js'
import { chunked, POISON, type ResponseRow, sized, withField } from './row.js'

export const CONNECTIONS: readonly ResponseRow[] = [
  ['close', withField('Connection: close'), '200 hello, closed'],
  ['close in capitals', withField('Connection: CLOSE'), '200 hello, closed'],
  ['close in a list', withField('Connection: x, close'), '200 hello, closed'],
  ['close in a field of its own', withField('Connection: x\r\nConnection: close'), '200 hello, closed'],
  ['close and keep-alive', withField('Connection: keep-alive, close'), '200 hello, closed'],
  ['close with a quote', withField('Connection: "close"'), '200 hello, in step'],
  ['Proxy-Connection: close', withField('Proxy-Connection: close'), '200 hello, in step', { node: '200 hello, closed', undici: '200 hello, closed', because: PROXY_CONNECTION }],
  ['keep-alive for ten seconds', withField('Connection: keep-alive\r\nKeep-Alive: timeout=10'), '200 hello, in step'],
  ['keep-alive for less than no time', withField('Keep-Alive: timeout=-5'), '200 hello, in step'],
  ['an answer behind the answer', `${sized('5')}${POISON}`, '200 hello, closed'],
  ['an answer behind chunks', `${chunked()}${POISON}`, '200 hello, closed'],
  ['an answer behind one that closes', `${withField('Connection: close')}${POISON}`, '200 hello, closed', { node: '200, body refused, closed', because: BEHIND }],
  ['an answer behind the answer, while nobody asks', sized('5'), '200 hello, closed', { late: POISON, node: ['200 hello, in step', '200 hello, closed'], because: IDLE }],
  ['an answer behind chunks, while nobody asks', chunked(), '200 hello, closed', { late: POISON, node: ['200 hello, in step', '200 hello, closed'], because: IDLE }],
  ['half an answer behind the answer', `${sized('5')}HTTP/1.1 200 OK\r\nX: `, '200 hello, closed', { node: '200 hello, in step', because: HALF }],
  ['half an answer, while nobody asks', sized('5'), '200 hello, closed', { late: 'HTTP/1.1 200 OK\r\nX: ', node: ['200 hello, in step', '200 hello, closed'], because: IDLE }],
  ['an interim answer behind the answer', `${sized('5')}HTTP/1.1 103 Early Hints\r\n\r\n`, '200 hello, closed'],
  ['408 while nobody asks', sized('5'), '200 hello, closed', { late: 'HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n', node: ['200 hello, in step', '200 hello, closed'], because: IDLE }],
  ['a byte behind the answer', `${sized('5')}x`, '200 hello, closed', { node: '200, body refused, closed', because: BEHIND }],
  ['an empty line behind the answer', `${sized('5')}\r\n`, '200 hello, closed', { node: '200 hello, in step', undici: '200 hello, in step', because: LAST_LINE }],
  ['an empty line, while nobody asks', sized('5'), '200 hello, closed', { late: '\r\n', node: ['200 hello, in step', '200 hello, closed'], undici: '200 hello, in step', because: LAST_LINE }],
  ['a byte, while nobody asks', sized('5'), '200 hello, closed', { late: 'x', node: ['200 hello, in step', '200 hello, closed'], because: IDLE }],
  ['NUL, while nobody asks', sized('5'), '200 hello, closed', { late: '\0', node: ['200 hello, in step', '200 hello, closed'], because: IDLE }],
] // biome-ignore format: a table
