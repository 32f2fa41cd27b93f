/**
 * The service: its parts, what each tells the others, and the order in which they begin and end. Each part that does
 * something by itself is a coroutine of one group, so none outlives it.
 */
import { access, constants, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type BackdoorServer, serve as openBackdoor } from '@shrapnel/backdoor'
import { type Event, group, inParallel, interruptible, TimeoutError, withTimeout } from '@shrapnel/core'
import { PostgresError } from '@shrapnel/postgres'
import { Arena } from '../tutorial/worms/arena.js'
import { watch } from '../tutorial/worms/session.js'
import { Board } from './board.js'
import { Database } from './database/database.js'
import { EmbeddedPostgres } from './database/embedded.js'
import { checkFreeSpace } from './database/free-space.js'
import { type Listeners, listen, StartError } from './listeners.js'
import type { Options } from './options.js'
import { TitleFetcher } from './titles/fetcher.js'
import { ArenaFeed } from './web/arena-feed.js'
import { LivePages } from './web/live.js'
import { site } from './web/site.js'

const ARENA_COLUMNS = 80
const ARENA_ROWS = 22
const WORMS = 10
/** The embedded database has one session; a server is better used by several. */
const EMBEDDED_CONNECTIONS = 1
const SERVER_CONNECTIONS = 10
/** Making a new one takes some seconds. */
const EMBEDDED_START_MS = 30_000
/** For what is being answered, and for the farewells. */
const GRACE_MS = 3000

export { StartError }

export interface Running extends Listeners {
  readonly backdoor: BackdoorServer
}

/** Serves until `stop` happens, and ends in good order. Fails with a StartError where the user has to choose otherwise. */
export async function runService(
  options: Options,
  stop: Event<unknown>,
  onReady: (running: Running) => void,
): Promise<void> {
  const { folder, databaseUrl } = options
  await makeFolder(folder)

  const embedded = databaseUrl === undefined ? new EmbeddedPostgres(folder) : undefined
  await using database = databaseAt(embedded?.url ?? (databaseUrl as string), {
    connections: embedded === undefined ? SERVER_CONNECTIONS : EMBEDDED_CONNECTIONS,
    patienceMs: embedded === undefined ? 0 : EMBEDDED_START_MS,
  })
  const arena = new Arena(ARENA_COLUMNS, ARENA_ROWS)
  const arenaFeed = new ArenaFeed(arena)
  const pages = new LivePages(() => arena.worms.size)

  const board = new Board(database, {
    checkRoom: async () => (embedded === undefined ? undefined : checkFreeSpace(folder)),
    onLink: async (link) => {
      await pages.tellLink(link)
      if (link.title === null && link.problem === null) titles.wake()
    },
  })
  const titles = new TitleFetcher(board, database, options.fetchesPrivate)

  await using backdoor = enter(folder, { board, database, arena, pages, titles })
  const listeners = await listen(options, site(board, pages, arenaFeed))
  pages.telnetPort = listeners.telnet.port

  let lastProblem = ''
  await group(async (parts) => {
    if (embedded !== undefined) parts.spawn({ name: 'embedded database' }, () => embedded.run())
    parts.spawn({ name: 'database' }, () =>
      database.watch({
        onUp: async (pool) => {
          if (await board.load(pool)) await pages.tellAll(board)
        },
        onChange: async (state, problem) => {
          await pages.setDatabase(state)
          if (state === 'up') {
            console.log('The database is there.')
            titles.wake()
          } else if (state === 'away') {
            if (problem !== lastProblem) console.log(`The database is away, and tried again: ${problem}`)
            embedded?.restart()
          }
          lastProblem = problem
        },
      }),
    )
    parts.spawn({ name: 'titles' }, () => titles.run())
    parts.spawn({ name: 'arena' }, () => arenaFeed.run())
    parts.spawn({ name: 'status' }, () => pages.run())
    parts.spawn({ name: 'telnet' }, () =>
      listeners.telnet.serve((conn) => watch(conn, arena), { name: 'telnet client' }),
    )
    arena.hatch(WORMS)
    onReady({ ...listeners, backdoor })

    await stop.wait()
    await end(listeners, pages, arenaFeed)
    arena.hoffa()
    parts.cancel()
  })
}

/** Nobody new, then the last answers and farewells. What writes to the database is over then. */
async function end({ http, https, telnet }: Listeners, pages: LivePages, arena: ArenaFeed): Promise<void> {
  telnet.close()
  try {
    await withTimeout(GRACE_MS, () =>
      inParallel([
        () => http.stop({ graceMs: GRACE_MS }),
        () => https.stop({ graceMs: GRACE_MS }),
        () => pages.close(),
        () => arena.close(),
      ]),
    )
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error
  }
}

function databaseAt(url: string, options: ConstructorParameters<typeof Database>[1]): Database {
  try {
    return new Database(url, options)
  } catch (error) {
    if (!(error instanceof PostgresError)) throw error
    throw new StartError(`DATABASE_URL cannot be used: ${error.message}`)
  }
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await interruptible(mkdir(folder, { recursive: true, mode: 0o700 }))
    await interruptible(access(folder, constants.W_OK))
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error)) throw error
    throw new StartError(
      `The data cannot be kept in ${folder} (${error.code}). Choose another folder: --data`,
    )
  }
}

/** The backdoor; and, as there can be one of it in a folder, what keeps two services from one database. */
function enter(folder: string, context: object): BackdoorServer {
  try {
    return openBackdoor({ unixPath: join(folder, 'backdoor.sock'), context, welcome: WELCOME })
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error)) throw error
    if (error.code === 'EADDRINUSE')
      throw new StartError(`Another one runs with the data in ${folder}. Choose another folder: --data`)
    if (error.code === 'ENAMETOOLONG')
      throw new StartError(`The path of ${folder} is too long for a socket. Choose another folder: --data`)
    throw error
  }
}

const WELCOME = `Inside the link board: board, database, arena, pages, titles, and coro, the library. ^D leaves. Try

  coro.whereAll()     pages.status     arena.hatch(5)     await board.find({ query: 'node' })
`
