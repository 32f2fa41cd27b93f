/** The same with node:cluster, scheduled as it is told: one byte in, the number of the worker out, end. */
import cluster from 'node:cluster'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { announce } from './control.js'

async function supervise(): Promise<void> {
  cluster.schedulingPolicy = process.argv[2] === 'none' ? cluster.SCHED_NONE : cluster.SCHED_RR
  const workers = Array.from({ length: Number(process.argv[3]) }, (_, index) =>
    cluster.fork({ WORKER_INDEX: String(index) }),
  )
  const ports = await Promise.all(
    workers.map(async (worker) => {
      const [address] = (await once(worker, 'listening')) as [AddressInfo]
      return address.port
    }),
  )
  announce(ports[0] as number)
}

function serve(): void {
  const name = process.env.WORKER_INDEX as string
  const server = createServer({ noDelay: true }, (socket) => {
    socket.once('data', () => socket.end(name))
    // The client resets it as soon as it has its answer.
    socket.on('error', () => socket.destroy())
  })
  server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 })
}

if (cluster.isPrimary) await supervise()
else serve()
