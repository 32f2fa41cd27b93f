/**
 * Where queries meet the handler, whatever way they came: one coroutine for each, so many at a time. Whoever brought a query sends
 * what comes out. What a handler throws is the coroutine's end, after the client was told, so that the exception notifier hears of it.
 */
import { current, Semaphore } from '@shrapnel/core'
import type { Message } from '../wire/index.js'
import type { Brood } from './brood.js'
import { judge } from './intake.js'
import type { Answer, Query, QueryHandler } from './query.js'
import { encodeResponse, refusal, respond } from './response.js'

/** Sends an answer back the way its query came. */
export type SendBack = (response: Buffer) => Promise<void>

export class QueryDesk {
  readonly #handler: QueryHandler
  readonly #maxUdpBytes: number
  readonly #places: Semaphore
  readonly #maxQueries: number

  constructor(
    handler: QueryHandler,
    { maxUdpBytes, maxQueries }: { maxUdpBytes: number; maxQueries: number },
  ) {
    this.#handler = handler
    this.#maxUdpBytes = maxUdpBytes
    this.#maxQueries = maxQueries
    this.#places = new Semaphore(maxQueries)
  }

  /** How many are with the handler, or on their way back. */
  get inFlight(): number {
    return this.#maxQueries - this.#places.available
  }

  /**
   * Begins to answer what came, in a coroutine that belongs to `brood`. Waits for a place among the queries in flight. `seat` is
   * what it takes of its bringer's, and is given back at the end, or at once for what gets no answer.
   */
  async begin(
    bytes: Uint8Array,
    source: Pick<Query, 'transport' | 'from'>,
    brood: Brood,
    sendBack: SendBack,
    seat?: Disposable,
  ): Promise<void> {
    const intake = judge(bytes)
    if (intake.is === 'dropped') return seat?.[Symbol.dispose]()
    const held = await this.#places.acquire()
    const place = seat === undefined ? held : both(held, seat)
    brood.spawn(place, async () => {
      if (intake.is === 'query') await this.#answer({ ...source, ...asked(intake.message) }, sendBack)
      else
        await sendBack(
          encodeResponse({ ...source, ...asked(intake.response) }, intake.response, this.#maxUdpBytes),
        )
    })
  }

  async #answer(query: Query, sendBack: SendBack): Promise<void> {
    let bytes: Buffer
    try {
      const answer: Answer | undefined = await this.#handler(query)
      if (answer === undefined) return
      bytes = encodeResponse(query, respond(query.message, answer), this.#maxUdpBytes)
    } catch (error) {
      if (!current().isShuttingDown)
        await sendBack(encodeResponse(query, refusal(query.message, 'SERVFAIL'), this.#maxUdpBytes))
      throw error
    }
    await sendBack(bytes)
  }
}

function both(first: Disposable, second: Disposable): Disposable {
  return {
    [Symbol.dispose]() {
      first[Symbol.dispose]()
      second[Symbol.dispose]()
    },
  }
}

const NO_QUESTION = { name: '.', type: 'A', class: 'IN' } as const

function asked(message: Message): Pick<Query, 'message' | 'question'> {
  return { message, question: message.questions[0] ?? NO_QUESTION }
}
