// Accepts one connection on descriptor 3, a listener that the parent process opened. Usage: inherits-listener.mjs tcp|unix [exclusive].
import { readFileSync } from 'node:fs'
import { tcp, unix } from '@shrapnel/core'

const listener = (process.argv[2] === 'tcp' ? tcp : unix).listen({
  fd: 3,
  exclusive: process.argv[3] === 'exclusive',
})
const flags = Number.parseInt(
  /flags:\s+(\d+)/.exec(readFileSync('/proc/self/fdinfo/3', 'latin1'))?.[1] ?? '0',
  8,
)
const words = [
  [0o4000, 'non-blocking'],
  [0o2000000, 'closed on exec'],
]
const { address, port, fd } = listener
console.log(
  JSON.stringify({
    address,
    port,
    fd,
    flags: words
      .filter(([flag]) => (flags & flag) !== 0)
      .map(([, word]) => word)
      .join(', '),
  }),
)
const connection = await listener.accept()
await connection.send('from the child')
connection.close()
listener.close()
