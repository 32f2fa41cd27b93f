/** What each client of PostgreSQL does in the benchmarks: the same statements, the same values, and how the values are checked. */

/** Of the server: `host` is 127.0.0.1, or the folder of its UNIX socket. */
export interface Place {
  readonly host: string
  readonly port: number
}

/** Of the test cluster: everybody is let in. */
export const LOGIN = { user: 'postgres', database: 'postgres' } as const

/** Of the files of COPY, for everybody in Node: what psql has from its C library is a few kilobytes, but no thread to wait for. */
export const FILE_OPTIONS = { highWaterMark: 1024 * 1024 } as const

export const SELECT = 'select $1::int as value'
export const INSERT = 'insert into bench_insert (id, name, price, at) values ($1, $2, $3, $4)'
export const ROWS = 'select * from bench_rows order by id'

/** A row of `bench_insert`. */
export interface Item {
  readonly id: number
  readonly name: string
  readonly price: string
  readonly at: Date
}

/** pgbench's built-in transaction, `tpcb-like`. */
export const TPC_B = {
  account: 'update pgbench_accounts set abalance = abalance + $1 where aid = $2',
  balance: 'select abalance from pgbench_accounts where aid = $1',
  teller: 'update pgbench_tellers set tbalance = tbalance + $1 where tid = $2',
  branch: 'update pgbench_branches set bbalance = bbalance + $1 where bid = $2',
  history:
    'insert into pgbench_history (tid, bid, aid, delta, mtime) values ($1, $2, $3, $4, current_timestamp)',
} as const

export interface Transfer {
  readonly aid: number
  readonly tid: number
  readonly bid: number
  readonly delta: number
}

/** A row of `bench_rows`, as every contestant gives it. Left to themselves `pg` and `postgres` give `big` as text: both are told to make numbers. */
export interface MixedRow {
  readonly id: number
  readonly big: number
  readonly small: number
  readonly price: string
  readonly ratio: number
  readonly active: boolean
  readonly name: string
  readonly note: string | null
  readonly at: Date
  readonly data: { readonly k: number }
}

export const MAKE_TABLES = `
create unlogged table bench_insert (id int, name text, price numeric(10, 2), at timestamptz);
create unlogged table bench_rows as
  select n as id, n * 10000000::int8 as big, (n % 100)::int2 as small, (n / 100.0)::numeric(10, 2) as price, n / 8.0::float8 as ratio,
    n % 2 = 0 as active, 'name ' || n as name, case when n % 3 = 0 then null else repeat('grüße ', 5) || n end as note,
    timestamptz '2026-01-01 00:00:00+00' + n * interval '1 second' as at, jsonb_build_object('k', n) as data
  from generate_series(1, 100000) n;
analyze bench_rows;
create unlogged table bench_copy (id int, name text, note text, price numeric(10, 2), at timestamptz);
`

const FIRST_SECOND = Date.parse('2026-01-01T00:00:00Z')

/** Throws if a row is not what `bench_rows` holds: then the contestants do not do the same work. */
export function checkRows(rows: readonly MixedRow[], count: number): void {
  if (rows.length !== count) throw new Error(`${rows.length} rows`)
  for (const [i, row] of rows.entries()) {
    const n = i + 1
    const expected: MixedRow = {
      id: n,
      big: n * 10_000_000,
      small: n % 100,
      price: (n / 100).toFixed(2),
      ratio: n / 8,
      active: n % 2 === 0,
      name: `name ${n}`,
      note: n % 3 === 0 ? null : `${'grüße '.repeat(5)}${n}`,
      at: new Date(FIRST_SECOND + n * 1_000),
      data: { k: n },
    }
    for (const name of Object.keys(expected) as (keyof MixedRow)[])
      if (!isSame(row[name], expected[name])) throw new Error(`row ${n}, ${name}: ${String(row[name])}`)
  }
}

function isSame(value: unknown, expected: unknown): boolean {
  if (expected instanceof Date) return value instanceof Date && value.getTime() === expected.getTime()
  if (typeof expected === 'object' && expected !== null)
    return Reflect.get(Object(value), 'k') === Reflect.get(expected, 'k')
  return value === expected
}

export interface Client {
  /** One connection. Gives the value back. */
  select(place: Place): Promise<(value: number) => Promise<unknown>>
  /** One connection. Gives the number of rows that were made. */
  insert(place: Place): Promise<(item: Item) => Promise<unknown>>
  /** One connection. */
  rows(place: Place): Promise<(count: number) => Promise<readonly MixedRow[]>>
  /** So many connections. Gives the balance. */
  transfer(place: Place, connections: number): Promise<(transfer: Transfer) => Promise<unknown>>
  /** The file's bytes into `bench_copy`, and the table's into a file. */
  copyIn?(place: Place): Promise<(path: string) => Promise<void>>
  copyOut?(place: Place): Promise<(path: string) => Promise<void>>
}
