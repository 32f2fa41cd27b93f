// Ends without closing its pool, and with a listener that nobody waits for. First it waits, in each way that has to keep a process alive.
import { pool } from '@shrapnel/postgres'

const db = pool(process.argv[2], { maxConnections: 1, minConnections: 1 })
const listener = db.listen('news')
await listener.ready()
const lease = await db.lease()
// In the queue, with nothing else that keeps the process alive.
const queued = db.query('select pg_sleep(0.1)')
const next = listener.next()
lease.release()
await queued
await db.begin(async (tx) => {
  await tx.query('select pg_sleep(0.1)')
  await tx.query("select pg_notify('news', 'heard')")
})
const { value } = await next
console.log(value.payload, db.stats.open)
// Closing is a wait like any other.
const other = pool(process.argv[2])
const held = await other.lease()
const closing = other.close({ timeoutMs: 100 })
await closing
console.log(held.isReleased, other.stats.open)
