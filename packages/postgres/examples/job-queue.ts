/**
 * A queue in a table. Workers take the oldest job that nobody else has (`for update skip locked`) and are woken by NOTIFY; a job whose worker
 * dies is there again, as its transaction is rolled back. `DATABASE_URL=postgres://localhost/app node examples/dist/job-queue.js`
 */
import { group, sleep } from '@shrapnel/core'
import { pool, sql } from '@shrapnel/postgres'

interface Job {
  readonly id: number
  readonly task: { readonly number: number }
}

const JOBS = 20
const WORKERS = 3

await using db = pool(process.env.DATABASE_URL)
await db.script(`
  drop table if exists example_jobs;
  create table example_jobs (id bigint generated always as identity primary key, task jsonb not null, done boolean not null default false);
`)

const doneBy = new Map<number, number>()
await group(async (workers) => {
  for (let number = 1; number <= WORKERS; number++) workers.spawn(worker, number)
  for (let number = 1; number <= JOBS; number++) {
    // NOTIFY in the transaction of the insert: it is heard when the job can be seen, and not before.
    await db.begin(async (tx) => {
      await tx.query(sql`insert into example_jobs (task) values (${{ number }})`)
      await tx.query(sql`select pg_notify('example_jobs', '')`)
    })
  }
  while (doneBy.size < JOBS) await sleep(10)
  workers.cancel() // who waits for the next job is interrupted, and the group ends
})
const [left] = await db.query<{ count: number }>('select count(*) from example_jobs where not done')
console.log(`${doneBy.size} jobs done, ${left?.count} left`)
await db.query('drop table example_jobs')

async function worker(number: number): Promise<void> {
  const events = db.listen('example_jobs')
  await events.ready()
  // Once at the beginning, for what was there before; then whenever something has come, or may have (a gap).
  do {
    for (let id = await takeOne(); id !== undefined; id = await takeOne()) doneBy.set(id, number)
  } while (!(await events.next()).done)
}

/** The number of the job that was done; undefined if there is none to take. */
function takeOne(): Promise<number | undefined> {
  return db.begin(async (tx) => {
    const [job] = await tx.query<Job>(sql`
      select id, task from example_jobs where not done order by id limit 1 for update skip locked`)
    if (job === undefined) return undefined
    await sleep(job.task.number % 3) // the work
    await tx.query(sql`update example_jobs set done = true where id = ${job.id}`)
    return job.id
  })
}
