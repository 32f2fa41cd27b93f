// A prefork server for the tests. Its argument is JSON: the options of prefork, and `dies`, a number of milliseconds after which each worker ends by itself; SIGUSR1 calls setExit(`exitsOnUsr1`).
// `hangs`, `fails`: so does prepare; `says`: a line that workers put into the control channel; `failsAt`: the event at which onEvent fails; `limitMs`: a time limit
// around prefork; `catches`: goes on if prefork fails; `waitsForOrphanhood`: workers come to prefork when the supervisor has died. A drainMs of null is Infinity.
// A client sends lines: `who`, `version`, `bytes N`, `die`, `throw`, `bye`. Reports and events go to stdout as JSON lines; SIGUSR2 asks for a report.
import { readFileSync, writeSync } from 'node:fs'
import * as coro from '@shrapnel/core'

function say(what) {
  process.stdout.write(`${JSON.stringify(what)}\n`)
}

const {
  versionFile,
  dies,
  exitsOnUsr1,
  hangs,
  fails,
  says,
  failsAt,
  limitMs,
  catches,
  waitsForOrphanhood,
  ...options
} = JSON.parse(process.argv[2])
if (options.drainMs === null) options.drainMs = Number.POSITIVE_INFINITY
if (waitsForOrphanhood && process.env.SHRAPNEL_PREFORK_ROLE !== undefined) {
  const parent = process.ppid
  say({ type: 'begun', pid: process.pid })
  while (process.ppid === parent) await coro.sleep(10)
}
const version = versionFile === undefined ? '' : readFileSync(versionFile, 'utf8')

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

const settings = {
  listen: { port: 0 },
  ...options,
  serve,
  async prepare() {
    if (says !== undefined) writeSync(3, `${says}\n`)
    if (hangs) await coro.sleep(1_000_000)
    if (fails) throw new Error('it cannot be prepared')
    if (version.startsWith('broken')) throw new Error('a broken version')
    if (dies !== undefined)
      coro.spawn({ daemon: true }, async () => {
        await coro.sleep(dies)
        process.exit(3)
      })
  },
  onEvent(event) {
    say({ at: coro.now(), ...event })
    if (event.type === failsAt) throw new Error('told in vain')
  },
}

let server
try {
  server = await coro.withTimeout(limitMs ?? Number.POSITIVE_INFINITY, () => coro.prefork(settings))
} catch (error) {
  if (!catches) throw error
  say({ type: 'caught', message: error.code })
  await coro.sleep(options.longestPauseMs ?? 0)
  process.exit(9)
}
coro.signals.handle('SIGUSR2', async () => say({ type: 'report', ...(await server.report()) }))
if (exitsOnUsr1 !== undefined) coro.signals.handle('SIGUSR1', () => coro.setExit(exitsOnUsr1))
say({ type: 'listening', port: server.port, pid: process.pid })
await server.join()
