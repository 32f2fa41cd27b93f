/** One row at a time into a table without an index, from a hundred coroutines on one connection. */
import type { Benchmark } from '../benchmark.js'
import { measureRates } from '../postgres/rates.js'
import { withPostgres } from '../postgres/server.js'
import { ratioAtLeast } from '../target.js'

export const pgInsert: Benchmark = {
  name: 'pg-insert',
  package: 'postgres',
  summary:
    'inserts of one row of 4 columns from 100 coroutines on one connection, over a UNIX socket and TCP',
  target: 'at least 1.3 times postgres and pg',
  unit: 'inserts/s',
  run: (context) =>
    withPostgres((server) =>
      measureRates(server, context, {
        work: 'insert',
        atOnce: [100],
        prepare: ['truncate bench_insert'],
        targets: [ratioAtLeast('postgres', 1.3), ratioAtLeast('pg', 1.3)],
      }),
    ),
}
