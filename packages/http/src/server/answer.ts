/**
 * One answer: what can go out at once is put into the output, whole. What cannot, a long or a growing body, is left in `rest`, and the
 * connection sends it. It decides how the body is framed (RFC 9112, 6), and whether the connection can go on after it.
 */
import type { Stream } from '@shrapnel/core'
import { checkFunction, checkInteger, wrongType } from '@shrapnel/core/parts'
import { HttpError } from '../errors.js'
import type { FileBody, HttpResponse, ResponseBody } from '../message.js'
import { isBodiless } from '../wire/status.js'
import { AnswerHead } from './answer-head.js'
import { type OutputBuffer, textLength } from './output-buffer.js'

/** Longer blocks are sent from where they are. */
const COPIED_BYTES = 16_384
const MOST = Number.MAX_SAFE_INTEGER

/** What is to follow the head, and how. */
export type Rest =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'file'; readonly file: FileBody }
  | {
      readonly kind: 'pieces'
      readonly pieces: AsyncIterable<Uint8Array | string> | Stream
      /** -1: not known. */
      readonly length: number
      readonly isChunked: boolean
    }

/** What the request was, as far as the answer hangs on it. */
export interface Asked {
  readonly isHead: boolean
  readonly isConnect: boolean
  readonly minorVersion: number
}

export class Answer {
  /** Whether the connection ends with it: put in what is known, and read what came of it. */
  isClosing = false
  rest: Rest | null = null
  readonly #out: OutputBuffer
  readonly #head: AnswerHead

  constructor(out: OutputBuffer) {
    this.#out = out
    this.#head = new AnswerHead(out)
  }

  /** Throws what is wrong with the response, having written nothing. */
  write(response: HttpResponse, asked: Asked, isClosing: boolean, timeMs: number): void {
    const { at } = this.#out
    this.isClosing = isClosing || response.close === true
    this.rest = null
    try {
      this.#write(response, asked, timeMs)
    } catch (error) {
      this.#out.at = at
      throw error
    }
  }

  #write(response: HttpResponse, asked: Asked, timeMs: number): void {
    const head = this.#head
    const status = response.status ?? 200
    checkStatus(status, response, asked)
    head.begin(status, response.headers, timeMs)
    if (head.saysClose) this.isClosing = true
    const { body = null } = response
    if (response.upgrade !== undefined) {
      if (status === 101) head.line('Connection: Upgrade\r\n')
      head.endLine()
      return
    }
    if (typeof body === 'string') this.#text(body, status, asked)
    else if (body === null) this.#empty(status, asked)
    else if (body instanceof Uint8Array) this.#bytes(body, status, asked)
    else this.#later(body, status, asked)
  }

  #connection(asked: Asked): void {
    if (this.isClosing) this.#head.line('Connection: close\r\n')
    else if (asked.minorVersion === 0) this.#head.line('Connection: keep-alive\r\n')
  }

  /** The length of a body that is known. */
  #framed(length: number, status: number, asked: Asked): boolean {
    const head = this.#head
    const isBare = isBodiless(status)
    if (head.contentLength >= 0 && head.contentLength !== length && !isBare && !asked.isHead)
      throw new HttpError(
        'HTTP_HEADER',
        `Content-Length says ${head.contentLength} and the body has ${length} bytes`,
      )
    if (!isBare) head.length(length)
    this.#connection(asked)
    head.endLine()
    return !isBare && !asked.isHead
  }

  #empty(status: number, asked: Asked): void {
    // Of an answer to HEAD, and of a 304, it is the length that a GET would give (RFC 9110, 8.6).
    const { contentLength } = this.#head
    if (contentLength >= 0 && status === 304) this.#head.length(contentLength)
    // One that nobody knows is not said: a handler may give no body to HEAD and some to GET.
    if (asked.isHead && contentLength < 0) this.#unframed(asked)
    else this.#framed(asked.isHead ? contentLength : 0, status, asked)
  }

  #unframed(asked: Asked): void {
    this.#connection(asked)
    this.#head.endLine()
  }

  #text(text: string, status: number, asked: Asked): void {
    const length = textLength(text)
    if (!this.#head.hasType && length > 0 && !isBodiless(status))
      this.#head.line('Content-Type: text/plain; charset=utf-8\r\n')
    if (!this.#framed(length, status, asked)) return
    if (length <= COPIED_BYTES) this.#out.addText(text, length)
    else this.rest = { kind: 'bytes', bytes: Buffer.from(text) }
  }

  #bytes(bytes: Uint8Array, status: number, asked: Asked): void {
    if (!this.#framed(bytes.length, status, asked)) return
    if (bytes.length <= COPIED_BYTES) this.#out.add(bytes)
    else this.rest = { kind: 'bytes', bytes }
  }

  #later(body: Exclude<ResponseBody, string | Uint8Array | null>, status: number, asked: Asked): void {
    checkBody(body)
    if ('file' in body) {
      const isSent = this.#framed(body.file.length, status, asked)
      if (isSent && body.file.length > 0) this.rest = { kind: 'file', file: body.file }
      return
    }
    const head = this.#head
    const isBare = isBodiless(status)
    const isChunked = head.contentLength < 0 && asked.minorVersion === 1
    if (isChunked && !isBare) head.line('Transfer-Encoding: chunked\r\n')
    else if (head.contentLength >= 0 && !isBare) head.length(head.contentLength)
    else if (!isBare && !asked.isHead) this.isClosing = true
    this.#connection(asked)
    head.endLine()
    if (!isBare && !asked.isHead)
      this.rest = { kind: 'pieces', pieces: body, length: head.contentLength, isChunked }
  }
}

/** Before anything of the head counts: what is wrong with it later can only cut the connection. */
function checkBody(body: unknown): void {
  const expected = 'text, a Uint8Array, an async iterable, a Stream, { file } or null'
  if (typeof body !== 'object' || body === null) throw wrongType('body', expected, body)
  if ('file' in body) {
    const { fd, offset, length, close } = (body.file ?? {}) as Partial<FileBody>
    checkInteger('body.file.fd', fd, 0, MOST)
    checkInteger('body.file.offset', offset, 0, MOST)
    checkInteger('body.file.length', length, 0, MOST)
    checkFunction('body.file.close', close)
  } else if (!(Symbol.asyncIterator in body) && !('recv' in body && typeof body.recv === 'function'))
    throw wrongType('body', `${expected}; for JSON, the text of it`, body)
}

function checkStatus(status: number, response: HttpResponse, asked: Asked): void {
  if (!Number.isInteger(status) || status < 100 || status > 999)
    throw new HttpError('HTTP_HEADER', `${status} is no status`)
  if (response.upgrade !== undefined) checkFunction('upgrade', response.upgrade)
  const takesOver = status === 101 || (asked.isConnect && status >= 200 && status < 300)
  if (response.upgrade !== undefined ? !takesOver : status < 200)
    throw new HttpError(
      'HTTP_HEADER',
      `${status} is no status ${response.upgrade === undefined ? 'without' : 'with'} upgrade`,
    )
}
