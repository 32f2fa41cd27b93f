// A TCP server on a port from the kernel. Options: `stubborn` ignores SIGTERM, `child` starts a process in its group.
import { spawn } from 'node:child_process'
import { createServer } from 'node:net'

const wishes = process.argv.slice(2)
if (wishes.includes('stubborn')) process.on('SIGTERM', () => console.log('not yet'))
if (wishes.includes('child')) console.log(`child ${spawn('sleep', ['60'], { stdio: 'ignore' }).pid}`)
const server = createServer((socket) => socket.on('error', () => {}).pipe(socket))
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`cwd ${process.cwd()}`)
  console.log(`listening on ${server.address().port}`)
})
