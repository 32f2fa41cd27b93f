/** A response as a client sees it: the familiar face of fetch over a Body that is a Stream too. */

import { decodeText, OF_RESPONSE, parseJson } from '../body/body-text.js'
import type { HttpHeaders } from '../headers.js'
import type { Body } from '../message.js'
import { DecodedBody, type Decoding, decodeShort } from './decoded-body.js'
import type { ExchangeSettings } from './options.js'
import { ResponseBody } from './response-body.js'

const NOTHING: Buffer = Buffer.alloc(0)

interface Collecting {
  readonly maxBytes?: number
}

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
  #body: Body | null = null
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
    if (this.#body !== null) return this.#body
    const raw = this.#raw()
    this.#body =
      this.#codings === null ? raw : new DecodedBody(raw, this.#codings, this.#settings, this.#contentType)
    return this.#body
  }

  #raw(): ResponseBody {
    if (this.#received !== null) return this.#received
    const raw = ResponseBody.whole(this.#whole as Buffer, this.#settings, this.#contentType)
    this.#received = raw
    this.#whole = null
    return raw
  }

  readonly #contentType = (): string | undefined => this.headers.get('content-type')

  /** Those of a chunked body; empty until all of it was received. */
  get trailers(): HttpHeaders {
    return this.#raw().trailers
  }

  /** Nobody asked for the body yet and all of it is here. */
  #takeWhole(options: Collecting | undefined): Buffer | null {
    const whole = this.#whole
    if (whole === null || options?.maxBytes !== undefined) return null
    const decoded = this.#codings === null ? whole : decodeShort(whole, this.#codings, this.#settings)
    if (decoded === null) return null
    this.#codings = null
    this.#whole = NOTHING
    return decoded
  }

  /** All of the body. Fails with `HTTP_LIMIT`, `HTTP_CUT`, `HTTP_TIMEOUT`, `HTTP_SYNTAX`. Cancelled, it closes the connection. */
  bytes(options?: Collecting): Promise<Buffer> {
    const whole = this.#takeWhole(options)
    return whole === null ? this.body.bytes(options) : Promise.resolve(whole)
  }

  /** As `bytes`, as text: UTF-8, or what Content-Type says. */
  async text(options?: Collecting): Promise<string> {
    const whole = this.#takeWhole(options)
    return decodeText(whole ?? (await this.body.bytes(options)), this.#contentType(), OF_RESPONSE)
  }

  /** As `bytes`, as JSON. */
  async json<T = unknown>(options?: Collecting): Promise<T> {
    const whole = this.#takeWhole(options)
    return parseJson<T>(whole ?? (await this.body.bytes(options)), OF_RESPONSE)
  }

  async arrayBuffer(options?: Collecting): Promise<ArrayBuffer> {
    const bytes = await this.bytes(options)
    return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer
  }

  /**
   * Nobody wants the rest of the body. What is left of it, up to `maxDrainBytes`, is received behind the scenes and the connection used
   * again; with more to come the connection is closed.
   */
  discard(): void {
    if (this.#whole !== null) return
    if (this.#body instanceof DecodedBody) this.#body.discard()
    this.#received?.discard()
  }

  [Symbol.dispose](): void {
    this.discard()
  }
}
