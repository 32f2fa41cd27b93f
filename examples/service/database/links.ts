/** The links as the database has them. All the SQL of the service is here. */
import { type Queryable, sql } from '@shrapnel/postgres'
import type { Link } from '../link.js'

const SCHEMA = `
  create sequence if not exists versions;
  create table if not exists links (
    id integer generated always as identity primary key,
    url text not null unique,
    note text not null,
    title text,
    problem text,
    posted_at timestamptz not null default now(),
    version bigint not null unique default nextval('versions'),
    words tsvector not null generated always as (
      to_tsvector('simple', coalesce(title, '') || ' ' || note || ' ' || regexp_replace(url, '[^[:alnum:]]+', ' ', 'g'))
    ) stored
  );
  create table if not exists board (
    is_only boolean primary key default true check (is_only),
    identity uuid not null default gen_random_uuid()
  );
  insert into board default values on conflict do nothing;
  create index if not exists links_words on links using gin (words);
`

const COLUMNS = sql`id, url, note, title, problem, posted_at as "postedAt", version`

type Sql = ReturnType<typeof sql>

interface Row extends Omit<Link, 'postedAt' | 'version'> {
  readonly postedAt: Date
  readonly version: number | bigint | string
}

export async function createTables(database: Queryable): Promise<void> {
  await database.script(SCHEMA)
}

/** No two databases have the same; versions are counted in each. */
export async function boardIdentity(database: Queryable): Promise<string> {
  const [board] = await database.query<{ readonly identity: string }>(sql`select identity from board`)
  return (board as { readonly identity: string }).identity
}

/** Undefined: the URL is on the board already. */
export async function insertLink(database: Queryable, url: string, note: string): Promise<Link | undefined> {
  return one(
    database,
    sql`
    insert into links (url, note) values (${url}, ${note})
    on conflict (url) do nothing
    returning ${COLUMNS}`,
  )
}

export async function setTitle(
  database: Queryable,
  id: number,
  title: string | null,
  problem: string | null,
): Promise<Link | undefined> {
  return one(
    database,
    sql`
    update links set title = ${title}, problem = ${problem}, version = nextval('versions')
    where id = ${id}
    returning ${COLUMNS}`,
  )
}

export async function linkById(database: Queryable, id: number): Promise<Link | undefined> {
  return one(database, sql`select ${COLUMNS} from links where id = ${id}`)
}

export async function linkByUrl(database: Queryable, url: string): Promise<Link | undefined> {
  return one(database, sql`select ${COLUMNS} from links where url = ${url}`)
}

/** The newest first: those older than `before`, if given, that have all the words of `query`, if given. */
export async function findLinks(
  database: Queryable,
  { before, query, limit }: { readonly before?: number; readonly query?: string; readonly limit: number },
): Promise<Link[]> {
  const older = before === undefined ? sql.empty : sql`and id < ${before}`
  const words = prefixQuery(query ?? '')
  const matching = words === '' ? sql.empty : sql`and words @@ to_tsquery('simple', ${words})`
  return many(
    database,
    sql`
    select ${COLUMNS} from links where true ${older} ${matching}
    order by id desc limit ${limit}`,
  )
}

/** Those that changed last. */
export async function lastChanged(database: Queryable, limit: number): Promise<Link[]> {
  return many(database, sql`select ${COLUMNS} from links order by version desc limit ${limit}`)
}

/** The oldest whose pages were not looked at yet, of those newer than `after`. */
export async function linksWithoutTitle(database: Queryable, after: number, limit: number): Promise<Link[]> {
  return many(
    database,
    sql`
    select ${COLUMNS} from links where title is null and problem is null and id > ${after}
    order by id limit ${limit}`,
  )
}

/** Each word of `text`, or its beginning. What would mean something to to_tsquery is no part of a word. */
function prefixQuery(text: string): string {
  const words = text.match(/[\p{L}\p{N}]+/gu) ?? []
  return words.map((word) => `${word}:*`).join(' & ')
}

async function many(database: Queryable, query: Sql): Promise<Link[]> {
  const rows = await database.query<Row>(query)
  return Array.from(rows, (row) => ({
    ...row,
    postedAt: row.postedAt.toISOString(),
    version: Number(row.version),
  }))
}

async function one(database: Queryable, query: Sql): Promise<Link | undefined> {
  return (await many(database, query))[0]
}
