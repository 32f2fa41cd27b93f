/** Ours as its README has it. */

import { once } from 'node:events'
import { createReadStream, createWriteStream } from 'node:fs'
import { connect, pool, sql } from '@shrapnel/postgres'
import { type Client, FILE_OPTIONS, LOGIN, type MixedRow } from './work.js'

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
    const db = pool({ ...place, ...LOGIN }, { maxConnections: connections })
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
      await connection.copyFrom(sql`copy bench_copy from stdin`, createReadStream(path, FILE_OPTIONS))
    }
  },
  async copyOut(place) {
    const connection = await connect({ ...place, ...LOGIN })
    return async (path) => {
      const file = createWriteStream(path, FILE_OPTIONS)
      for await (const bytes of connection.copyTo(sql`copy bench_copy to stdout`))
        if (!file.write(bytes)) await once(file, 'drain')
      file.end()
      await once(file, 'finish')
    }
  },
}
