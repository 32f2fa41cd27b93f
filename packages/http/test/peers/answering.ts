/** A handler for peers of all kinds: what it answers hangs on the last part of the path, so that each can be behind any prefix. */
import { createHash } from 'node:crypto'
import type { Handler, HttpRequest, HttpResponse } from '../../src/index.js'

export const PIECE: Buffer = Buffer.from(Array.from({ length: 40_000 }, (_, i) => (i * 7919) % 251))

export const digest = (bytes: Uint8Array): string => createHash('sha1').update(bytes).digest('hex')

/** So many bytes that are never the same for long. */
export function patternBytes(length: number): Buffer {
  const bytes = Buffer.alloc(length)
  for (let at = 0; at < length; at += PIECE.length) PIECE.copy(bytes, at)
  return bytes
}

async function* pieces(count: number): AsyncGenerator<Uint8Array> {
  for (let i = 0; i < count; i++) yield PIECE
}

/** What it did with a body, as JSON. */
async function summary(request: HttpRequest): Promise<HttpResponse> {
  const hash = createHash('sha1')
  let length = 0
  for await (const bytes of request.body) {
    hash.update(bytes)
    length += bytes.length
  }
  const { method, version } = request
  const framing = request.headers.get('transfer-encoding') ?? request.headers.get('content-length') ?? 'none'
  return {
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ method, version, framing, length, sha1: hash.digest('hex') }),
  }
}

export const answering: Handler = (request) => {
  const name = request.path.slice(request.path.lastIndexOf('/') + 1)
  switch (name) {
    case 'hello':
      return { body: 'Hello, world!' }
    case 'echo':
      return { body: request.body, headers: { 'content-type': 'application/octet-stream' } }
    case 'summary':
      return summary(request)
    case 'pieces':
      return { body: pieces(Number(request.query)), trailers: () => ({ 'x-count': request.query }) }
    case 'large':
      return { body: patternBytes(Number(request.query)) }
    case 'unread':
      return { status: 403, body: 'no, thank you' }
    case 'nothing':
      return { status: 204 }
    case 'upgrade':
      return {
        status: 101,
        headers: { upgrade: 'echo' },
        upgrade: async (stream) => {
          for (let bytes = await stream.recv(); bytes.length > 0; bytes = await stream.recv())
            await stream.send(bytes)
        },
      }
    default:
      return { body: request.target }
  }
}
