/** `postgres` (porsager's) with what it does by itself: prepared statements, and pipelining up to 100 deep. */
import { createReadStream, createWriteStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import postgres from 'postgres'
import { type Client, FILE_OPTIONS, LOGIN, type MixedRow, type Place } from './work.js'

const INT8 = { to: 20, from: [20], serialize: String, parse: Number }

function open(place: Place, max = 1) {
  return postgres({ ...place, ...LOGIN, max, onnotice: () => {} })
}

export const client: Client = {
  async select(place) {
    const sql = open(place)
    return async (value) => (await sql`select ${value}::int as value`)[0]?.value
  },
  async insert(place) {
    const sql = open(place)
    return async ({ id, name, price, at }) =>
      (await sql`insert into bench_insert (id, name, price, at) values (${id}, ${name}, ${price}, ${at})`)
        .count
  },
  async rows(place) {
    const sql = postgres({ ...place, ...LOGIN, max: 1, types: { int8: INT8 } })
    return async (count) => await sql<MixedRow[]>`select * from bench_rows order by id limit ${count}`
  },
  async transfer(place, connections) {
    const pool = open(place, connections)
    return ({ aid, tid, bid, delta }) =>
      pool.begin(async (sql) => {
        await sql`update pgbench_accounts set abalance = abalance + ${delta} where aid = ${aid}`
        const [account] = await sql`select abalance from pgbench_accounts where aid = ${aid}`
        await sql`update pgbench_tellers set tbalance = tbalance + ${delta} where tid = ${tid}`
        await sql`update pgbench_branches set bbalance = bbalance + ${delta} where bid = ${bid}`
        await sql`insert into pgbench_history (tid, bid, aid, delta, mtime) values (${tid}, ${bid}, ${aid}, ${delta}, current_timestamp)`
        return account?.abalance
      })
  },
  async copyIn(place) {
    const sql = open(place)
    return async (path) =>
      await pipeline(createReadStream(path, FILE_OPTIONS), await sql`copy bench_copy from stdin`.writable())
  },
  async copyOut(place) {
    const sql = open(place)
    return async (path) =>
      await pipeline(await sql`copy bench_copy to stdout`.readable(), createWriteStream(path, FILE_OPTIONS))
  },
}
