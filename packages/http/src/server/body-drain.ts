/** The rest of a body that no handler read: dropped as it comes, up to a limit, so that the next request can be found behind it. */
import type { RequestBody } from './request-body.js'

export class BodyDrain {
  readonly #body: RequestBody
  #leftBytes: number

  constructor(body: RequestBody, maxBytes: number) {
    this.#body = body
    this.#leftBytes = maxBytes
  }

  get isFinished(): boolean {
    return this.#body.isFinished
  }

  /** Drops what is here. False: it is more than it may be, or what is no body. */
  step(): boolean {
    const before = this.#body.receivedBytes
    try {
      this.#body.discard()
    } catch {
      return false
    }
    this.#leftBytes -= this.#body.receivedBytes - before
    return this.#leftBytes >= 0
  }
}
