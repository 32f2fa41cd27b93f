/** A tunnel through an HTTP proxy (RFC 9110, 9.3.6): what follows its answer is the server's. */
import { BufferedReader, type Stream } from '@shrapnel/core'
import { HttpError } from '../errors.js'
import { ResponseHead } from '../wire/response-head.js'
import type { ProxyServer } from './proxy.js'

const MOST_HEAD_BYTES = 16_384
const LIMITS = { maxHeadBytes: MOST_HEAD_BYTES, maxHeaders: 100, maxTargetBytes: MOST_HEAD_BYTES }
const END = Buffer.from('\r\n\r\n')

/** Fails with `HTTP_PROXY`; whoever called closes the stream then. */
export async function openTunnel(
  stream: Stream,
  proxy: ProxyServer,
  host: string,
  port: number,
): Promise<void> {
  const authority = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
  const authorization =
    proxy.authorization === undefined ? '' : `Proxy-Authorization: ${proxy.authorization}\r\n`
  await stream.send(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n${authorization}\r\n`)
  const reader = new BufferedReader(stream)
  const head = new ResponseHead()
  for (let interim = 0; interim < 10; interim++) {
    const status = await readStatus(reader, head, proxy)
    if (status < 200) continue
    if (status >= 300) throw refused(proxy, `answered with status ${status}`, status)
    // Whoever waits for us to begin has nothing to say before.
    if (reader.bufferedBytes > 0) throw refused(proxy, 'sent more than its answer')
    return
  }
  throw refused(proxy, 'has no end of interim answers')
}

async function readStatus(reader: BufferedReader, head: ResponseHead, proxy: ProxyServer): Promise<number> {
  try {
    const text = await reader.readUntil(END, { maxUntilBytes: MOST_HEAD_BYTES - END.length })
    const bytes = Buffer.concat([text, END])
    if (!head.parse(bytes, 0, bytes.length, LIMITS)) throw new HttpError('HTTP_SYNTAX', 'half a head')
    return head.status
  } catch (cause) {
    const { code } = cause as { code?: string }
    if (code === 'INTERRUPTED' || code === 'SHUTDOWN') throw cause
    throw refused(proxy, 'gave no answer to CONNECT', undefined, cause)
  }
}

export function refused(proxy: ProxyServer, text: string, status?: number, cause?: unknown): HttpError {
  return new HttpError('HTTP_PROXY', `the proxy ${proxy.host}:${proxy.port} ${text}`, {
    status,
    cause,
    phase: 'connect',
    safeToRetry: true,
  })
}
