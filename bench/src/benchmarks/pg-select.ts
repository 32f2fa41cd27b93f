/** `select $1::int` on one connection, one at a time and from a hundred coroutines: what a query costs beside its work. */
import type { Benchmark } from '../benchmark.js'
import { measureRates } from '../postgres/rates.js'
import { withPostgres } from '../postgres/server.js'
import { ratioAtLeast } from '../target.js'

export const pgSelect: Benchmark = {
  name: 'pg-select',
  package: 'postgres',
  summary: 'a select of one number on one connection, from 1 and 100 coroutines, over a UNIX socket and TCP',
  target: 'at least 1.3 times postgres, 2 times pg',
  unit: 'queries/s',
  run: (context) =>
    withPostgres((server) =>
      measureRates(server, context, {
        work: 'select',
        atOnce: [1, 100],
        targets: [ratioAtLeast('postgres', 1.3), ratioAtLeast('pg', 2)],
      }),
    ),
}
