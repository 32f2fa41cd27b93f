/**
 * A table to a CSV file and back by COPY, in bounded memory however many rows there are: the file is written as fast as the disk takes it, and
 * the server waits meanwhile. `DATABASE_URL=postgres://localhost/app node examples/dist/csv-export.js`
 */
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { interruptible } from '@shrapnel/core'
import { pool, sql } from '@shrapnel/postgres'

const ROWS = 100_000

await using db = pool(process.env.DATABASE_URL)
const folder = await mkdtemp(join(tmpdir(), 'csv-'))
const file = join(folder, 'measurements.csv')
try {
  await db.script(`
    drop table if exists example_measurements;
    create table example_measurements (id int primary key, name text not null, value numeric(8, 2), taken timestamp not null);
    insert into example_measurements
      select i, 'sensor "' || i % 10 || '", hall ' || i % 3, i / 4.0, '2026-01-01'::timestamp + i * interval '1 s'
      from generate_series(1, ${ROWS}) i;
  `)

  const copy = db.copyTo(
    sql`copy (select * from example_measurements order by id) to stdout with (format csv, header)`,
  )
  await interruptible(pipeline(copy, createWriteStream(file)))
  console.log(`${copy.rowCount} rows are ${(await stat(file)).size} bytes of CSV`)

  await db.query('truncate example_measurements')
  const count = await db.copyFrom(
    sql`copy example_measurements from stdin with (format csv, header)`,
    createReadStream(file),
  )
  console.log(`${count} rows are back`)
} finally {
  await rm(folder, { recursive: true })
  await db.query('drop table if exists example_measurements')
}
