/**
 * Where the body of a request comes from: the connection's input, and what the client sends on when it is told to go on. It knows how long
 * that may take.
 */
import type { Input } from '../connection/input.js'
import { HttpError } from '../errors.js'
import { BodyClock } from './body-clock.js'
import type { Connection } from './connection.js'
import { type BodySource, RequestBody } from './request-body.js'
import { out } from './shared-parts.js'

const CONTINUE = Buffer.from('HTTP/1.1 100 Continue\r\n\r\n')

/** Whose body it is. */
export interface BodyOwner {
  /** Something of the answer is on its way. */
  readonly hasBegunAnswer: boolean
  readonly contentType: string | undefined
}

export class BodySupply implements BodySource {
  readonly body: RequestBody
  readonly #connection: Connection
  readonly #owner: BodyOwner
  /** Most bodies are here when they are asked for. */
  #clock: BodyClock | null = null
  #awaitsContinue: boolean

  /** `length`: undefined if it is chunked. `awaitsContinue`: the client waits for a word before it sends the body. */
  constructor(connection: Connection, owner: BodyOwner, length: number | undefined, awaitsContinue: boolean) {
    this.#connection = connection
    this.#owner = owner
    this.#awaitsContinue = awaitsContinue
    this.body = new RequestBody(this, length, connection.settings, () => owner.contentType)
  }

  get input(): Input {
    return this.#connection.input
  }

  /** Whether nobody has told the client to send it, and it has not begun: whether it will is not known (RFC 9110, 10.1.1). */
  get isUncertain(): boolean {
    return this.#awaitsContinue && this.body.receivedBytes === 0
  }

  bodyWanted(): void {
    const connection = this.#connection
    // Behind the head of the answer it would be part of the body: a client that gets that need not be told any more.
    if (this.#awaitsContinue && !connection.isFlushing && !this.#owner.hasBegunAnswer) {
      this.#awaitsContinue = false
      out.add(CONTINUE)
      connection.flush()
    }
    this.#await()
    connection.pull()
  }

  #await(): void {
    const { settings, deadline } = this.#connection
    this.#clock ??= new BodyClock()
    deadline.set(this.#clock.begin(this.body.receivedBytes, settings))
  }

  bodyCame(): void {
    this.#clock?.end()
    this.#connection.deadline.set(Number.POSITIVE_INFINITY)
  }

  /** So many bytes came into the place where the body is gathered. */
  gathered(count: number): void {
    const { body } = this
    body.gathered(count)
    if (!body.isWaiting) return
    this.bodyCame()
    this.#await()
  }

  /** There is more input. */
  feed(): void {
    const { body, input } = this
    if (body.target === null) body.moreCame()
    while (body.target !== null && input.size > 0) {
      const count = body.target.take(input.bytes, input.at, input.end)
      input.at += count
      this.gathered(count)
    }
  }

  /** Nothing of it came for too long. */
  timedOut(): void {
    const text = 'the body took longer than bodyTimeoutMs allows'
    this.body.cut(new HttpError('HTTP_LIMIT', text, { status: 408, limit: 'bodyTimeoutMs' }))
  }
}
