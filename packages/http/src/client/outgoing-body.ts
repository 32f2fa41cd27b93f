/** The body of a request, from whatever the program has. */
import type { Stream } from '@shrapnel/core'
import { wrongType } from '@shrapnel/core/parts'
import { readAt } from '../body/file-read.js'
import { type Piece, piecesOf } from '../body/pieces.js'
import { type FieldData, type FormBody, formBody } from '../form/form-body.js'
import type { FileBody } from '../message.js'
import { randomBoundary } from '../wire/multipart-boundary.js'
import type { RequestBody, StreamedBody } from './options.js'

const FILE_PIECE_BYTES = 262_144

export interface OutgoingBody {
  /** -1: not known, it is sent chunked. */
  readonly length: number
  /** All of it; null: it comes in pieces. */
  readonly bytes: Uint8Array | null
  /** The pieces; called each time it is sent. */
  readonly open: (() => AsyncIterable<Piece>) | null
  readonly isRepeatable: boolean
  readonly contentType: string | undefined
  /** Nobody will send it any more. Again without effect. */
  close(): void
}

const nothing = (): void => {}

export const NO_BODY: OutgoingBody = {
  length: 0,
  bytes: null,
  open: null,
  isRepeatable: true,
  contentType: undefined,
  close: nothing,
}

export function outgoingBody(body: RequestBody | undefined, json: unknown): OutgoingBody {
  if (json !== undefined) {
    if (body != null) throw wrongType('body', 'undefined beside json', body)
    const text = JSON.stringify(json)
    if (text === undefined) throw wrongType('json', 'something that is JSON', json)
    return ofBytes(Buffer.from(text), 'application/json')
  }
  if (body == null) return NO_BODY
  if (typeof body === 'string') return ofBytes(Buffer.from(body), 'text/plain;charset=UTF-8')
  if (body instanceof Uint8Array) return ofBytes(body, undefined)
  if (body instanceof ArrayBuffer) return ofBytes(new Uint8Array(body), undefined)
  if (body instanceof URLSearchParams)
    return ofBytes(Buffer.from(body.toString()), 'application/x-www-form-urlencoded;charset=UTF-8')
  if (typeof body === 'function')
    return {
      ...NO_BODY,
      length: -1,
      open: () => opened(body()),
    }
  if (typeof body !== 'object') throw wrongType('body', 'text, bytes, an iterable or a Stream', body)
  if (body instanceof FormData) return ofForm(body)
  if ('file' in body) return ofFile(body.file)
  if ('headers' in body && 'body' in body) return { ...ofPieces(body.body), ...factsOf(body) }
  return ofPieces(body)
}

function ofPieces(body: StreamedBody): OutgoingBody {
  const pieces = opened(body)
  return { ...NO_BODY, length: -1, open: () => pieces, isRepeatable: false, close: () => closeSource(body) }
}

/** Of a web FormData: made again each time it is sent. */
function ofForm(form: FormData): OutgoingBody {
  const boundary = randomBoundary()
  const make = (): FormBody => formBody(form as Iterable<[string, FieldData]>, boundary)
  return { ...NO_BODY, ...factsOf(make()), open: () => make().body }
}

function factsOf({ headers }: FormBody): {
  readonly contentType: string | undefined
  readonly length: number
} {
  return { contentType: headers['Content-Type'], length: Number(headers['Content-Length'] ?? -1) }
}

function closeSource(body: StreamedBody): void {
  if ('recv' in body) body.close()
}

function ofBytes(bytes: Uint8Array, contentType: string | undefined): OutgoingBody {
  return { ...NO_BODY, length: bytes.length, bytes, contentType }
}

function ofFile(file: FileBody): OutgoingBody {
  let isOpen = true
  const close = (): void => {
    if (isOpen) file.close()
    isOpen = false
  }
  return { ...NO_BODY, length: file.length, open: () => readFile(file), isRepeatable: false, close }
}

async function* readFile({ fd, offset, length }: FileBody): AsyncGenerator<Buffer, void> {
  for (let at = 0; at < length; ) {
    const bytes = await readAt(fd, offset + at, Math.min(length - at, FILE_PIECE_BYTES))
    if (bytes.length === 0) return
    at += bytes.length
    yield bytes
  }
}

async function* each(pieces: Iterable<Piece>): AsyncGenerator<Piece, void> {
  yield* pieces
}

function opened(body: StreamedBody): AsyncIterable<Piece> {
  if (Symbol.asyncIterator in body || ('recv' in body && typeof body.recv === 'function'))
    return piecesOf(body)
  if (Symbol.iterator in body) return each(body)
  throw wrongType('body', 'text, bytes, an iterable or a Stream', body)
}

/** A call failed before anybody had made anything of its body: lets go of what that holds. */
export function dropUnsent(body: unknown): void {
  if (typeof body !== 'object' || body === null) return
  if ('file' in body) (body as { readonly file: FileBody }).file?.close?.()
  else if ('recv' in body) (body as Stream).close()
}
