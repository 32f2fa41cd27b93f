/**
 * A pool and transactions: ten clerks move money between five accounts at a time, each transaction all or nothing, tried again when two get in
 * each other's way. The sum never changes. `DATABASE_URL=postgres://localhost/app node examples/dist/transfers.js`
 */
import { inParallel } from '@shrapnel/core'
import { type Pool, PostgresError, pool, sql } from '@shrapnel/postgres'

const ACCOUNTS = 5
const CLERKS = 10
const TRANSFERS = 10

await using db = pool(process.env.DATABASE_URL, { maxConnections: 5 })
await db.script(`
  drop table if exists transfers_accounts;
  create table transfers_accounts (id int primary key, balance int not null check (balance >= 0));
  insert into transfers_accounts select id, 100 from generate_series(1, ${ACCOUNTS}) id;
`)

let paid = 0
let refused = 0
await inParallel(Array.from({ length: CLERKS }, (_, i) => () => clerk(i)))

const [total] = await db.query<{ sum: number }>('select sum(balance)::int as sum from transfers_accounts')
console.log(`${paid + refused} transfers asked for, and the sum is ${total?.sum}`)
await db.query('drop table transfers_accounts')

async function clerk(seed: number): Promise<void> {
  for (let i = 0; i < TRANSFERS; i++) {
    const from = 1 + ((seed + i) % ACCOUNTS)
    const to = 1 + ((seed + i + 1 + (i % 3)) % ACCOUNTS)
    try {
      await transfer(db, from, to, 40)
      paid++
    } catch (error) {
      // The check of the table: there was not enough. The server's name for it is 23514.
      if (!(error instanceof PostgresError) || error.sqlState !== '23514') throw error
      refused++
    }
  }
}

async function transfer(bank: Pool, from: number, to: number, amount: number): Promise<void> {
  await bank.begin({ isolation: 'serializable', retries: 100 }, async (tx) => {
    await tx.query(sql`update transfers_accounts set balance = balance + ${amount} where id = ${to}`)
    await tx.query(sql`update transfers_accounts set balance = balance - ${amount} where id = ${from}`)
  })
}
