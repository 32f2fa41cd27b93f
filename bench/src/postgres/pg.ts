/** `pg` as its documentation has it when it is to be fast: statements with names, one Client with `pipeline`, a Pool for transactions. */
import pg from 'pg'
import { type Client, INSERT, LOGIN, type MixedRow, type Place, ROWS, SELECT, TPC_B } from './work.js'

const INT8 = 20

async function oneClient(place: Place): Promise<pg.Client> {
  // The types do not know `pipeline` yet, which came with 8.23.
  const options: pg.ClientConfig & { pipeline: boolean } = { ...place, ...LOGIN, pipeline: true }
  const client = new pg.Client(options)
  await client.connect()
  return client
}

export const client: Client = {
  async select(place) {
    const client = await oneClient(place)
    return async (value) =>
      (await client.query({ name: 'select', text: SELECT, values: [value] })).rows[0].value
  },
  async insert(place) {
    const client = await oneClient(place)
    return async ({ id, name, price, at }) =>
      (await client.query({ name: 'insert', text: INSERT, values: [id, name, price, at] })).rowCount
  },
  async rows(place) {
    pg.types.setTypeParser(INT8, Number)
    const client = await oneClient(place)
    return async (count) =>
      (await client.query<MixedRow>({ name: 'rows', text: `${ROWS} limit $1`, values: [count] })).rows
  },
  async transfer(place, connections) {
    const pool = new pg.Pool({ ...place, ...LOGIN, max: connections, min: connections })
    return async ({ aid, tid, bid, delta }) => {
      const client = await pool.connect()
      try {
        await client.query('begin')
        await client.query({ name: 'account', text: TPC_B.account, values: [delta, aid] })
        const { rows } = await client.query({ name: 'balance', text: TPC_B.balance, values: [aid] })
        await client.query({ name: 'teller', text: TPC_B.teller, values: [delta, tid] })
        await client.query({ name: 'branch', text: TPC_B.branch, values: [delta, bid] })
        await client.query({ name: 'history', text: TPC_B.history, values: [tid, bid, aid, delta] })
        await client.query('commit')
        return rows[0].abalance
      } catch (error) {
        await client.query('rollback')
        throw error
      } finally {
        client.release()
      }
    }
  },
}
