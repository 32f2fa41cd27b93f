// Programs that end by setExit: each case is one. Usage: exits.mjs <case>
import { all, Mutex, onExit, setExit, setLatencyWarning, shield, sleep, spawn, tcp } from '@shrapnel/core'

// A slow machine is no part of what is tested.
setLatencyWarning(Number.POSITIVE_INFINITY)

const say = (text) => console.log(text)

/** Waits until it is cancelled, and says when. */
async function session(name, wait) {
  try {
    await wait()
  } finally {
    say(`${name} ends`)
  }
}

const cases = {
  orderly: async () => {
    const listener = tcp.listen({ port: 0 })
    spawn(async () => {
      await listener.serve((connection) => session('connection', () => connection.recv()))
      say('no more connections')
    })
    const client = await tcp.connect('127.0.0.1', listener.port)
    const mutex = new Mutex()
    await mutex.lock()
    spawn(session, 'sleeper', () => sleep(60_000))
    spawn(session, 'locker', () => mutex.lock())
    spawn({ daemon: true }, session, 'daemon', () => client.recv())
    onExit(() => say('registered first, called last'))
    onExit(async () => {
      await sleep(5)
      say(`registered last, called first, ${all().length} coroutines left`)
    })
    const taken = onExit(() => say('never'))
    taken()
    await sleep(20)
    spawn(async () => {
      setExit(7)
      setExit(8)
      say('setExit returned')
      await session('the caller', () => sleep(60_000))
    })
  },

  'cleanup waits': async () => {
    spawn(async () => {
      try {
        await sleep(60_000)
      } finally {
        await shield(1000, () => sleep(30))
        say('cleaned up')
      }
    })
    await sleep(1)
    setExit(0)
  },

  'one is stuck on a promise': async () => {
    spawn({ name: 'stuck' }, () => new Promise(() => {}))
    spawn({ name: 'obedient' }, () => sleep(60_000))
    onExit(() => say('not called'))
    await sleep(1)
    setExit(3, { graceMs: 60 })
  },

  'one swallows every cancellation': async () => {
    spawn({ name: 'stubborn' }, async () => {
      for (;;) {
        try {
          await sleep(60_000)
        } catch {
          // As a careless program does.
        }
      }
    })
    await sleep(1)
    setExit(4, { graceMs: 100 })
  },

  'an exit function fails': async () => {
    onExit(() => say('called all the same'))
    onExit(() => {
      throw new Error('clumsy')
    })
    setExit(5)
  },

  'an exit function hangs': () => {
    onExit(() => new Promise(() => {}))
    setExit(6, { graceMs: 50 })
  },

  'nothing else runs': () => setExit(0),

  'one has not begun': async () => {
    setExit(0)
    spawn(() => say('never'))
  },

  'from a handler of a signal': async () => {
    process.once('SIGTERM', () => setExit(0))
    spawn(session, 'sleeper', () => sleep(60_000))
    await sleep(1)
    process.kill(process.pid, 'SIGTERM')
  },
}

const run = cases[process.argv[2]]
if (run === undefined) throw new Error(`no case ${process.argv[2]}: ${Object.keys(cases).join(', ')}`)
await run()
