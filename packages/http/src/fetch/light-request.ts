/**
 * A Request of the fetch standard over ours: method, URL, headers and the whole of a body come from where they are. The platform's own is made
 * when something else is asked for, and has the body from then on.
 */
import type { Scope } from '@shrapnel/core/parts'
import type { HttpRequest } from '../message.js'
import { answerable } from './body-error.js'
import { LightHeaders } from './light-headers.js'
import { urlOf } from './request-url.js'
import { streamOf } from './web-body.js'

export const PlatformRequest: typeof Request = Request

export class LightRequest {
  readonly #request: HttpRequest
  readonly #scope: Scope
  readonly #url: string
  #headers: LightHeaders | null = null
  #isUsed = false
  #real: Request | null = null

  /** `scope`: of the request. Throws `HTTP_SYNTAX` (status 400) for a URL that is none. */
  constructor(request: HttpRequest, scope: Scope) {
    this.#request = request
    this.#scope = scope
    this.#url = urlOf(request)
  }

  get method(): string {
    return this.#request.method
  }

  get url(): string {
    return this.#url
  }

  get headers(): Headers {
    this.#headers ??= new LightHeaders(this.#request.headers)
    return this.#headers as unknown as Headers
  }

  /** Aborted when the client goes away, and whenever the scope around the handler is cancelled. */
  get signal(): AbortSignal {
    return this.#scope.signal()
  }

  get body(): ReadableStream<Uint8Array> | null {
    return this.real.body as ReadableStream<Uint8Array> | null
  }

  get bodyUsed(): boolean {
    return this.#isUsed || this.#real?.bodyUsed === true
  }

  /** The platform's, which has the body from now on. @internal */
  get real(): Request {
    this.#real ??= platformRequest(this.#request, this.#scope, this.#url, this.#isUsed)
    return this.#real
  }

  clone(): Request {
    if (this.#isUsed) throw unusable()
    return this.real.clone()
  }

  text(): Promise<string> {
    if (this.#real !== null) return this.#real.text()
    return this.#all().then(decoded)
  }

  json(): Promise<unknown> {
    if (this.#real !== null) return this.#real.json()
    return this.#all().then(parsed)
  }

  arrayBuffer(): Promise<ArrayBuffer> {
    if (this.#real !== null) return this.#real.arrayBuffer()
    return this.#all().then(alone)
  }

  bytes(): Promise<Uint8Array> {
    return this.arrayBuffer().then((buffer) => new Uint8Array(buffer))
  }

  blob(): Promise<Blob> {
    const type = this.headers.get('content-type') ?? ''
    return this.arrayBuffer().then((buffer) => new Blob([buffer], { type }))
  }

  formData(): Promise<FormData> {
    if (this.#real !== null) return this.#real.formData()
    return this.#take(({ body }) => body.formData())
  }

  #all(): Promise<Buffer> {
    const { method } = this.#request
    if (method === 'GET' || method === 'HEAD') return Promise.resolve(Buffer.alloc(0))
    return this.#take(({ body }) => body.bytes())
  }

  #take<T>(read: (request: HttpRequest) => Promise<T>): Promise<T> {
    if (this.#isUsed) return Promise.reject(unusable())
    this.#isUsed = true
    return read(this.#request).catch(refused)
  }

  get [Symbol.toStringTag](): string {
    return 'Request'
  }
}

Object.setPrototypeOf(LightRequest.prototype, PlatformRequest.prototype)
for (const name of [
  'cache', 'credentials', 'destination', 'duplex', 'integrity', 'keepalive', 'mode', 'redirect', 'referrer', 'referrerPolicy',
  'isReloadNavigation', 'isHistoryNavigation',
] as const) // biome-ignore format: a table
  Object.defineProperty(LightRequest.prototype, name, {
    configurable: true,
    get(this: LightRequest) {
      return (this.real as unknown as Record<string, unknown>)[name]
    },
  })

/** The platform's Request of one that came. */
export function platformRequest(request: HttpRequest, scope: Scope, url: string, isUsed = false): Request {
  const { method } = request
  const body = isUsed ? null : streamOf(request)
  const init: RequestInit & { duplex: 'half' } = {
    // It refuses to make these; one that came is one all the same.
    method: isRefused(method) ? 'POST' : method,
    headers: [...request.headers].map(([name, value]): [string, string] => [name, value]),
    signal: scope.signal(),
    body,
    duplex: 'half',
  }
  const real = new PlatformRequest(url, init)
  if (real.method !== method) Object.defineProperty(real, 'method', { value: method })
  return real
}

function isRefused(method: string): boolean {
  return /^(?:CONNECT|TRACE|TRACK)$/i.test(method)
}

function decoded(bytes: Buffer): string {
  const isMarked = bytes.length >= 3 && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf
  return bytes.toString('utf8', isMarked ? 3 : 0)
}

function parsed(bytes: Buffer): unknown {
  return JSON.parse(decoded(bytes))
}

function alone(bytes: Buffer): ArrayBuffer {
  const { buffer, byteOffset, byteLength } = bytes
  if (byteLength === buffer.byteLength) return buffer as ArrayBuffer
  return buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer
}

function unusable(): TypeError {
  return new TypeError('Body is unusable: it was read already')
}

function refused(error: unknown): never {
  throw answerable(error)
}
