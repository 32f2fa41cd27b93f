/**
 * Sends what does not fit into one write: long blocks, files, and bodies that grow while they are sent. In the scope of the request, so
 * that a generator which waits is interrupted when the client has gone.
 */
import { type Awaitable, Socket, type Stream } from '@shrapnel/core'
import { readAt } from '../body/file-read.js'
import { AnnouncedBody, bodyTooShort, type Piece, piecesOf } from '../body/pieces.js'
import { HttpHeaders } from '../headers.js'
import type { FileBody, HttpResponse } from '../message.js'
import { CHUNK_END, chunkSize, LAST_CHUNK, lastChunk } from '../wire/chunked-encoder.js'
import type { Rest } from './answer.js'

/** Sent to a socket at a time. */
const PIECE_BYTES = 1_048_576
/** To any other stream, which says nothing before all is sent: a client that takes something is told from one that takes nothing. */
const STREAM_PIECE_BYTES = 131_072
const NOTHING = Buffer.alloc(0)

export interface Outlet {
  readonly stream: Stream
  /** So many bytes are on their way from here on. */
  sending(bytes: number): void
  sent(): void
}

/** `head` goes out before everything, together with the first of the body. `begun`: what `beginFile` gave. */
export async function sendRest(
  outlet: Outlet,
  head: Buffer,
  rest: Rest,
  response: HttpResponse,
  begun?: Awaitable<number>,
): Promise<void> {
  if (rest.kind === 'bytes') await sendBlock(outlet, head, rest.bytes)
  else if (rest.kind === 'file') await sendFile(outlet, head, rest.file, begun)
  else await sendPieces(outlet, head, rest, response)
}

function pieceBytes(stream: Stream): number {
  return stream instanceof Socket ? PIECE_BYTES : STREAM_PIECE_BYTES
}

async function transmit(outlet: Outlet, parts: readonly Piece[], length: number): Promise<void> {
  outlet.sending(length)
  try {
    await outlet.stream.sendv(parts)
  } finally {
    outlet.sent()
  }
}

async function sendBlock(outlet: Outlet, head: Buffer, bytes: Uint8Array): Promise<void> {
  const most = pieceBytes(outlet.stream)
  for (let at = 0; at < bytes.length; at += most) {
    const piece = at === 0 && bytes.length <= most ? bytes : bytes.subarray(at, at + most)
    await transmit(outlet, at === 0 ? [head, piece] : [piece], piece.length)
  }
}

/** The first of a file. One that the kernel takes at once needs no promise; undefined where there is no sendfile. */
export function beginFile(
  { stream }: Outlet,
  { fd, offset, length }: FileBody,
): Awaitable<number> | undefined {
  if (!(stream instanceof Socket)) return undefined
  try {
    return stream.sendFile(fd, offset, Math.min(length, PIECE_BYTES))
  } catch (error) {
    return Promise.reject(error)
  }
}

async function sendFile(
  outlet: Outlet,
  head: Buffer,
  file: FileBody,
  begun: Awaitable<number> | undefined,
): Promise<void> {
  const { stream } = outlet
  if (head.length > 0) await transmit(outlet, [head], head.length)
  for (let sent = 0; sent < file.length; ) {
    const wanted = Math.min(file.length - sent, pieceBytes(stream))
    let count: number
    if (stream instanceof Socket) {
      outlet.sending(wanted)
      const isFirst = sent === 0 && begun !== undefined
      count = await (isFirst ? begun : stream.sendFile(file.fd, file.offset + sent, wanted))
      outlet.sent()
    } else {
      const bytes = await readAt(file.fd, file.offset + sent, wanted)
      count = bytes.length
      if (count > 0) await transmit(outlet, [bytes], count)
    }
    if (count === 0) throw bodyTooShort(file.length, sent)
    sent += count
  }
}

type Pieces = Extract<Rest, { kind: 'pieces' }>

async function sendPieces(outlet: Outlet, head: Buffer, rest: Pieces, response: HttpResponse): Promise<void> {
  let first: Buffer | null = head
  const body = new AnnouncedBody(rest.length)
  const most = pieceBytes(outlet.stream)
  for await (const piece of piecesOf(rest.pieces)) {
    const bytes = body.take(piece)
    const { length } = bytes
    if (length === 0) continue
    const parts: Piece[] = rest.isChunked ? [chunkSize(length), bytes, CHUNK_END] : [bytes]
    if (first !== null) parts.unshift(first)
    first = null
    if (length <= most) await transmit(outlet, parts, length)
    else {
      const at = parts.indexOf(bytes)
      if (at > 0) await transmit(outlet, parts.slice(0, at), 0)
      await sendBlock(outlet, NOTHING, bytes)
      if (rest.isChunked) await transmit(outlet, [CHUNK_END], 0)
    }
  }
  body.end()
  const end = rest.isChunked ? await endOf(response) : null
  const parts = [first, end].filter((part) => part !== null)
  if (parts.length > 0) await transmit(outlet, parts, 0)
}

async function endOf({ trailers }: HttpResponse): Promise<Buffer> {
  return trailers === undefined ? LAST_CHUNK : lastChunk(new HttpHeaders(await trailers()))
}

/** Nobody will send it: lets go of what it holds. */
export function dropBody(response: HttpResponse): void {
  const { body } = response
  if (typeof body !== 'object' || body === null || body instanceof Uint8Array) return
  if ('file' in body) body.file.close()
  else if ('close' in body && typeof body.close === 'function') body.close()
}
