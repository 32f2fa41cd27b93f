/**
 * Every change of a table as it is committed, by logical replication (`wal_level = logical`, and a user who may replicate). Somebody else places
 * orders meanwhile. `DATABASE_URL=postgres://localhost/app node examples/dist/change-feed.js`
 */
import { spawn } from '@shrapnel/core'
import { dropReplicationSlot, pool, type ReplicationChange, replicate, sql } from '@shrapnel/postgres'

const url = process.env.DATABASE_URL ?? {}
await using db = pool(url)
await db.script(`
  drop publication if exists example_feed;
  drop table if exists example_orders;
  create table example_orders (id int primary key, state text not null);
  create publication example_feed for table example_orders;
`)
await dropReplicationSlot(db, 'example_feed')

const changes = replicate(url, { slot: 'example_feed', publications: ['example_feed'], createSlot: true })
await changes.ready() // from here on nothing is missed
const shop = spawn(placeOrders)

// What has come of a transaction. It counts once its commit is here: after a loss it comes again as a whole.
let transaction: string[] = []
for await (const change of changes) {
  if (change.kind === 'begin' || change.kind === 'reconnected') transaction = []
  else if (change.kind !== 'commit') transaction.push(...textOf(change))
  else {
    if (transaction.length > 0) console.log(transaction.join(', '))
    changes.acknowledge(change.lsn) // the server may forget it
    if (transaction.includes('order 1 deleted')) break
  }
}

await shop.join()
await dropReplicationSlot(db, 'example_feed')
await db.script('drop publication example_feed; drop table example_orders')

function textOf(change: ReplicationChange): string[] {
  switch (change.kind) {
    case 'insert':
      return [`order ${change.row.id} is ${change.row.state}`]
    case 'update':
      return [`order ${change.row.id} becomes ${change.row.state}`]
    case 'delete':
      return [`order ${change.oldKey?.id} deleted`]
    default:
      return [] // relation and type: what the tables look like
  }
}

async function placeOrders(): Promise<void> {
  await db.query(sql`insert into example_orders ${sql.insert([1, 2].map((id) => ({ id, state: 'new' })))}`)
  await db.begin(async (tx) => {
    await tx.query(sql`update example_orders set state = 'sent' where id = ${1}`)
    await tx.query(sql`update example_orders set state = 'paid' where id = ${2}`)
  })
  await db.query(sql`delete from example_orders where id = ${1}`)
}
