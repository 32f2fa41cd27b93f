/**
 * The coroutines that fetch titles. What there is to do stands in the database: links that have neither a title nor a
 * problem. So nothing of it is lost when the service is stopped, however it is stopped.
 */
import { Event, type Group, group, Semaphore, sleep } from '@shrapnel/core'
import type { Board } from '../board.js'
import type { Database } from '../database/database.js'
import { linksWithoutTitle } from '../database/links.js'
import { Failure } from '../failure.js'
import type { Link } from '../link.js'
import { fetchTitle } from './fetch-title.js'
import type { PageTitle } from './page-title.js'

const AT_A_TIME = 6
const BATCH = 50
const RETRY_MS = 3000

export class TitleFetcher {
  readonly #board: Board
  readonly #database: Database
  readonly #allowsPrivate: boolean
  readonly #work = new Event()
  readonly #slots = new Semaphore(AT_A_TIME)
  /** Numbers of the links whose pages are being fetched. */
  readonly #underWay = new Set<number>()

  constructor(board: Board, database: Database, allowsPrivate: boolean) {
    this.#board = board
    this.#database = database
    this.#allowsPrivate = allowsPrivate
  }

  /** There may be links without titles: one was posted, or the database is there again. */
  wake(): void {
    this.#work.set()
  }

  /** Fetches until it is shut down, and all that it has begun with it. */
  async run(): Promise<never> {
    return group(async (titles) => {
      for (;;) {
        await this.#work.wait()
        this.#work.reset()
        try {
          await this.#begin(titles)
        } catch (error) {
          if (!(error instanceof Failure)) throw error
        }
      }
    })
  }

  async #begin(titles: Group): Promise<void> {
    let last = 0
    for (;;) {
      const links = await this.#database.use((db) => linksWithoutTitle(db, last, BATCH))
      if (links.length === 0) return
      for (const link of links) {
        last = link.id
        if (this.#underWay.has(link.id)) continue
        await this.#slots.acquire()
        this.#underWay.add(link.id)
        titles.spawn({ name: `title of ${new URL(link.url).host}` }, () => this.#fetchOne(link))
      }
    }
  }

  async #fetchOne({ id, url }: Link): Promise<void> {
    try {
      const found = await fetchTitle(url, { allowsPrivate: this.#allowsPrivate })
      while (!(await this.#keep(id, found))) await sleep(RETRY_MS)
    } finally {
      this.#underWay.delete(id)
      this.#slots.release()
    }
  }

  /** False: the database is away, or its disk is full. */
  async #keep(id: number, found: PageTitle): Promise<boolean> {
    try {
      await this.#board.setTitle(id, found)
      return true
    } catch (error) {
      if (error instanceof Failure) return false
      throw error
    }
  }
}
