/** The program of the README: `DATABASE_URL=postgres://localhost/app node examples/dist/quick-start.js`. */
import { pool, sql } from '@shrapnel/postgres'

await using db = pool(process.env.DATABASE_URL) // without it PGHOST, PGUSER and the others count, as for psql
await db.query('create table if not exists accounts (name text primary key, balance int not null)')
const ada = { name: 'Ada', balance: 100 }
const grace = { name: 'Grace', balance: 0 }
await db.query(sql`insert into accounts ${sql.insert([ada, grace])} on conflict do nothing`)

async function pay(from: string, to: string, amount: number): Promise<void> {
  await db.begin(async (tx) => {
    await tx.query(sql`update accounts set balance = balance - ${amount} where name = ${from}`)
    await tx.query(sql`update accounts set balance = balance + ${amount} where name = ${to}`)
  })
}
await pay('Ada', 'Grace', 30)

const rows = await db.query(sql`select name, balance from accounts where balance > ${0} order by name`)
for (const { name, balance } of rows) console.log(`${name} has ${balance}`)
