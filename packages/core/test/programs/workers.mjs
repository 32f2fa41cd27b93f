// The core in worker threads: each case is one. Usage: workers.mjs <case>. Prints what the test compares.
import { once } from 'node:events'
import { lstatSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'

const inWorker = fileURLToPath(new URL('worker.mjs', import.meta.url))
const start = (job, data = {}) => new Worker(inWorker, { workerData: { job, ...data } })
const openDescriptors = () => readdirSync('/proc/self/fd').length

/** The first message and the exit code. */
async function outcome(worker) {
  // Both from the start: a thread that says something and ends at once may do both in one turn.
  const exit = once(worker, 'exit')
  const [message] = await once(worker, 'message')
  const [code] = await exit
  return { message, code }
}

/** A worker that has said that all its coroutines wait. */
async function waiting(job, data) {
  const worker = start(job, data)
  await once(worker, 'message')
  return worker
}

/** Node opens a few descriptors with the first worker and keeps them. */
async function warmUp() {
  await outcome(start('echo'))
  const worker = await waiting('wait')
  await worker.terminate()
}

const cases = {
  'four at once': async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 4 }, () => outcome(start('echo', { rounds: 2000 }))),
    )
    for (const { message, code } of outcomes) console.log(message, code)
  },

  'terminated while coroutines wait': async () => {
    await warmUp()
    const before = openDescriptors()
    for (let i = 0; i < 10; i++) {
      const worker = await waiting('wait')
      if (openDescriptors() <= before) throw new Error('the worker opened nothing')
      console.log(await worker.terminate())
    }
    console.log('left open:', openDescriptors() - before)
  },

  'terminated while it is busy': async () => {
    await warmUp()
    const before = openDescriptors()
    for (let i = 0; i < 10; i++) {
      const worker = await waiting('flood')
      console.log(await worker.terminate())
    }
    console.log('left open:', openDescriptors() - before)
  },

  'ends by itself while coroutines wait': async () => {
    await warmUp()
    const before = openDescriptors()
    for (const leaveBy of ['process.exit', 'setExit', 'an error']) {
      const worker = start('wait', { leaveBy })
      worker.on('error', (error) => console.log('error:', error.message))
      console.log(leaveBy, await new Promise((resolve) => worker.once('exit', resolve)))
    }
    const daemons = start('daemons')
    const [code] = await once(daemons, 'exit')
    console.log('only daemons', code)
    console.log('left open:', openDescriptors() - before)
  },

  'a hundred come and go': async () => {
    await warmUp()
    const before = openDescriptors()
    for (let i = 0; i < (process.env.SHRAPNEL_SLOW ? 5 : 25); i++) {
      const four = await Promise.all([waiting('wait'), waiting('wait'), waiting('wait'), waiting('wait')])
      await Promise.all(four.map((worker) => worker.terminate()))
    }
    console.log('left open:', openDescriptors() - before)
  },

  'a connection between two threads': async () => {
    const server = start('serve')
    const [port] = await once(server, 'message')
    const client = start('call', { port })
    console.log((await outcome(client)).message)
    await server.terminate()
  },

  'a UNIX listener with a mode': async () => {
    const folder = mkdtempSync(join(tmpdir(), 'shrapnel-'))
    const path = join(folder, 's')
    const { message } = await outcome(start('listen', { path }))
    console.log(message, (lstatSync(path).mode & 0o777).toString(8))
    rmSync(folder, { recursive: true })
  },

  'the main thread ends first': async () => {
    await waiting('wait')
    process.exit(9)
  },
}

const run = cases[process.argv[2]]
if (run === undefined) throw new Error(`no case ${process.argv[2]}: ${Object.keys(cases).join(', ')}`)
await run()
