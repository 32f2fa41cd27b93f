/** A connection through a SOCKS5 proxy (RFC 1928), with user and password where it asks for them (RFC 1929). */
import { isIPv4, isIPv6 } from 'node:net'
import { BufferedReader, type Stream } from '@shrapnel/core'
import type { ProxyServer } from './proxy.js'
import { refused } from './tunnel.js'

const VERSION = 5
const NO_AUTHENTICATION = 0
const PASSWORD = 2
const PASSWORD_VERSION = 1
const CONNECT = 1
const IPV4 = 1
const NAME = 3
const IPV6 = 4
/** A length is one byte. */
const MOST_BYTES = 255

/** RFC 1928, 6. */
const REASONS = [
  'succeeded',
  'failed',
  'does not allow the connection',
  'cannot reach the network',
  'cannot reach the host',
  'was refused by the host',
  'waited too long',
  'knows no CONNECT',
  'knows no such addresses',
]

/** Fails with `HTTP_PROXY`; whoever called closes the stream then. A name goes to the proxy as it is: nobody here looks it up. */
export async function socksConnect(
  stream: Stream,
  proxy: ProxyServer,
  host: string,
  port: number,
): Promise<void> {
  const reader = new BufferedReader(stream)
  const take = async (count: number): Promise<Buffer> => {
    try {
      return await reader.readExact(count)
    } catch (cause) {
      const { code } = cause as { code?: string }
      if (code === 'INTERRUPTED' || code === 'SHUTDOWN') throw cause
      throw refused(proxy, 'ended in the middle of SOCKS', undefined, cause)
    }
  }
  const methods = proxy.username === '' ? [NO_AUTHENTICATION] : [NO_AUTHENTICATION, PASSWORD]
  await stream.send(Uint8Array.of(VERSION, methods.length, ...methods))
  const [version, method] = await take(2)
  if (version !== VERSION) throw refused(proxy, 'speaks no SOCKS5')
  if (method === PASSWORD && methods.includes(PASSWORD)) {
    await stream.send(
      Buffer.concat([Buffer.of(PASSWORD_VERSION), counted(proxy.username), counted(proxy.password)]),
    )
    const [, outcome] = await take(2)
    if (outcome !== 0) throw refused(proxy, 'does not accept user and password')
  } else if (method !== NO_AUTHENTICATION) throw refused(proxy, 'wants another way of authentication')
  await stream.send(
    Buffer.concat([Buffer.of(VERSION, CONNECT, 0), address(host), Buffer.of(port >> 8, port & 255)]),
  )
  const [replyVersion, reply = 1, , kind] = await take(4)
  if (replyVersion !== VERSION) throw refused(proxy, 'speaks no SOCKS5')
  if (reply !== 0) throw refused(proxy, REASONS[reply] ?? `answered with ${reply}`)
  const length = kind === IPV4 ? 4 : kind === IPV6 ? 16 : kind === NAME ? ((await take(1))[0] ?? 0) : -1
  if (length < 0) throw refused(proxy, 'answered with an address of no known kind')
  await take(length + 2)
  if (reader.bufferedBytes > 0) throw refused(proxy, 'sent more than its answer')
}

function counted(text: string): Buffer {
  const bytes = Buffer.from(text)
  if (bytes.length > MOST_BYTES) throw new RangeError('what goes to a SOCKS proxy has at most 255 bytes')
  return Buffer.concat([Buffer.of(bytes.length), bytes])
}

function address(host: string): Buffer {
  if (isIPv4(host)) return Buffer.of(IPV4, ...host.split('.').map(Number))
  if (isIPv6(host)) return Buffer.concat([Buffer.of(IPV6), ipv6Bytes(host)])
  return Buffer.concat([Buffer.of(NAME), counted(host)])
}

/** Of text that is an address for sure. */
function ipv6Bytes(text: string): Buffer {
  const [head = '', tail] = text.replace(/%.*$/, '').split('::')
  const words = (part: string): number[] =>
    part === ''
      ? []
      : part.split(':').flatMap((word) => {
          if (!word.includes('.')) return [Number.parseInt(word, 16)]
          const [a = 0, b = 0, c = 0, d = 0] = word.split('.').map(Number)
          return [a * 256 + b, c * 256 + d]
        })
  const first = words(head)
  const last = tail === undefined ? [] : words(tail)
  const all = [...first, ...new Array<number>(8 - first.length - last.length).fill(0), ...last]
  const bytes = Buffer.alloc(16)
  for (const [i, word] of all.entries()) bytes.writeUInt16BE(word, 2 * i)
  return bytes
}
