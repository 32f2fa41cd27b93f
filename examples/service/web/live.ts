/**
 * What an open page hears: the links it misses when it comes, then every one that is new or has a title now, and how
 * the service fares. A page says how far it had come, so one that was away catches up.
 */
import { all, inParallel, sleep } from '@shrapnel/core'
import { acceptWebSocket, broadcast, type Handler, type WebSocketConnection } from '@shrapnel/http'
import type { Board, Progress } from '../board.js'
import type { DatabaseState } from '../database/database.js'
import type { Link } from '../link.js'

const STATUS_MS = 1000
/** RFC 6455, 7.4.1. */
const GOING_AWAY = 1001

export interface Status {
  readonly database: DatabaseState
  readonly pages: number
  readonly worms: number
  readonly coroutines: number
  readonly telnetPort: number
}

export class LivePages {
  readonly #open = new Set<WebSocketConnection>()
  readonly #worms: () => number
  #database: DatabaseState = 'starting'
  /** For people to be told of; 0 until it is known. */
  telnetPort = 0
  #lastStatus = ''

  constructor(worms: () => number) {
    this.#worms = worms
  }

  get count(): number {
    return this.#open.size
  }

  get status(): Status {
    const { length } = all()
    return {
      database: this.#database,
      pages: this.count,
      worms: this.#worms(),
      coroutines: length,
      telnetPort: this.telnetPort,
    }
  }

  /** A WebSocket: `/live?board=…&since=17`, with the `since` of the last `links`. */
  handler(board: Board): Handler {
    return (request) => {
      const seen = progressOf(new URLSearchParams(request.query))
      return acceptWebSocket(request, { maxMessageBytes: 1024 }, async (page) => {
        // It hears of everything from here on, and then of what was before: nothing falls between.
        this.#open.add(page)
        try {
          const missed = board.changesSince(seen)
          if (missed !== undefined) await page.send(textOf('links', missed))
          await page.send(textOf('status', this.status))
          // Pages say nothing. This waits for the end of the connection.
          for await (const _ of page);
        } finally {
          this.#open.delete(page)
        }
      })
    }
  }

  async tellLink(link: Link): Promise<void> {
    // Who is too slow for this comes back, and asks for what it missed.
    await broadcast(this.#open, textOf('link', link), { slow: 'close' })
  }

  async setDatabase(state: DatabaseState): Promise<void> {
    this.#database = state
    await this.#tellStatus()
  }

  /** The board was loaded anew, perhaps from another database: every page gets the newest links. */
  async tellAll(board: Board): Promise<void> {
    const changes = board.changesSince()
    if (changes !== undefined) await broadcast(this.#open, textOf('links', changes), { slow: 'close' })
  }

  /** Tells how the service fares whenever that has changed, until it is shut down. */
  async run(): Promise<never> {
    for (;;) {
      await this.#tellStatus()
      await sleep(STATUS_MS)
    }
  }

  /** Bids farewell to all. They come back by themselves, to whoever serves here next. */
  async close(): Promise<void> {
    await inParallel([...this.#open].map((page) => () => page.close(GOING_AWAY, 'the service stops')))
  }

  async #tellStatus(): Promise<void> {
    const text = textOf('status', this.status)
    if (text === this.#lastStatus) return
    this.#lastStatus = text
    await broadcast(this.#open, text)
  }
}

/** Undefined: it has seen nothing yet, or says what makes no sense. */
function progressOf(query: URLSearchParams): Progress | undefined {
  const [board, version] = [query.get('board'), Number(query.get('since') ?? Number.NaN)]
  return board !== null && Number.isSafeInteger(version) ? { board, version } : undefined
}

function textOf(type: string, facts: object): string {
  return JSON.stringify({ type, ...facts })
}
