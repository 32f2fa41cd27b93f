/** The answer to a request for a file that is open: conditions, ranges, fields (RFC 9110, 13 and 14). Whoever gets it closes the file by its body. */
import type { HttpRequest, HttpResponse, ResponseBody } from '../message.js'
import { type ByteRange, byteRanges, contentRange } from '../wire/byte-ranges.js'
import { formatHttpDate } from '../wire/date.js'
import { checkPreconditions, isRangeMeant } from '../wire/preconditions.js'
import { attachment } from './content-disposition.js'
import { FilePieces } from './file-body.js'
import type { OpenFile } from './file-root.js'
import {
  checkedTag,
  type FileEncoding,
  type FileFacts,
  type FilesSettings,
  withFields,
} from './files-options.js'
import { mediaTypeOf } from './media-type.js'
import { multipartRanges } from './multipart-ranges.js'

/** A file this young may change again without its time being another one. */
const YOUNG_MS = 1_000

type Fields = Record<string, string | undefined>

/** `name` is that of the file asked for; `file` is that, or its compressed form. Takes charge of `file`. */
export function fileAnswer(
  request: HttpRequest,
  name: string,
  file: OpenFile,
  encoding: FileEncoding | undefined,
  settings: FilesSettings,
): HttpResponse {
  try {
    return answer(request, { name, size: file.size, mtimeMs: file.mtimeMs }, file, encoding, settings)
  } catch (error) {
    file.close()
    throw error
  }
}

function answer(
  request: HttpRequest,
  facts: FileFacts,
  file: OpenFile,
  encoding: FileEncoding | undefined,
  settings: FilesSettings,
): HttpResponse {
  const nowMs = Date.now()
  const etag = tagOf(facts, encoding, settings, nowMs)
  const lastModifiedMs = facts.mtimeMs
  const { headers } = request
  const verdict = checkPreconditions(headers, true, { etag, lastModifiedMs })
  if (verdict === 'failed') return closed(file, { status: 412 })
  const fields: Fields = {
    ETag: etag,
    'Last-Modified': formatHttpDate(lastModifiedMs),
    'Cache-Control': settings.cacheControl,
    Vary: settings.precompressed.length > 0 ? 'Accept-Encoding' : undefined,
  }
  if (verdict === 'not-modified')
    return closed(file, { status: 304, headers: finished(fields, facts, settings) })
  const type = mediaTypeOf(facts.name)
  fields['Content-Type'] = type
  fields['Content-Encoding'] = encoding
  fields['X-Content-Type-Options'] = 'nosniff'
  fields['Content-Disposition'] = dispositionOf(facts, settings)
  if (settings.maxRanges > 0) fields['Accept-Ranges'] = 'bytes'
  const range = request.method === 'GET' && settings.maxRanges > 0 ? headers.get('range') : undefined
  const ranges =
    range !== undefined && isRangeMeant(headers.get('if-range'), { etag, lastModifiedMs }, nowMs)
      ? byteRanges(range, facts.size, settings.maxRanges)
      : 'whole'
  if (ranges === 'none')
    return closed(file, { status: 416, headers: { 'Content-Range': `bytes */${facts.size}` } })
  if (ranges === 'whole')
    return give(request, 200, fields, facts, file, { from: 0, length: facts.size }, settings)
  const [only] = ranges
  if (ranges.length === 1 && only !== undefined) {
    fields['Content-Range'] = contentRange(only, facts.size)
    return give(request, 206, fields, facts, file, only, settings)
  }
  const { type: partsType, parts } = multipartRanges(ranges, facts.size, type)
  const body = new FilePieces(file, parts)
  const finishedFields = withFields(finished(fields, facts, settings), {
    'Content-Type': partsType,
    'Content-Length': String(body.length),
  })
  return { status: 206, headers: finishedFields, body }
}

function give(
  request: HttpRequest,
  status: number,
  fields: Fields,
  facts: FileFacts,
  file: OpenFile,
  { from, length }: ByteRange,
  settings: FilesSettings,
): HttpResponse {
  if (request.method === 'HEAD' || length === 0) {
    fields['Content-Length'] = String(length)
    return closed(file, { status, headers: finished(fields, facts, settings) })
  }
  let body: ResponseBody
  if (settings.threadPool) {
    fields['Content-Length'] = String(length)
    body = new FilePieces(file, [{ from, length }])
  } else body = { file: { fd: file.fd, offset: from, length, close: () => file.close() } }
  return { status, headers: finished(fields, facts, settings), body }
}

function closed(file: OpenFile, response: HttpResponse): HttpResponse {
  file.close()
  return response
}

function finished(fields: Fields, facts: FileFacts, { headers }: FilesSettings): Fields {
  return headers === undefined ? fields : Object.fromEntries(withFields(fields, headers(facts)))
}

/**
 * Of size and time, in microseconds. Without the inode, so that the same file on two machines has one tag. Strong, so that a download can be
 * taken up again; but weak while the file is young: within one tick of the kernel's clock it may change twice (RFC 9110, 8.8.1).
 */
function tagOf(
  facts: FileFacts,
  encoding: FileEncoding | undefined,
  { etag }: FilesSettings,
  nowMs: number,
): string | undefined {
  if (etag === false) return undefined
  if (etag !== true) return checkedTag(etag(facts))
  const { size, mtimeMs } = facts
  const opaque = `${size.toString(36)}-${Math.round(mtimeMs * 1_000).toString(36)}${encoding === undefined ? '' : `-${encoding}`}`
  return nowMs - mtimeMs < YOUNG_MS ? `W/"${opaque}"` : `"${opaque}"`
}

function dispositionOf(facts: FileFacts, { download }: FilesSettings): string | undefined {
  const wanted = typeof download === 'boolean' ? download : download(facts)
  if (wanted === false) return undefined
  return attachment(wanted === true ? facts.name.slice(facts.name.lastIndexOf('/') + 1) : wanted)
}
