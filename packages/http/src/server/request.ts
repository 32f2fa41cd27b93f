/** A request as a handler sees it: the text of its head, and what was found in it. Everything else is made when somebody asks. */
import type { SocketAddress } from '@shrapnel/core'
import { Input } from '../connection/input.js'
import { HttpError } from '../errors.js'
import { HttpHeaders } from '../headers.js'
import type { HttpRequest } from '../message.js'
import type { TlsFacts } from '../tls-types.js'
import type { Connection } from './connection.js'
import { type BodySource, RequestBody } from './request-body.js'
import { head } from './shared-parts.js'

const NO_PARAMS: Readonly<Record<string, string>> = Object.freeze({})
/** What there is none of is never waited for. */
const NOWHERE: BodySource = { input: new Input(), bodyWanted: () => {}, bodyCame: () => {} }
const QUESTION = 63
const SLASH = 47

export class ServerRequest implements HttpRequest {
  /** A router writes what it found here. */
  params: Readonly<Record<string, string>> = NO_PARAMS
  readonly receivedAt: number
  readonly version: '1.0' | '1.1'
  readonly #connection: Connection
  readonly #head: string
  readonly #methodTo: number
  readonly #targetTo: number
  readonly #fieldsFrom: number
  /** Of the table of fields, while that is about this head. */
  readonly #serial: number
  #headers: HttpHeaders | null = null
  #url: URL | null = null
  /** @internal */
  incoming: RequestBody | null = null
  #controller: AbortController | null = null
  #isDone = false

  /** Of the head that was parsed last. */
  constructor(connection: Connection, text: string, receivedAt: number) {
    const { from } = head
    this.#connection = connection
    this.#head = text
    this.#methodTo = head.methodTo - from
    this.#targetTo = head.targetTo - from
    this.#fieldsFrom = head.fieldsFrom - from
    this.#serial = head.table.serial
    this.version = head.minorVersion === 1 ? '1.1' : '1.0'
    this.receivedAt = receivedAt
  }

  get method(): string {
    return this.#head.slice(0, this.#methodTo)
  }

  get target(): string {
    return this.#head.slice(this.#methodTo + 1, this.#targetTo)
  }

  get path(): string {
    const from = this.#pathFrom()
    const query = this.#queryAt()
    return from === query ? '/' : this.#head.slice(from, query)
  }

  get query(): string {
    return this.#head.slice(Math.min(this.#queryAt() + 1, this.#targetTo), this.#targetTo)
  }

  /** Behind scheme and host, where the target has those. */
  #pathFrom(): number {
    const from = this.#methodTo + 1
    const scheme = this.#head.indexOf('://', from)
    if (this.#head.charCodeAt(from) === SLASH || scheme < 0 || scheme >= this.#targetTo) return from
    let at = scheme + 3
    while (
      at < this.#targetTo &&
      this.#head.charCodeAt(at) !== SLASH &&
      this.#head.charCodeAt(at) !== QUESTION
    )
      at++
    return at
  }

  #queryAt(): number {
    const at = this.#head.indexOf('?', this.#methodTo + 1)
    return at < 0 || at > this.#targetTo ? this.#targetTo : at
  }

  /** Throws `HTTP_SYNTAX` (status 400) for a host or a port that only looks like one. */
  get url(): URL {
    this.#url ??= this.#parseUrl()
    return this.#url
  }

  #parseUrl(): URL {
    try {
      return new URL(this.#absoluteTarget())
    } catch (cause) {
      throw new HttpError('HTTP_SYNTAX', 'the target is no URL', { status: 400, cause })
    }
  }

  #absoluteTarget(): string {
    const { target } = this
    if (/^https?:/i.test(target)) return target
    const scheme = this.#connection.tls === undefined ? 'http' : 'https'
    if (this.method === 'CONNECT') return `${scheme}://${target}`
    // The path is put behind the host as text: one that begins with two slashes would name another host.
    return `${scheme}://${this.headers.get('host') || 'localhost'}${target === '*' ? '' : target}`
  }

  get headers(): HttpHeaders {
    this.#headers ??= HttpHeaders.fromWire(this.#head, this.#fieldsFrom, head.table, this.#serial)
    return this.#headers
  }

  get trailers(): HttpHeaders {
    return this.body.trailers
  }

  get body(): RequestBody {
    this.incoming ??= new RequestBody(NOWHERE, 0, this.#connection.settings, () => undefined)
    return this.incoming
  }

  get peer(): SocketAddress | undefined {
    return this.#connection.peer
  }

  get tls(): TlsFacts | undefined {
    return this.#connection.tls
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController()
    if (this.#isDone) this.#controller.abort()
    return this.#controller.signal
  }

  /** The client went away, or the handler has ended. @internal */
  done(reason?: unknown): void {
    if (this.#isDone) return
    this.#isDone = true
    this.#controller?.abort(reason)
  }
}
