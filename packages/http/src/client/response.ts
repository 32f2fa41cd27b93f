/** A response as a client sees it: the familiar face of fetch over a Body that is a Stream too. */

import { decodeText, parseJson } from '../body/body-text.js'
import { bodyUsed, type Collecting } from '../body/received-body.js'
import type { FormLimits } from '../form/limits.js'
import type { HttpHeaders } from '../headers.js'
import type { Body } from '../message.js'
import { type Decoding, decodeShort } from './codings.js'
import { DecodedBody } from './decoded-body.js'
import { blameResponse, type IncomingBody } from './incoming-body.js'
import { ResponseBody } from './response-body.js'
import type { ExchangeSettings } from './settings.js'

/** `using response` drops what was not read when the block ends. */
export class ClientResponse implements Disposable {
  readonly status: number
  /** The reason phrase, as it came: HTTP gives it no meaning. */
  readonly statusText: string
  readonly version: '1.0' | '1.1'
  readonly headers: HttpHeaders
  /** Where it came from at last, without credentials. */
  readonly url: string
  /** How many redirects led there. */
  readonly redirects: number
  readonly #settings: ExchangeSettings
  /** All of the body, if it came with the head and nobody asked for it as a stream yet. */
  #whole: Buffer | null
  #received: ResponseBody | null
  #body: IncomingBody | null = null
  #codings: readonly Decoding[] | null

  /** @internal */
  constructor(
    status: number,
    statusText: string,
    minorVersion: number,
    headers: HttpHeaders,
    url: string,
    redirects: number,
    settings: ExchangeSettings,
    whole: Buffer | null,
    received: ResponseBody | null,
    codings: readonly Decoding[] | null,
  ) {
    this.status = status
    this.statusText = statusText
    this.version = minorVersion === 0 ? '1.0' : '1.1'
    this.headers = headers
    this.url = url
    this.redirects = redirects
    this.#settings = settings
    this.#whole = whole
    this.#received = received
    this.#codings = codings
  }

  /** 200 to 299. */
  get ok(): boolean {
    return this.status >= 200 && this.status <= 299
  }

  get redirected(): boolean {
    return this.redirects > 0
  }

  /** Decoded, unless `decompress` is off. Its bytes come once. */
  get body(): Body {
    return this.#incoming
  }

  get #incoming(): IncomingBody {
    const raw = this.#raw
    this.#body ??= this.#codings === null ? raw : new DecodedBody(raw, this.#codings, this.#settings, this)
    return this.#body
  }

  get #raw(): ResponseBody {
    this.#received ??= ResponseBody.whole(this.#whole, this.#settings, this)
    this.#whole = null
    return this.#received
  }

  /** Those of a chunked body; empty until all of it was received. */
  get trailers(): HttpHeaders {
    return this.#raw.trailers
  }

  /** Nobody asked for the body yet and all of it is here. */
  #takeWhole(options: Collecting | undefined): Buffer | null {
    if (this.#received !== null) return null
    const whole = this.#whole
    if (whole === null) throw bodyUsed()
    if (options?.maxBytes !== undefined) return null
    const decoded =
      this.#codings === null ? whole : decodeShort(whole, this.#codings, this.#settings.maxResponseBytes)
    if (decoded === null) return null
    this.#codings = null
    // What is empty can be read any number of times.
    if (whole.length > 0) this.#whole = null
    return decoded
  }

  /** All of the body. Fails with `HTTP_LIMIT`, `HTTP_CUT`, `HTTP_TIMEOUT`, `HTTP_SYNTAX`. Cancelled, it closes the connection. */
  async bytes(options?: Collecting): Promise<Buffer> {
    return this.#takeWhole(options) ?? this.#incoming.bytes(options)
  }

  /** As `bytes`, as text: UTF-8, or what Content-Type says. */
  async text(options?: Collecting): Promise<string> {
    const whole = this.#takeWhole(options)
    if (whole === null) return this.#incoming.text(options)
    try {
      return decodeText(whole, this.headers.get('content-type'))
    } catch (error) {
      throw blameResponse(error, this.url)
    }
  }

  /** As `bytes`, as JSON. */
  async json<T = unknown>(options?: Collecting): Promise<T> {
    const whole = this.#takeWhole(options)
    if (whole === null) return this.#incoming.json<T>(options)
    try {
      return parseJson<T>(whole)
    } catch (error) {
      throw blameResponse(error, this.url)
    }
  }

  async arrayBuffer(options?: Collecting): Promise<ArrayBuffer> {
    const bytes = await this.bytes(options)
    return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer
  }

  /** As `bytes`, with the type that Content-Type says. */
  async blob(options?: Collecting): Promise<Blob> {
    return new Blob([await this.bytes(options)], { type: this.headers.get('content-type') ?? '' })
  }

  /** A form, multipart or urlencoded, gathered in memory. `body.parts()` gives the parts of one as they come. */
  async formData(options?: FormLimits): Promise<FormData> {
    return this.body.formData(options)
  }

  /** Whether all of it was read or dropped. What is empty never is. */
  get bodyUsed(): boolean {
    return this.#received === null ? this.#whole === null : this.#incoming.isUsed
  }

  /**
   * Nobody wants the rest of the body. What is left of it, up to `maxDrainBytes`, is received behind the scenes and the connection used
   * again; with more to come the connection is closed.
   */
  discard(): void {
    if (this.#received !== null) this.#incoming.discard()
    else if (this.#whole?.length !== 0) this.#whole = null
  }

  [Symbol.dispose](): void {
    this.discard()
  }
}
