// A prefork server for the tests. Its argument is JSON: the options of prefork, and `dies`, a number of milliseconds after which each worker ends by itself; SIGUSR1 calls setExit(`exitsOnUsr1`).
// A client sends lines: `who`, `version`, `bytes N`, `die`, `throw`, `bye`. Reports and events go to stdout as JSON lines; SIGUSR2 asks for a report.
import { readFileSync } from 'node:fs'
import * as coro from '@shrapnel/core'

const { versionFile, dies, exitsOnUsr1, ...options } = JSON.parse(process.argv[2])
const version = versionFile === undefined ? '' : readFileSync(versionFile, 'utf8')
const say = (what) => process.stdout.write(`${JSON.stringify(what)}\n`)

async function serve(connection, worker) {
  const reader = new coro.BufferedReader(connection)
  const idle = coro.spawn({ name: 'drains' }, async () => {
    await worker.draining.wait()
    await connection.send('draining\n')
  })
  try {
    for await (const line of reader.lines()) {
      const [command, argument] = line.split(' ')
      if (command === 'who') await connection.send(`${worker.index} ${worker.pid}\n`)
      else if (command === 'version') await connection.send(`${version}\n`)
      else if (command === 'bytes') await connection.send(Buffer.alloc(Number(argument), 'x'))
      else if (command === 'die') process.kill(process.pid, 'SIGKILL')
      else if (command === 'throw') throw new Error('the session failed')
      else break
    }
  } finally {
    idle.shutdown()
  }
}

const server = await coro.prefork({
  listen: { port: 0 },
  ...options,
  serve,
  prepare() {
    if (version.startsWith('broken')) throw new Error('a broken version')
    if (dies !== undefined)
      coro.spawn({ daemon: true }, async () => {
        await coro.sleep(dies)
        process.exit(3)
      })
  },
  onEvent: (event) => say({ at: coro.now(), ...event }),
})
coro.signals.handle('SIGUSR2', async () => say({ type: 'report', ...(await server.report()) }))
if (exitsOnUsr1 !== undefined) coro.signals.handle('SIGUSR1', () => coro.setExit(exitsOnUsr1))
say({ type: 'listening', port: server.port, pid: process.pid })
await server.join()
