/**
 * One request of a session, and its answer, which may come from any coroutine. The client waits meanwhile, or
 * goes away.
 */
import { Event, TimeoutError, withTimeout } from '@shrapnel/core'
import { HttpError } from '../errors.js'
import type { HttpRequest, HttpResponse } from '../message.js'
import { dropBody } from '../server/body-sender.js'
import { reason } from './responses.js'
import { withHeaders } from './with-headers.js'

export class SessionExchange {
  readonly request: HttpRequest
  readonly #answered = new Event<HttpResponse>()
  #isGone = false
  #cookie: string | undefined
  readonly #onEnd: (exchange: SessionExchange) => void

  /** @internal */
  constructor(request: HttpRequest, onEnd: (exchange: SessionExchange) => void) {
    this.request = request
    this.#onEnd = onEnd
  }

  /** Whether the client went away before it had an answer. */
  get isGone(): boolean {
    return this.#isGone
  }

  /** Whether nothing is left to do for it: it was answered, or the client has gone. */
  get isOver(): boolean {
    return this.#isGone || this.#answered.isSet
  }

  /**
   * Answers, without waiting for the client to take it. False: it was answered before, or the client has
   * gone; what `response` holds is closed.
   */
  respond(response: HttpResponse): boolean {
    if (this.isOver) {
      dropBody(response)
      return false
    }
    const cookie = this.#cookie
    this.#answered.set(cookie === undefined ? response : withHeaders(response, [['Set-Cookie', cookie]]))
    this.#onEnd(this)
    return true
  }

  /** The answer sets this cookie, in place of one that it was to set. @internal */
  setCookie(cookie: string | undefined): void {
    this.#cookie = cookie
  }

  /** What it is answered with, in the coroutine of the connection. @internal */
  async answer(timeoutMs: number): Promise<HttpResponse> {
    try {
      return await withTimeout(timeoutMs, () => this.#answered.wait())
    } catch (error) {
      const { value } = this.#answered
      if (value !== undefined) dropBody(value)
      this.#isGone = true
      this.#onEnd(this)
      throw error instanceof TimeoutError ? notAnswered() : error
    }
  }

  /** There is no session any more to answer it. @internal */
  refuse(status: number, text: string): void {
    if (this.isOver) return
    const refusal = reason(status, text)
    this.#cookie = undefined
    this.respond(status === 503 ? withHeaders(refusal, { 'Retry-After': 1 }) : refusal)
  }
}

function notAnswered(): HttpError {
  const text = 'the session gave no answer in the time that answerTimeoutMs allows'
  return new HttpError('HTTP_TIMEOUT', text, { status: 503, limit: 'answerTimeoutMs' })
}
