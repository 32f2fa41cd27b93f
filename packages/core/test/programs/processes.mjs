// Child processes of programs that end, of threads, and beside Node's own: each case is one. Usage: processes.mjs <case> <file for pids>
import { spawn as startByNode } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { inParallel, run, setExit, setLatencyWarning, sleep, spawn, start } from '@shrapnel/core'

// A slow machine is no part of what is tested.
setLatencyWarning(Number.POSITIVE_INFINITY)

const [name, path] = isMainThread ? process.argv.slice(2) : [workerData.name, workerData.path]
const SCRIPT = 'echo $$ >>"$1"; exec sleep 1000'
const STUBBORN = 'trap "" TERM; echo $$ >>"$1"; exec sleep 1000'

const runOne = (script = SCRIPT) => run('sh', ['-c', script, 'sh', path], { graceMs: 50 })
const startOne = () =>
  start('sh', ['-c', SCRIPT, 'sh', path], { stdin: 'ignore', stdout: 'ignore', stderr: 'ignore' })

async function untilWritten(count = 1) {
  for (;;) {
    try {
      if (readFileSync(path, 'utf8').split('\n').length > count) return
    } catch {
      // Not yet.
    }
    await sleep(1)
  }
}

const zombies = () =>
  readdirSync('/proc')
    .filter((each) => /^\d+$/.test(each))
    .filter((each) => {
      try {
        const stat = readFileSync(`/proc/${each}/stat`, 'latin1')
        const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
        return state === 'Z' && Number(parent) === process.pid
      } catch {
        return false
      }
    }).length

/** A thread that does `job` of those below, and has said that it is ready. */
async function ready(job) {
  const worker = new Worker(fileURLToPath(import.meta.url), { workerData: { name: job, path } })
  const [message] = await once(worker, 'message')
  return { worker, message }
}

const cases = {
  'setExit while a coroutine runs one': async () => {
    spawn(() => runOne())
    await untilWritten()
    setExit(3)
  },
  'setExit while a coroutine runs a stubborn one': async () => {
    spawn(() => runOne(STUBBORN))
    await untilWritten()
    setExit(3)
  },
  'setExit while no coroutine runs one': async () => {
    void runOne(STUBBORN)
    await untilWritten()
    setExit(3)
  },
  'process.exit while one runs': async () => {
    void runOne(STUBBORN)
    await untilWritten()
    process.exit(3)
  },
  'an error while one runs': async () => {
    void runOne(STUBBORN)
    await untilWritten()
    throw new Error('as asked')
  },
  'ends with one started': async () => {
    startOne()
    await untilWritten()
  },
  'waits for one started': async () => {
    const child = start('sh', ['-c', 'sleep 0.1; exit 5'])
    spawn(async () => {
      process.exitCode = (await child.wait()).code
    })
  },
  'has a daemon that runs one': async () => {
    spawn({ daemon: true }, () => runOne())
    await untilWritten()
  },

  'in a thread': async () => {
    const { worker, message } = await ready('job: all')
    const [code] = await once(worker, 'exit')
    console.log(message, code)
  },
  'a thread is terminated while it runs one': async () => {
    const { worker } = await ready('job: run')
    await worker.terminate()
    // What it was is taken when the next one starts.
    for (let left = 1000; left > 0; left--) {
      await run('true')
      if (zombies() === 0) break
    }
    console.log('zombies', zombies())
  },
  'a thread is terminated with one started': async () => {
    const { worker } = await ready('job: start')
    await worker.terminate()
    const pid = Number(readFileSync(path, 'utf8'))
    process.kill(pid, 0)
    process.kill(pid, 'SIGKILL')
    for (let left = 1000; left > 0; left--) {
      await run('true')
      if (zombies() === 0) break
    }
    console.log('zombies', zombies())
  },
  'job: all': async () => {
    const { stdout } = await run('cat', [], { input: 'through a thread' })
    const child = start('sh', ['-c', 'exit 7'])
    const { code } = await child.wait()
    parentPort.postMessage(`${stdout} ${code}`)
  },
  'job: run': async () => {
    void runOne(STUBBORN)
    await untilWritten()
    parentPort.postMessage('runs')
  },
  'job: start': async () => {
    const child = startOne()
    await untilWritten()
    parentPort.postMessage('started')
    await child.wait()
  },

  "beside Node's own": async () => {
    process.on('SIGCHLD', () => {})
    const theirs = Array.from({ length: 50 }, async (_, i) => {
      const child = startByNode('sh', ['-c', `exit ${i}`], { stdio: 'ignore' })
      const [code] = await once(child, 'exit')
      return code === i
    })
    const ours = await inParallel(
      Array.from(
        { length: 50 },
        (_, i) => async () => (await run('sh', ['-c', `exit ${100 + i}`])).code === 100 + i,
      ),
    )
    const all = [...(await Promise.all(theirs)), ...ours]
    console.log(all.filter(Boolean).length, 'of', all.length, 'zombies', zombies())
    process.removeAllListeners('SIGCHLD')
  },

  'short of descriptors': async () => {
    await run('true')
    const before = readdirSync('/proc/self/fd').length
    const outcomes = new Set()
    for (let free = 0; free < 16; free++) {
      const fillers = []
      try {
        for (;;) fillers.push(openSync('/dev/null', 'r'))
      } catch {
        // Full.
      }
      for (let i = 0; i < free; i++) closeSync(fillers.pop())
      let child
      try {
        child = start('true')
        outcomes.add('started')
      } catch (error) {
        outcomes.add(error.code)
      }
      for (const filler of fillers) closeSync(filler)
      if (child === undefined) continue
      await child.wait()
      for (const stream of [child.stdin, child.stdout, child.stderr]) stream.close()
    }
    const left = readdirSync('/proc/self/fd').length - before
    console.log([...outcomes].join(), 'left open', left, 'zombies', zombies())
  },
}

const one = cases[name]
if (one === undefined) throw new Error(`no case ${name}: ${Object.keys(cases).join(', ')}`)
await one()
