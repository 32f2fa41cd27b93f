// A server whose ticket keys come from the environment, as those of workers behind one port do. Says its port, greets, and stays.
import { spawn } from '@shrapnel/core'
import { TicketKeys, tls } from '@shrapnel/tls'

const [cert, key] = process.argv.slice(2)
const tickets = TicketKeys.import(process.env.TICKET_KEYS)
delete process.env.TICKET_KEYS
const listener = tls.listen({ port: 0, cert, key, tickets })
console.log(`port ${listener.port}`)
for await (const stream of listener)
  spawn(async () => {
    await stream.send(`${process.pid}`)
    await stream.end()
  })
