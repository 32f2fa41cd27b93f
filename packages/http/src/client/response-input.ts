/**
 * What comes in on a connection: heads of responses, and bodies, in the order of the requests. It takes them apart; what they come to is the
 * connection's business.
 */
import { Input } from '../connection/input.js'
import type { Receiver } from '../connection/link.js'
import { readHead } from '../connection/read-head.js'
import { HttpError } from '../errors.js'
import type { HeadEnd } from '../wire/head-end.js'
import { ResponseHead } from '../wire/response-head.js'
import type { Exchange } from './exchange.js'
import { withFacts } from './failures.js'
import type { ResponseBody } from './response-body.js'

/** Nothing is under way. */
export const IDLE = 0
/** The head of a response is awaited. */
export const HEAD = 1
export const BODY = 2
export const OVER = 3

/** Interim responses before one response: each is 1 or 2 in practice. */
const MOST_INTERIM = 100

/** The head that was parsed last. One for all connections of the thread: nobody holds it across a wait. */
export const head = new ResponseHead()

export abstract class ResponseInput {
  protected readonly input = new Input()
  protected phase = IDLE
  /** Whose response comes next. */
  protected current: Exchange | null = null
  /** What is still to come of the response. */
  protected body: ResponseBody | null = null
  /** Interim responses to the present request. */
  protected interim = 0
  protected keepsAlive = true
  #headEnd: HeadEnd | null = null

  /** A head was parsed. Throws what is wrong with it. */
  protected abstract takeHead(exchange: Exchange): void
  /** That of an interim response. */
  protected abstract takeInterim(exchange: Exchange): void
  /** The response is all here. */
  protected abstract responseDone(): void
  /** Somebody waits for the next piece of the body. */
  protected abstract awaitBody(): void
  /** It cannot go on. */
  protected abstract over(): void

  get isOver(): boolean {
    return this.phase === OVER
  }

  get wantsInput(): boolean {
    return this.body === null || this.body.wantsMore
  }

  get target(): Receiver['target'] {
    return this.body?.target ?? null
  }

  gathered(count: number): void {
    const body = this.body as ResponseBody
    body.gathered(count)
    if (body.isComplete) this.responseDone()
    else this.awaitBody()
  }

  received(bytes: Buffer, from: number, to: number, isBorrowed: boolean): void {
    this.input.add(bytes, from, to, isBorrowed)
    this.#advance()
    this.input.keep()
  }

  #advance(): void {
    const input = this.input
    while (input.at < input.end) {
      if (this.phase === HEAD) {
        if (!this.#parseHead()) return
      } else if (this.phase === BODY) {
        this.#feed()
        if (this.phase === BODY) return
      } else {
        // Nobody asked: whatever it is, it is no answer to what comes next.
        if (this.phase === IDLE) this.over()
        input.clear()
        return
      }
    }
  }

  #feed(): void {
    const body = this.body as ResponseBody
    const { target } = body
    const input = this.input
    if (target !== null) {
      const count = target.take(input.bytes, input.at, input.end)
      input.at += count
      this.gathered(count)
      if (body.target !== null && input.size > 0) this.#feed()
      return
    }
    try {
      body.feed(input)
    } catch (error) {
      this.#failBody(error)
      return
    }
    if (body.isComplete) this.responseDone()
    else if (body.isWaiting) this.awaitBody()
  }

  #failBody(error: unknown): void {
    const exchange = this.current as Exchange
    this.body?.cut(withFacts(error, exchange.facts('body')))
    this.over()
  }

  /** False: its end is not there yet. */
  #parseHead(): boolean {
    const exchange = this.current as Exchange
    const { settings } = exchange.call
    const input = this.input
    try {
      this.#headEnd = readHead(head, input, settings, this.#headEnd)
      if (this.#headEnd !== null) return false
      if (head.status >= 200) this.takeHead(exchange)
      else this.#checkInterim(exchange)
    } catch (error) {
      this.keepsAlive = false
      exchange.fail(withFacts(error, exchange.facts('head')))
      this.over()
    }
    return true
  }

  #checkInterim(exchange: Exchange): void {
    if (head.status === 101)
      throw new HttpError('HTTP_SYNTAX', 'the server changed a protocol that nobody wanted to change')
    if (++this.interim > MOST_INTERIM) throw new HttpError('HTTP_SYNTAX', 'interim responses without an end')
    this.takeInterim(exchange)
  }
}
