// Starts a server, prints "pid folder", and ends as asked: by itself, with an error, or not at all (to be killed).
import { startServer } from '../../dist/index.js'

const program = new URL('port-server.mjs', import.meta.url).pathname
const server = await startServer({
  command: process.execPath,
  args: [program, 'child'],
  ready: { line: /listening on (?<port>\d+)/ },
})
console.log(`${server.pid} ${server.folder}`)
if (process.argv[2] === 'exit') process.exit(0)
if (process.argv[2] === 'throw') throw new Error('on purpose')
if (process.argv[2] === 'be killed') process.kill(process.pid, 'SIGKILL')
