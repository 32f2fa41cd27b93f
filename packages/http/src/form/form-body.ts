/**
 * A form as the body of a request that goes out: multipart/form-data, made as it is sent, so that files are streams and nothing is gathered
 * (RFC 7578). Where the length of every part is known, so is that of the whole.
 */
import type { Stream } from '@shrapnel/core'
import { wrongType } from '@shrapnel/core/parts'
import { checkBoundary, randomBoundary } from '../wire/multipart-boundary.js'
import { encodeFormEnd, encodePartHead, withCrlf } from '../wire/multipart-encoder.js'

type Pieces = AsyncIterable<Uint8Array | string>
export type FieldData = string | Uint8Array | Blob | Stream | Pieces

/** A value with more than a name. */
export interface OutgoingPart {
  readonly name: string
  readonly data: FieldData
  /** With one it is a file. A Blob is one in any case, and a File has its own name. */
  readonly filename?: string
  /** Its Content-Type. That of a Blob, or `application/octet-stream` for other files, unless given. */
  readonly type?: string
  /** The bytes of a Stream or an iterable, where they are known. */
  readonly length?: number
}

export interface FormBody {
  /** Content-Type with the boundary, and Content-Length where it is known. */
  readonly headers: Readonly<Record<string, string>>
  /** Once. Ending it early, or a failure, closes what was not sent. */
  readonly body: AsyncIterable<Uint8Array>
}

interface Prepared {
  readonly head: Buffer
  readonly data: FieldData
  /** -1: not known. */
  readonly length: number
}

/** Pairs of names and values, a FormData among them, or parts. `boundary` is random unless given. */
export function formBody(
  parts: Iterable<OutgoingPart | readonly [name: string, data: FieldData]>,
  boundary: string = randomBoundary(),
): FormBody {
  checkBoundary(boundary)
  const all: Prepared[] = []
  for (const part of parts)
    all.push(prepared('data' in part ? part : { name: part[0], data: part[1] }, boundary, all.length === 0))
  const end = encodeFormEnd(boundary, all.length === 0)
  let length = end.length
  for (const part of all)
    length = part.length < 0 || length < 0 ? -1 : length + part.head.length + part.length
  const type = { 'Content-Type': `multipart/form-data; boundary=${quoted(boundary)}` }
  return { headers: length < 0 ? type : { ...type, 'Content-Length': String(length) }, body: send(all, end) }
}

function quoted(boundary: string): string {
  return /^[\w\-.+']+$/.test(boundary) ? boundary : `"${boundary}"`
}

function prepared(part: OutgoingPart, boundary: string, isFirst: boolean): Prepared {
  const { name, data: given } = part
  if (typeof name !== 'string') throw wrongType('name', 'a string', name)
  const isText = typeof given === 'string'
  const data = isText ? Buffer.from(withCrlf(given)) : given
  const filename =
    part.filename ?? (data instanceof File ? data.name : data instanceof Blob ? 'blob' : undefined)
  const usual = data instanceof Blob && data.type !== '' ? data.type : 'application/octet-stream'
  const type = part.type ?? (filename === undefined ? undefined : usual)
  return {
    head: encodePartHead({ name, filename, type }, boundary, isFirst),
    data,
    length: lengthOf(data, part),
  }
}

function lengthOf(data: FieldData, { length }: OutgoingPart): number {
  if (data instanceof Uint8Array) return data.length
  if (data instanceof Blob) return data.size
  if (typeof data !== 'object' || data === null || !(Symbol.asyncIterator in data || 'recv' in data))
    throw wrongType('data', 'text, bytes, a Blob, a Stream or an async iterable', data)
  return length ?? -1
}

async function* send(parts: readonly Prepared[], end: Buffer): AsyncGenerator<Uint8Array, void> {
  let sent = 0
  try {
    for (const { head, data } of parts) {
      yield head
      if (data instanceof Uint8Array) yield data
      else
        for await (const piece of piecesOf(data)) yield typeof piece === 'string' ? Buffer.from(piece) : piece
      sent++
    }
    yield end
  } finally {
    for (const { data } of parts.slice(sent)) if (isStream(data)) data.close()
  }
}

function isStream(data: FieldData): data is Stream {
  return typeof data === 'object' && 'recv' in data
}

async function* piecesOf(data: FieldData): AsyncGenerator<Uint8Array | string, void> {
  if (data instanceof Blob) yield* data.stream() as unknown as Pieces
  else if (isStream(data))
    for (let bytes = await data.recv(); bytes.length > 0; bytes = await data.recv()) yield bytes
  else yield* data as Pieces
}
