/**
 * A compressed body, decoded as it comes (RFC 9110, 8.4). What it grows to has a limit: some kilobytes can be made to stand for any number
 * of gigabytes. Node's zlib does the work, on its own threads but for short bodies that are all here.
 */
import type { Transform } from 'node:stream'
import * as zlib from 'node:zlib'
import { type Awaitable, type Coroutine, fromDuplex, type Stream, spawn } from '@shrapnel/core'
import { checkInteger } from '@shrapnel/core/parts'
import { decodeText, OF_RESPONSE, parseJson } from '../body/body-text.js'
import { HttpError } from '../errors.js'
import { formOf, partsOf } from '../form/form.js'
import type { FormLimits } from '../form/limits.js'
import type { FormParts } from '../form/parts.js'
import type { HttpHeaders } from '../headers.js'
import type { Body } from '../message.js'
import { listElements } from '../wire/list-value.js'
import { type ExchangeSettings, MAX_COLLECTED_BYTES } from './options.js'
import { readOnly, tooLong } from './response-body.js'

export type Decoding = 'gzip' | 'deflate' | 'br' | 'zstd'

interface Zstd {
  createZstdDecompress?(): Transform
  zstdDecompressSync?(bytes: Uint8Array, options: { maxOutputLength: number }): Buffer
}

/** Node has it from 22.15 and 23.8 on. */
const zstd = zlib as unknown as Zstd
const hasZstd = typeof zstd.createZstdDecompress === 'function'

export const ACCEPT_ENCODING: string = hasZstd ? 'gzip, deflate, br, zstd' : 'gzip, deflate, br'
/** Nobody applies more than one, and each is a decoder with its own memory. */
const MOST_CODINGS = 2
/** Bodies up to here are decoded at once, and what they become may have so many. */
const SHORT_BYTES = 16_384
const SHORT_DECODED_BYTES = 262_144

/** What was applied to the body, the last first; null: nothing, or something unknown here, and the body is left as it is. */
export function decodingsOf(headers: HttpHeaders): readonly Decoding[] | null {
  const names = listElements(headers.get('content-encoding') ?? '').filter((name) => name !== 'identity')
  if (names.length === 0 || names.length > MOST_CODINGS) return null
  const codings = names.map((name) => (name.startsWith('x-') ? name.slice(2) : name)).reverse()
  return codings.every(isDecoding) ? codings : null
}

function isDecoding(name: string): name is Decoding {
  return name === 'gzip' || name === 'deflate' || name === 'br' || (name === 'zstd' && hasZstd)
}

/** Null: that is for a DecodedBody. */
export function decodeShort(
  bytes: Buffer,
  codings: readonly Decoding[],
  { maxResponseBytes }: ExchangeSettings,
): Buffer | null {
  if (bytes.length > SHORT_BYTES || codings.length > 1) return null
  if (bytes.length === 0) return bytes
  const options = { maxOutputLength: Math.min(SHORT_DECODED_BYTES, Math.max(1, maxResponseBytes)) }
  try {
    switch (codings[0]) {
      case 'gzip':
        return zlib.gunzipSync(bytes, options)
      case 'br':
        return zlib.brotliDecompressSync(bytes, options)
      case 'deflate':
        return isZlib(bytes) ? zlib.inflateSync(bytes, options) : zlib.inflateRawSync(bytes, options)
      default:
        return zstd.zstdDecompressSync?.(bytes, options) ?? null
    }
  } catch {
    // Too much, or damaged: the long way says which.
    return null
  }
}

/** `deflate` is zlib's format (RFC 9110, 8.4.1.2), and some servers send it without its two bytes of header. */
function isZlib(bytes: Uint8Array): boolean {
  const [first = 0, second = 0] = bytes
  return (first & 0x0f) === 8 && ((first << 8) | second) % 31 === 0
}

function decoderFor(coding: Decoding, first: Uint8Array): Transform {
  switch (coding) {
    case 'gzip':
      return zlib.createGunzip()
    case 'br':
      return zlib.createBrotliDecompress()
    case 'deflate':
      return isZlib(first) ? zlib.createInflate() : zlib.createInflateRaw()
    default:
      return (zstd.createZstdDecompress as () => Transform)()
  }
}

export class DecodedBody implements Body {
  readonly length: undefined
  readonly #source: Stream & { discard?(): void }
  readonly #codings: readonly Decoding[]
  readonly #settings: ExchangeSettings
  readonly #contentType: () => string | undefined
  #decoder: Stream | null = null
  #feeding: Coroutine<void> | null = null
  #failure: unknown = null
  #isFinished = false
  #decodedBytes = 0

  constructor(
    source: Stream,
    codings: readonly Decoding[],
    settings: ExchangeSettings,
    contentType: () => string | undefined,
  ) {
    const [last, ...others] = codings as [Decoding, ...Decoding[]]
    const rest = others.reverse()
    this.#source = others.length === 0 ? source : new DecodedBody(source, [last], settings, contentType)
    this.#codings = rest.length === 0 ? [last] : rest
    this.#settings = settings
    this.#contentType = contentType
  }

  get isFinished(): boolean {
    return this.#isFinished
  }

  get isClosed(): boolean {
    return this.#failure !== null
  }

