/**
 * What becomes of bytes that may be requests: which requests a server sees, what it answers, and what becomes of the connection.
 * Behind the bytes comes one more request: who sees that is still in step with the client.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo, connect, type Socket as NodeSocket } from 'node:net'
import { memoryStreamPair, spawn } from '@shrapnel/core'
import { type ConnectionOptions, type Handler, HttpError, serveStream } from '../src/index.js'

export interface Verdict {
  /** `METHOD target`, and `=body` where there is one; `=…`: its end was not there; `=✗`: it was refused. */
  readonly requests: readonly string[]
  readonly statuses: readonly number[]
  /** In step: the next request is seen. Closed: it is not. Waiting: it is taken for part of what came before. */
  readonly fate: 'in step' | 'closed' | 'waiting'
}

/** `GET / 200, POST /=a 200, in step`. */
export function describeVerdict({ requests, statuses, fate }: Verdict): string {
  return [...requests.map(shortened), statuses.join(' '), fate].filter((part) => part !== '').join(', ')
}

/** Whether `one` takes requests, whole ones, that `other` does not, or goes on where `other` does not. */
export function isLaxer(one: Verdict, other: Verdict): boolean {
  const isWhole = (request: string): boolean => !/=[…✗]$/.test(request)
  const taken = one.requests.filter(isWhole)
  if (taken.some((request, i) => other.requests[i] !== request)) return true
  return one.fate === 'in step' && other.fate !== 'in step'
}

function shortened(text: string): string {
  return text.length > 80 ? `${text.slice(0, 20)}… ${text.length} characters` : text
}

const NEXT_TARGET = '/next-in-step'
const NEXT_STATUS = 204
export const NEXT: Buffer = Buffer.from(
  `GET ${NEXT_TARGET} HTTP/1.1\r\nHost: next\r\nConnection: close\r\n\r\n`,
)

function statusesOf(text: string): number[] {
  // 100 may come or not, as the body was there already (RFC 9110, 10.1.1).
  const all = Array.from(text.matchAll(/^HTTP\/1\.1 (\d{3}) /gm), (match) => Number(match[1]))
  return all.filter((status) => status !== 100)
}

function verdictOf(seen: string[], text: string, hasEnded: boolean): Verdict {
  const requests = seen.filter((line) => line !== `GET ${NEXT_TARGET}`)
  const statuses = statusesOf(text)
  if (statuses.at(-1) === NEXT_STATUS) return { requests, statuses: statuses.slice(0, -1), fate: 'in step' }
  const isCut = seen.at(-1)?.endsWith('=…') === true
  // It began well, and then its body was refused.
  const isRefused = isCut && (statuses.at(-1) ?? 0) >= 400
  if (isRefused) requests.push(`${requests.pop()?.slice(0, -1)}✗`)
  return { requests, statuses, fate: (isCut && !isRefused) || !hasEnded ? 'waiting' : 'closed' }
}

const escaped = (bytes: Buffer): string => JSON.stringify(bytes.toString('latin1')).slice(1, -1)

/** Our server's, of the bytes as they are cut. */
export async function ourVerdict(
  chunks: Iterable<Uint8Array>,
  options: ConnectionOptions = {},
): Promise<Verdict> {
  const seen: string[] = []
  const handler: Handler = async (request) => {
    const at = seen.push(`${request.method} ${request.target}`) - 1
    if (request.body.length === 0)
      return request.method === 'GET' && request.target === NEXT_TARGET ? { status: NEXT_STATUS } : {}
    seen[at] += '=…'
    try {
      const bytes = await request.body.bytes()
      const trailers = [...request.trailers].map(([name, value]) => ` ${name}: ${value}`).join()
      seen[at] = `${seen[at]?.slice(0, -1)}${escaped(bytes)}${trailers}`
      return {}
    } catch (error) {
      if (error instanceof HttpError && error.code === 'HTTP_CUT') return { status: 299 }
      throw error
    }
  }
  const [client, server] = memoryStreamPair()
  const session = spawn(() =>
    serveStream(server, handler, { allowHalfClose: true, onError: () => {}, ...options }),
  )
  const sending = spawn(async () => {
    try {
      for (const chunk of chunks) await client.send(chunk)
      await client.send(NEXT)
      await client.shutdown()
    } catch {
      // It has closed already.
    }
  })
  let text = ''
  for (let came = await client.recv(); came.length > 0; came = await client.recv())
    text += came.toString('latin1')
  client.close()
  await Promise.all([sending.join(), session.join()])
  // Without a word: it waited for the rest, or said before that it would close.
  const said = /\r\nConnection: close\r\n/.test(text)
  return verdictOf(seen, text.replace(/^HTTP\/1\.1 299 .*$/m, ''), said)
}

interface NodeSession {
  readonly seen: string[]
  socket: NodeSocket | undefined
}

/** node:http, strict as it is unless told otherwise, over a socket. */
export class NodeReferee implements AsyncDisposable {
  readonly #server = createServer({ insecureHTTPParser: false }, (request, response) =>
    this.#serve(request, response),
  )
  #session: NodeSession = { seen: [], socket: undefined }

  async listen(): Promise<void> {
    this.#server.on('connection', (socket: NodeSocket) => {
      this.#session.socket = socket
    })
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    const { seen } = this.#session
    const at = seen.push(`${request.method} ${request.url}`) - 1
    const hasBody =
      'transfer-encoding' in request.headers || Number(request.headers['content-length'] ?? 0) > 0
    if (request.method === 'GET' && request.url === NEXT_TARGET) response.statusCode = NEXT_STATUS
    const pieces: Buffer[] = []
    if (hasBody) seen[at] += '=…'
    request.on('data', (bytes: Buffer) => pieces.push(bytes))
    request.on('error', () => {})
    request.on('end', () => {
      const { rawTrailers } = request
      const trailers = rawTrailers.map((text, i) => (i % 2 === 0 ? ` ${text}: ${rawTrailers[i + 1]}` : ''))
      if (hasBody)
        seen[at] =
          `${seen[at]?.slice(0, -1)}${escaped(Buffer.concat(pieces))}${trailers.filter(Boolean).join()}`
      response.end()
    })
  }

  /** One at a time. */
  async verdict(bytes: Buffer): Promise<Verdict> {
    const session: NodeSession = { seen: [], socket: undefined }
    this.#session = session
    const { port } = this.#server.address() as AddressInfo
    const client = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    let text = ''
    let hasEnded = false
    client.on('data', (data: Buffer) => {
      text += data.toString('latin1')
    })
    client.on('error', () => {})
    const over = new Promise<void>((resolve) => {
      for (const event of ['end', 'close', 'error'])
        client.on(event, () => {
          hasEnded = true
          resolve()
        })
    })
    client.write(Buffer.concat([bytes, NEXT]))
    const isAllRead = (): boolean => (session.socket?.bytesRead ?? 0) >= bytes.length + NEXT.length
    // What it has read it has parsed; its answer needs a few turns of the loop to get here.
    const isAnswered = (): boolean => session.seen.includes(`GET ${NEXT_TARGET}`)
    for (let turns = 0; turns < 20 && !hasEnded; ) {
      await new Promise((resolve) => setImmediate(resolve))
      if (isAllRead() && !isAnswered()) turns++
    }
    const verdict = verdictOf(session.seen, text, hasEnded)
    client.destroy()
    await over.catch(() => {})
    return verdict
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}
