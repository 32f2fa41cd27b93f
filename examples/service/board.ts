/**
 * The board: what is posted goes through here into the database, and from here to every page that is open. The links
 * that changed last are kept in memory, so that a thousand pages that come back at once cost no query, and so that
 * there is something to read while the database is away.
 */
import { Mutex, shield } from '@shrapnel/core'
import type { Queryable } from '@shrapnel/postgres'
import type { Database } from './database/database.js'
import {
  boardIdentity,
  createTables,
  findLinks,
  insertLink,
  lastChanged,
  linkById,
  linkByUrl,
  setTitle,
} from './database/links.js'
import { notFound } from './failure.js'
import { type Link, readNote, readUrl } from './link.js'
import type { PageTitle } from './titles/page-title.js'

const REMEMBERED = 500
/** More than the database takes before it counts as away. */
const CHANGE_MS = 15_000
export const PAGE_LENGTH = 30

export interface Changes {
  readonly links: readonly Link[]
  /** These are the newest links; false: those that changed, and nothing else did. */
  readonly isAll: boolean
  /** There are older ones. */
  readonly hasMore: boolean
  /** How far whoever has these has come. */
  readonly since: Progress
}

/** Versions are counted by each database for itself: what is known of one says nothing of another. */
export interface Progress {
  readonly board: string
  readonly version: number
}

export interface BoardOptions {
  /** Throws where nothing can be written. */
  readonly checkRoom: () => Promise<void>
  /** A link is new, or has a title now. Called in the order of versions. */
  readonly onLink: (link: Link) => Promise<void>
}

export class Board {
  readonly #database: Database
  readonly #options: BoardOptions
  /** One change at a time: pages hear of changes in the order of their versions, and so can say what they miss. */
  readonly #writing = new Mutex()
  /** By version, the oldest first. Every change above `#floor` is in it. */
  #recent = new Map<number, Link>()
  #floor = 0
  /** Undefined until the database was there for the first time. */
  #identity: string | undefined

  constructor(database: Database, options: BoardOptions) {
    this.#database = database
    this.#options = options
  }

  /** For a database that has just come up: its tables, and what changed last. False: all of that was known. */
  async load(database: Queryable): Promise<boolean> {
    await createTables(database)
    const before = this.#progress
    const identity = await boardIdentity(database)
    const links = (await lastChanged(database, REMEMBERED)).reverse()
    this.#identity = identity
    this.#recent = new Map(links.map((link) => [link.id, link]))
    this.#floor = links.length < REMEMBERED ? 0 : (links[0] as Link).version
    return before?.board !== identity || before.version !== this.#progress?.version
  }

  /** Posting the same URL again gives the link that is there. So whoever does not know whether a post arrived posts again. */
  async post(given: {
    readonly url?: unknown
    readonly note?: unknown
  }): Promise<{ link: Link; isNew: boolean }> {
    const url = readUrl(given.url)
    const note = readNote(given.note)
    await this.#options.checkRoom()
    const made = await this.#change((db) => insertLink(db, url, note))
    if (made !== undefined) return { link: made, isNew: true }
    const link = await this.#database.use((db) => linkByUrl(db, url))
    if (link === undefined) throw notFound('That link was there, and is gone.')
    return { link, isNew: false }
  }

  async setTitle(id: number, { title, problem }: PageTitle): Promise<void> {
    await this.#options.checkRoom()
    await this.#change((db) => setTitle(db, id, title, problem))
  }

  async get(id: number): Promise<Link> {
    const link = this.#recent.get(id) ?? (await this.#database.use((db) => linkById(db, id)))
    if (link === undefined) throw notFound('There is no such link.')
    return link
  }

  /** The newest first. `hasMore`: there are older ones. */
  async find(
    filter: { readonly before?: number; readonly query?: string; readonly limit?: number } = {},
  ): Promise<{ links: Link[]; hasMore: boolean }> {
    const limit = filter.limit ?? PAGE_LENGTH
    const links = await this.#database.use((db) => findLinks(db, { ...filter, limit: limit + 1 }))
    return { links: links.slice(0, limit), hasMore: links.length > limit }
  }

  /** What somebody misses who had come so far. From memory alone. Undefined: the database was not there yet. */
  changesSince(seen?: Progress): Changes | undefined {
    const since = this.#progress
    if (since === undefined) return undefined
    const recent = [...this.#recent.values()]
    if (seen?.board === since.board && seen.version >= this.#floor && seen.version <= since.version) {
      const links = recent.filter((link) => link.version > seen.version)
      return { links, isAll: false, hasMore: true, since }
    }
    const links = recent.sort((a, b) => b.id - a.id).slice(0, PAGE_LENGTH)
    const hasMore = recent.length > links.length || this.#floor > 0
    return { links, isAll: true, hasMore, since }
  }

  get #progress(): Progress | undefined {
    if (this.#identity === undefined) return undefined
    return { board: this.#identity, version: [...this.#recent.values()].at(-1)?.version ?? 0 }
  }

  /** Whoever asked for it may go away; what has begun is finished, as nobody would be told of it otherwise. */
  async #change(write: (database: Queryable) => Promise<Link | undefined>): Promise<Link | undefined> {
    using _turn = await this.#writing.lock()
    return await shield(CHANGE_MS, async () => {
      const link = await this.#database.use(write)
      if (link !== undefined) await this.#tell(link)
      return link
    })
  }

  async #tell(link: Link): Promise<void> {
    // Deleted first, so that it goes to the end of the map: it has the highest version now.
    this.#recent.delete(link.id)
    this.#recent.set(link.id, link)
    if (this.#recent.size > REMEMBERED) {
      const [oldest] = this.#recent.values()
      this.#recent.delete((oldest as Link).id)
      this.#floor = (oldest as Link).version
    }
    await this.#options.onLink(link)
  }
}
