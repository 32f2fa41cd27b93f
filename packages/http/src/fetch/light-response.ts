/**
 * A Response of the fetch standard that keeps what it was given: text and bytes go out without a stream in between. The platform's own is made
 * when its body is asked for in some other way, and has it from then on.
 */
import { HttpHeaders } from '../headers.js'
import type { HttpResponse } from '../message.js'
import { admitAll } from './instances.js'
import { fieldsOf, LightHeaders } from './light-headers.js'
import type { WebStream } from './web-body.js'

export const PlatformResponse: typeof Response = Response

const TEXT_TYPE = 'text/plain;charset=UTF-8'
const TEXT_HEADERS: HttpResponse['headers'] = { 'Content-Type': TEXT_TYPE }

type Init = { readonly status?: number; readonly statusText?: string; readonly headers?: unknown }
/** What needs no stream. */
export type KnownBody = string | Uint8Array | null

export class LightResponse {
  readonly status: number
  readonly statusText: string
  readonly #body: KnownBody
  /** Undefined: it has what its body brings along. */
  #fields: HttpHeaders | undefined
  #headers: LightHeaders | null = null
  #real: Response | null = null

  constructor(body?: unknown, init?: Init | null) {
    const status = init?.status ?? 200
    if (status !== 200 && !(Number.isInteger(status) && status >= 200 && status <= 599))
      throw new RangeError(`the status of a Response is 200 to 599, not ${status}`)
    this.status = status
    this.statusText = init?.statusText ?? ''
    const headers = init?.headers
    if (headers !== undefined && headers !== null) this.#fields = fieldsOf(headers as Record<string, string>)
    if (typeof body === 'string' || body === null || body === undefined) this.#body = body ?? null
    else if (body instanceof Uint8Array) this.#body = body.slice()
    else if (body instanceof ArrayBuffer) this.#body = new Uint8Array(body.slice(0))
    else {
      this.#body = null
      this.#real = this.#makeReal(body)
    }
    if (body !== null && body !== undefined && (status === 204 || status === 205 || status === 304))
      throw new TypeError(`a Response with status ${status} has no body`)
    if (this.#fields !== undefined && typeof body === 'string' && !this.#fields.has('content-type'))
      this.#fields.append('Content-Type', TEXT_TYPE)
  }

  #makeReal(body: unknown): Response {
    const { status, statusText } = this
    const fields = this.#fields
    const headers = fields === undefined ? {} : { headers: [...fields] }
    const real = new PlatformResponse(body as WebStream, { status, statusText, ...headers })
    // A form or a Blob brings its type along.
    const type = real.headers.get('content-type')
    if (type !== null && fields?.has('content-type') !== true) {
      this.#fields ??= new HttpHeaders()
      this.#fields.append('Content-Type', type)
    }
    return real
  }

  /** The platform's, which has the body from now on. @internal */
  get real(): Response {
    this.#real ??= this.#makeReal(this.#body)
    return this.#real
  }

  /** What is to be sent, as long as nobody has asked for it as a stream; undefined: `real` has it. @internal */
  get known(): KnownBody | undefined {
    return this.#real === null ? this.#body : undefined
  }

  /** @internal */
  get outgoing(): HttpResponse['headers'] | undefined {
    if (this.#fields !== undefined) return this.#fields
    return typeof this.#body === 'string' ? TEXT_HEADERS : undefined
  }

  get headers(): Headers {
    if (this.#headers === null) {
      this.#fields ??= new HttpHeaders(typeof this.#body === 'string' ? TEXT_HEADERS : undefined)
      this.#headers = new LightHeaders(this.#fields)
    }
    return this.#headers as unknown as Headers
  }

  get ok(): boolean {
    return this.status < 300
  }

  get type(): string {
    return 'default'
  }

  get url(): string {
    return ''
  }

  get redirected(): boolean {
    return false
  }

  get body(): ReadableStream<Uint8Array> | null {
    if (this.#real === null && this.#body === null) return null
    return this.real.body as ReadableStream<Uint8Array> | null
  }

  get bodyUsed(): boolean {
    return this.#real?.bodyUsed === true
  }

  text(): Promise<string> {
    return this.real.text()
  }

  json(): Promise<unknown> {
    return this.real.json()
  }

  arrayBuffer(): Promise<ArrayBuffer> {
    return this.real.arrayBuffer()
  }

  bytes(): Promise<Uint8Array> {
    return this.arrayBuffer().then((buffer) => new Uint8Array(buffer))
  }

  blob(): Promise<Blob> {
    return this.real.blob()
  }

  formData(): Promise<FormData> {
    return this.real.formData()
  }

  clone(): LightResponse {
    const init = { status: this.status, statusText: this.statusText, headers: this.headers }
    if (this.#real === null) return new LightResponse(this.#body, init)
    const { body } = this.#real.clone()
    return new LightResponse(body, init)
  }

  get [Symbol.toStringTag](): string {
    return 'Response'
  }

  static json(data: unknown, init?: Init): LightResponse {
    const text = JSON.stringify(data)
    if (text === undefined) throw new TypeError('what is to be sent is no JSON')
    const fields = fieldsOf(init?.headers as Record<string, string> | undefined)
    if (!fields.has('content-type')) fields.append('Content-Type', 'application/json')
    return new LightResponse(text, { ...init, headers: new LightHeaders(fields) })
  }
}

Object.setPrototypeOf(LightResponse.prototype, PlatformResponse.prototype)
Object.setPrototypeOf(LightResponse, PlatformResponse)
admitAll(LightResponse, PlatformResponse)

/** Whether it was made by `LightResponse`. */
export function isLight(response: object): response is LightResponse {
  return Object.getPrototypeOf(response) === LightResponse.prototype
}
