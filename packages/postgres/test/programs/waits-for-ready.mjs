// Nothing in it waits but for the listener, whose connection is opened by a daemon.
import { pool } from '@shrapnel/postgres'

const db = pool(process.argv[2])
await db.listen('news').ready()
console.log('ready')
await db.close()