  /** Cancelled, it takes nothing. Fails with `HTTP_SYNTAX` for what is not compressed as it says, `HTTP_LIMIT`, and as the body itself. */
  async recv(max?: number): Promise<Buffer> {
    if (this.#failure !== null) throw this.#failure
    if (this.#isFinished) return Buffer.alloc(0)
    const decoder = this.#decoder ?? (await this.#begin())
    if (decoder === null) return Buffer.alloc(0)
    let bytes: Buffer
    try {
      bytes = await decoder.recv(max)
    } catch (error) {
      throw this.#failed(error)
    }
    this.#decodedBytes += bytes.length
    if (this.#decodedBytes > this.#settings.maxResponseBytes) {
      this.#failure = tooLong('maxResponseBytes')
      this.close()
      throw this.#failure
    }
    if (bytes.length === 0) this.#isFinished = true
    return bytes
  }

  /** Null: it is empty, which no coding makes of anything, and servers send all the same. */
  async #begin(): Promise<Stream | null> {
    const first = await this.#source.recv()
    if (first.length === 0) {
      this.#isFinished = true
      return null
    }
    const decoder = fromDuplex(decoderFor(this.#codings[0] as Decoding, first))
    this.#decoder = decoder
    this.#feeding = spawn({ name: 'http decoding' }, () => this.#feed(decoder, first))
    return decoder
  }

  async #feed(decoder: Stream, first: Buffer): Promise<void> {
    try {
      for (let bytes = first; bytes.length > 0; bytes = await this.#source.recv()) await decoder.send(bytes)
      await decoder.shutdown()
    } catch (error) {
      // The decoder's own failures come out of its recv.
      if (this.#failure === null && !decoder.isClosed) {
        this.#failure = error
        decoder.close()
      }
    }
  }

  #failed(error: unknown): unknown {
    const { code } = error as { code?: unknown }
    if (typeof code !== 'string' || !isZlibError(code)) return this.#failure ?? error
    this.#failure ??= new HttpError('HTTP_SYNTAX', 'the body is not compressed as it says', {
      cause: error,
      phase: 'body',
    })
    this.discard()
    return this.#failure
  }

  async bytes({ maxBytes }: { readonly maxBytes?: number } = {}): Promise<Buffer> {
    const { maxResponseBytes } = this.#settings
    const usual = maxResponseBytes === Number.POSITIVE_INFINITY ? MAX_COLLECTED_BYTES : maxResponseBytes
    const most =
      maxBytes === undefined ? usual : checkInteger('maxBytes', maxBytes, 0, Number.MAX_SAFE_INTEGER)
    const pieces: Buffer[] = []
    let count = 0
    try {
      for (let bytes = await this.recv(); bytes.length > 0; bytes = await this.recv()) {
        count += bytes.length
        if (count > most) throw tooLong(maxBytes === undefined ? 'maxResponseBytes' : 'maxBytes')
        pieces.push(bytes)
      }
    } catch (error) {
      // What is damaged was dropped already, and the connection may be in order.
      if (this.#failure !== error) this.close()
      throw error
    }
    return Buffer.concat(pieces, count)
  }

  async text(options: { readonly maxBytes?: number } = {}): Promise<string> {
    return decodeText(await this.bytes(options), this.#contentType(), OF_RESPONSE)
  }

  parts(options?: FormLimits): FormParts {
    return partsOf(this, this.#contentType(), options)
  }

  formData(options?: FormLimits): Promise<FormData> {
    return formOf(this, this.#contentType(), options)
  }

  async json<T = unknown>(options: { readonly maxBytes?: number } = {}): Promise<T> {
    return parseJson<T>(await this.bytes(options), OF_RESPONSE)
  }

  async recvInto(target: Uint8Array): Promise<number> {
    if (target.length === 0) return 0
    const bytes = await this.recv(target.length)
    target.set(bytes)
    return bytes.length
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer, void> {
    try {
      for (let bytes = await this.recv(); bytes.length > 0; bytes = await this.recv()) yield bytes
    } catch (error) {
      this.close()
      throw error
    } finally {
      if (!this.#isFinished) this.discard()
    }
  }

  send(): Awaitable<never> {
    return Promise.reject(readOnly())
  }

  sendv(): Awaitable<never> {
    return Promise.reject(readOnly())
  }

  shutdown(): Awaitable<never> {
    return Promise.reject(readOnly())
  }

  /** Nobody reads it any more: unless all of it has come the connection is closed. */
  close(): void {
    this.#stop()
    this.#source.close()
  }

  /** As the body itself does. */
  discard(): void {
    this.#stop()
    if (this.#source.discard === undefined) this.#source.close()
    else this.#source.discard()
  }

  #stop(): void {
    this.#failure ??= this.#isFinished ? null : new HttpError('HTTP_CUT', 'the body was closed')
    this.#feeding?.shutdown('nobody reads the body')
    this.#decoder?.close()
  }
}

/** Those of zlib, brotli and zstd, as Node calls them. */
function isZlibError(code: string): boolean {
  return (
    code.startsWith('Z_') ||
    code.startsWith('ERR__ERROR') ||
    code.startsWith('ERR_BROTLI') ||
    code.startsWith('ERR_PADDING') ||
    code.startsWith('ZSTD_') ||
    code.startsWith('ERR_ZSTD')
  )
}
