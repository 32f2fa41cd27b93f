/**
 * The PostgreSQL of the benchmarks: one for all contestants of a run. Nothing is synced to the disk and no vacuum runs by itself, so that what is
 * measured is not the disk; all else is as it comes.
 */
import type { PostgresServer } from '@shrapnel/test-support'
import { MAKE_TABLES, type Place } from './work.js'

const CONFIG = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  shared_buffers: '256MB',
  max_wal_size: '4GB',
  autovacuum: 'off',
  jit: 'off',
}

/** Hands a running server with the tables of work.ts to `use`, and stops it whatever happens. */
export async function withPostgres<Result>(
  use: (server: PostgresServer) => Promise<Result>,
): Promise<Result> {
  // It brings a test runner with it, which nobody needs who only lists the benchmarks.
  const { startPostgres } = await import('@shrapnel/test-support')
  await using server = await startPostgres({ config: CONFIG })
  await server.psql(MAKE_TABLES)
  return await use(server)
}

/** The two ways to it. */
export function waysTo(server: PostgresServer): readonly (Place & { readonly way: string })[] {
  return [
    { way: 'UNIX socket', host: server.unixFolder, port: server.port },
    { way: 'TCP', host: '127.0.0.1', port: server.port },
  ]
}
