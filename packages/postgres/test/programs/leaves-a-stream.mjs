// Nothing in it waits but for streams to end that were left.
import { connect } from '@shrapnel/postgres'

const db = await connect(process.argv[2])
for await (const row of db.stream('select generate_series(1, 1000000000) as i')) {
  console.log(row.i)
  break
}
for await (const bytes of db.copyTo('copy (select generate_series(1, 1000000000)) to stdout')) {
  console.log(bytes.length > 0)
  break
}
console.log((await db.query('select 2 as i'))[0].i)
await db.end()
