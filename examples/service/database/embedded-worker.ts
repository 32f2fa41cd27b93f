/**
 * The embedded database, in a thread of its own: PGlite is PostgreSQL compiled to WebAssembly, and while it works its
 * thread does nothing else. It is spoken to as a server is, by PostgreSQL's protocol over a UNIX socket.
 */
import { existsSync, renameSync, rmSync } from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'
import { PGlite } from '@electric-sql/pglite'
import { PGLiteSocketServer } from '@electric-sql/pglite-socket'

const { folder, socketPath } = workerData as { readonly folder: string; readonly socketPath: string }
const SETTINGS = ['max_wal_size=64MB', 'min_wal_size=32MB']

/** A cluster that is half made cannot be used, and not be told from a whole one: so it gets its name when it is whole. */
async function makeCluster(): Promise<void> {
  const unfinished = `${folder}.new`
  rmSync(unfinished, { recursive: true, force: true })
  const database = await PGlite.create({ dataDir: unfinished })
  await database.close()
  renameSync(unfinished, folder)
}

if (!existsSync(folder)) await makeCluster()
const database = await PGlite.create({
  dataDir: folder,
  startParams: [...PGlite.defaultStartParams, ...SETTINGS.flatMap((setting) => ['-c', setting])],
})

rmSync(socketPath, { force: true })
// One connection for the service's queries; the others are for the requests to cancel one.
const server = new PGLiteSocketServer({ db: database, path: socketPath, maxConnections: 4 })
await server.start()
parentPort?.postMessage('ready')

parentPort?.once('message', async () => {
  await server.stop()
  await database.close()
  rmSync(socketPath, { force: true })
  process.exit(0)
})
