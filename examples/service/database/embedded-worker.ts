/**
 * The embedded database, in a thread of its own: PGlite is PostgreSQL compiled to WebAssembly, and while it works its
 * thread does nothing else. It is spoken to as a server is, by PostgreSQL's protocol over a UNIX socket.
 */
import { rmSync } from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'
import { PGlite } from '@electric-sql/pglite'
import { PGLiteSocketServer } from '@electric-sql/pglite-socket'

const { folder, socketPath } = workerData as { readonly folder: string; readonly socketPath: string }
const SETTINGS = ['max_wal_size=64MB', 'min_wal_size=32MB']

const database = await PGlite.create({
  dataDir: folder,
  startParams: [...PGlite.defaultStartParams, ...SETTINGS.flatMap((setting) => ['-c', setting])],
})

// What a query does wrong is an answer. What is thrown is a PostgreSQL that is no more, such as one that found no room
// for its log: the thread ends, and the next one repairs what there is to repair.
const run = database.execProtocolRawStream.bind(database)
database.execProtocolRawStream = (message, options) =>
  run(message, options).catch((error: unknown) => {
    console.error('The embedded database failed:', error)
    process.exit(1)
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
