/** Ours as its README has it. */

import { once } from 'node:events'
import { createReadStream, createWriteStream } from 'node:fs'
import * as postgres from '@shrapnel/postgres'
import { type Client, LOGIN, type MixedRow } from './work.js'

// What the package is going to export; direct imports take the place of this when it does.
interface Query {
  query<Row = Record<string, unknown>>(
    query: unknown,
  ): Promise<Row[] & { readonly rowCount: number | undefined }>
}
interface Connection extends Query {
  copyFrom(query: unknown, source: AsyncIterable<Uint8Array>): Promise<unknown>
  copyTo(query: unknown): AsyncIterable<Buffer>
}
interface Package {
  connect(options: object): Promise<Connection>
  pool(options: object): { begin<Result>(use: (tx: Query) => Promise<Result>): Promise<Result> }
  sql(strings: TemplateStringsArray, ...values: readonly unknown[]): unknown
}
const { connect, pool, sql } = postgres as unknown as Package

export const client: Client = {
  async select(place) {
    const connection = await connect({ ...place, ...LOGIN })
    return async (value) => (await connection.query(sql`select ${value}::int as value`))[0]?.value
  },
  async insert(place) {
    const connection = await connect({ ...place, ...LOGIN })
    return async ({ id, name, price, at }) =>
      (
        await connection.query(
          sql`insert into bench_insert (id, name, price, at) values (${id}, ${name}, ${price}, ${at})`,
        )
      ).rowCount
  },
  async rows(place) {
    const connection = await connect({ ...place, ...LOGIN })
    return (count) => connection.query<MixedRow>(sql`select * from bench_rows order by id limit ${count}`)
  },
  async transfer(place, connections) {
    const db = pool({ ...place, ...LOGIN, max: connections })
    return ({ aid, tid, bid, delta }) =>
      db.begin(async (tx) => {
        await tx.query(sql`update pgbench_accounts set abalance = abalance + ${delta} where aid = ${aid}`)
        const [account] = await tx.query(sql`select abalance from pgbench_accounts where aid = ${aid}`)
        await tx.query(sql`update pgbench_tellers set tbalance = tbalance + ${delta} where tid = ${tid}`)
        await tx.query(sql`update pgbench_branches set bbalance = bbalance + ${delta} where bid = ${bid}`)
        await tx.query(
          sql`insert into pgbench_history (tid, bid, aid, delta, mtime) values (${tid}, ${bid}, ${aid}, ${delta}, current_timestamp)`,
        )
        return account?.abalance
      })
  },
  async copyIn(place) {
    const connection = await connect({ ...place, ...LOGIN })
    return async (path) => {
      await connection.copyFrom(sql`copy bench_copy from stdin`, createReadStream(path))
    }
  },
  async copyOut(place) {
    const connection = await connect({ ...place, ...LOGIN })
    return async (path) => {
      const file = createWriteStream(path)
      for await (const bytes of connection.copyTo(sql`copy bench_copy to stdout`))
        if (!file.write(bytes)) await once(file, 'drain')
      file.end()
      await once(file, 'finish')
    }
  },
}
