/**
 * An answer that does not go out in one write: its head is made, and its body follows, in the scope of the request. Until something of it
 * was sent another may take its place; after that, what fails can only cut it, so that the client does not take it for whole.
 */
import { type Awaitable, Interrupted, type Stream } from '@shrapnel/core'
import { runIn, type Scope } from '@shrapnel/core/parts'
import { isGone, reset } from '../connection/stream-end.js'
import type { HttpResponse } from '../message.js'
import type { Rest } from './answer.js'
import { beginFile, dropBody, type Outlet, sendRest } from './body-sender.js'
import { out } from './shared-parts.js'

const NOTHING = Buffer.alloc(0)

/** Whose answer it is, and what it comes to. */
export interface LongAnswerOwner {
  /** Cancelled when the client has gone away. */
  readonly scope: Scope
  /** The connection's own. */
  readonly coroutine: Scope
  readonly stream: Stream
  /** So many bytes are on their way from here on; -1: none are. */
  sending(bytes: number): void
  /** Sends what is in the output as far as it goes at once: the rest of it. */
  writeNow(): Buffer
  /** All of it is sent. */
  restSent(): void
  /** It failed, and nothing of it was sent. */
  notBegun(response: HttpResponse, error: unknown): void
  /** It was cut off. `error`: null, if nobody need be told. */
  cutOff(error: unknown): void
}

export class LongAnswer implements Outlet {
  readonly #owner: LongAnswerOwner
  readonly #response: HttpResponse
  #hasSent = false

  /** Something of it is on its way. */
  get hasBegun(): boolean {
    return this.#hasSent
  }

  constructor(owner: LongAnswerOwner, response: HttpResponse) {
    this.#owner = owner
    this.#response = response
  }

  /** Whether it is made as it goes out, by code that the client's leaving should interrupt. */
  get isGrowing(): boolean {
    return isGrowing(this.#response)
  }

  get stream(): Stream {
    return this.#owner.stream
  }

  sending(bytes: number): void {
    this.#hasSent = true
    this.#owner.sending(bytes)
  }

  sent(): void {
    this.#owner.sending(-1)
  }

  /**
   * What is in the output goes first: of other answers up to `headFrom`, then its own head. False: all of it is sent. The kernel takes
   * most files whole, which needs no promise.
   */
  begin(rest: Rest, headFrom: number): boolean {
    // What is all here goes out whole, also to a client that sends no more: there is nothing to be interrupted.
    const scope = rest.kind === 'pieces' ? this.#owner.scope : this.#owner.coroutine
    let earlier: Buffer = NOTHING
    let first: Buffer = NOTHING
    let begun: Awaitable<number> | undefined
    try {
      if (rest.kind === 'file') {
        this.#hasSent = true
        first = this.#owner.writeNow()
        if (first.length === 0) begun = runIn(scope, beginFile, this as Outlet, rest.file)
        if (begun === rest.file.length) {
          dropBody(this.#response)
          return false
        }
      } else {
        const all = out.take()
        // Those of others are ready, and wait for nothing that this one may take long to make.
        const held = rest.kind === 'pieces' ? headFrom : 0
        earlier = all.subarray(0, held)
        first = all.subarray(held)
      }
    } catch (error) {
      out.clear()
      begun = Promise.reject(error)
    }
    runIn(scope, () => this.#send(earlier, first, rest, begun)).then(
      () => this.#end(),
      (error) => this.#failed(error),
    )
    return true
  }

  async #send(
    earlier: Buffer,
    first: Buffer,
    rest: Rest,
    begun: Awaitable<number> | undefined,
  ): Promise<void> {
    if (earlier.length > 0) {
      this.#owner.sending(earlier.length)
      await this.stream.send(earlier)
      this.sent()
    }
    await sendRest(this, first, rest, this.#response, begun)
  }

  #end(): void {
    dropBody(this.#response)
    this.#owner.restSent()
  }

  #failed(error: unknown): void {
    const isExpected = error instanceof Interrupted || this.stream.isClosed || isGone(error)
    if (!isExpected && !this.#hasSent) {
      this.#owner.notBegun(this.#response, error)
      return
    }
    // Half an answer cannot be made whole: the client must not take it for one.
    reset(this.stream)
    this.#owner.cutOff(isExpected ? null : error)
    this.#end()
  }
}

/** Whether its body is made as it goes out, out of that of the request it may be. */
export function isGrowing({ body }: HttpResponse): boolean {
  return typeof body === 'object' && body !== null && !(body instanceof Uint8Array) && !('file' in body)
}
