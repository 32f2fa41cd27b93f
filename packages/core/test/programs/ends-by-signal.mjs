// Programs that a signal is sent to: each case is one. Usage: ends-by-signal.mjs <case>.
import { spawn as spawnProcess } from 'node:child_process'
import {
  onExit,
  setExit,
  setLatencyWarning,
  shield,
  signals,
  sleep,
  spawn,
  tcp,
  yieldSlice,
} from '@shrapnel/core'

// A slow machine is no part of what is tested.
setLatencyWarning(Number.POSITIVE_INFINITY)

const say = (text) => console.log(text)
const self = (signal) => process.kill(process.pid, signal)

/** What was sent before has arrived and the coroutines that it concerns have run: each turn comes after a look at the kernel. */
async function turns() {
  for (let i = 0; i < 5; i++) await yieldSlice()
}

/** Waits for ever, and cleans up for `ms`. */
async function session(ms) {
  try {
    await sleep(600_000)
  } finally {
    say('cleaning')
    await shield(60_000, () => sleep(ms))
    say('clean')
  }
}

/** Holds the processor and never lets go. `script`, run by a shell beside it, sends signals to $0. */
function stick(script) {
  spawnProcess('sh', ['-c', script, `${process.pid}`], { stdio: 'ignore' })
  for (;;);
}

const cases = {
  'a server': async () => {
    const listener = tcp.listen({ port: 0 })
    spawn(async () => {
      await listener.serve(async (connection) => {
        try {
          await connection.send('.')
          await connection.recv()
        } finally {
          say('the connection is told')
        }
      })
      say('the listener is closed')
    })
    spawn(session, 1)
    onExit(() => say('the exit function'))
    const client = await tcp.connect('127.0.0.1', listener.port)
    await client.recv()
    self(process.argv[3])
    await client.recv()
  },

  'nothing but a promise of others': async () => {
    self('SIGTERM')
    await new Promise((resolve) => setTimeout(resolve, 600_000))
  },

  'twice at once': async () => {
    spawn(session, 100)
    await turns()
    self('SIGINT')
    self('SIGINT')
    await turns()
  },

  'again after a second': async () => {
    spawn(session, 60_000)
    await turns()
    self('SIGINT')
    setInterval(self, 1100, process.argv[3])
    await sleep(600_000)
  },

  'stuck, twice': () => {
    spawn(session, 1)
    stick('kill -INT $0; sleep 1.2; kill -INT $0')
  },

  'stuck, twice at once': () => stick('kill -INT $0; kill -TERM $0; kill -INT $0; sleep 0.4; kill -KILL $0'),

  'stuck, with a listener of Node': () => {
    process.on('SIGINT', () => {})
    stick('kill -INT $0; sleep 1.2; kill -INT $0; sleep 0.3; kill -KILL $0')
  },

  'stuck, with a handler': () => {
    signals.handle('SIGINT', () => {})
    stick('kill -INT $0; sleep 1.2; kill -INT $0; sleep 0.3; kill -KILL $0')
  },

  'stuck later, though the first was taken': async () => {
    spawn(async () => {
      try {
        await sleep(600_000)
      } finally {
        say('cleaning')
        stick('kill -INT $0; sleep 1.2; kill -INT $0')
      }
    })
    await turns()
    self('SIGINT')
    await sleep(600_000)
  },

  'switched off': async () => {
    say(signals.exitOn([]).join())
    spawn(session, 1)
    await turns()
    self(process.argv[3])
    await sleep(600_000)
  },

  'other signals': async () => {
    say(signals.exitOn(['SIGHUP', 'SIGUSR2'], { graceMs: 50 }).join())
    say(signals.exitOn(['SIGHUP', 'SIGTERM']).join())
    spawn({ name: 'stubborn' }, () => new Promise(() => {}))
    await turns()
    self('SIGHUP')
    await sleep(600_000)
  },

  'a handler takes it': async () => {
    const handler = signals.handle('SIGTERM', () => say('handled'))
    self('SIGTERM')
    await turns()
    say('still there')
    handler.remove()
    self('SIGTERM')
    await sleep(600_000)
  },

  'a wait takes it': async () => {
    spawn(async () => {
      say(await signals.wait('SIGTERM'))
      self('SIGTERM')
      await turns()
      say('still there')
      signals.release('SIGTERM')
      self('SIGTERM')
      await sleep(600_000)
    })
    await turns()
    self('SIGTERM')
    await sleep(600_000)
  },

  'a listener of Node takes it': async () => {
    const listener = () => say('heard')
    process.on('SIGTERM', listener)
    self('SIGTERM')
    await turns()
    say('still there')
    process.off('SIGTERM', listener)
    self('SIGTERM')
    await sleep(600_000)
  },

  /** Removed before it is called: who decides when JavaScript looks finds nobody listening. */
  'a listener for once takes one': async () => {
    process.once('SIGTERM', () => say('heard'))
    self('SIGTERM')
    await turns()
    say('still there')
    self('SIGTERM')
    await sleep(600_000)
  },

  'an exit that is under way': async () => {
    spawn(session, 30)
    await turns()
    setExit(7)
    self('SIGTERM')
    await sleep(600_000)
  },

  'nothing at all': () => {},

  'only a worker thread': async () => {
    signals.exitOn([])
    const { Worker } = await import('node:worker_threads')
    const worker = new Worker(new URL('signals-in-worker.mjs', import.meta.url))
    await new Promise((resolve) => worker.once('exit', resolve))
    self('SIGTERM')
    await sleep(600_000)
  },
}

const run = cases[process.argv[2]]
if (run === undefined) throw new Error(`no case ${process.argv[2]}: ${Object.keys(cases).join(', ')}`)
await run()
