// Asks over TCP and over UDP, and closes nothing: the connection that is kept must not keep the process.
import { Servers } from '@shrapnel/dns'

const address = process.argv[2]
const servers = new Servers({ servers: [`tcp://${address}`, address], idleTimeoutMs: 600_000, rotate: true })
for (let round = 0; round < 4; round++)
  await servers.ask({ name: 'www.example.test', type: 'A', class: 'IN' })
console.log(
  servers
    .inspect()
    .map(({ openConnections, openPorts }) => `${openConnections} ${openPorts}`)
    .join(', '),
)
