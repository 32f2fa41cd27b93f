import { startPostgres } from '@shrapnel/test-support'

const server = await startPostgres()
await server.restart()
process.stdout.write(JSON.stringify({ folder: server.folder, pid: server.pid }))
process.exit(0)
