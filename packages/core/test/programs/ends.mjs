// Programs that end by themselves, or do not: each case is one. Usage: ends.mjs <case>
import { connect } from 'node:net'
import {
  interruptible,
  Mutex,
  setLatencyWarning,
  sleep,
  socketPair,
  spawn,
  tcp,
  withTimeout,
} from '@shrapnel/core'

// A slow machine is no part of what is tested.
setLatencyWarning(Number.POSITIVE_INFINITY)

const FOR_EVER_MS = 600_000

const cases = {
  'nothing waits': () => {},

  'a daemon sleeps': () => {
    spawn({ daemon: true }, () => sleep(FOR_EVER_MS))
  },

  'a daemon serves': () => {
    spawn({ daemon: true }, () => tcp.listen({ port: 0 }).serve(() => {}))
  },

  'a daemon receives with a timeout': () => {
    const [one] = socketPair()
    spawn({ daemon: true }, () => withTimeout(FOR_EVER_MS, () => one.recv()))
  },

  'a coroutine sleeps': () => {
    spawn(async () => {
      await sleep(50)
      console.log('slept')
    })
  },

  'a coroutine receives': () => {
    const [one, other] = socketPair()
    spawn({ daemon: true }, async () => {
      await sleep(50)
      await other.send('late')
    })
    spawn(async () => console.log(String(await one.recv())))
  },

  'a listener is open and nobody accepts': () => {
    console.log(tcp.listen({ port: 0 }).port > 0)
  },

  'a listener is open and somebody has accepted': () => {
    const listener = tcp.listen({ port: 0 })
    spawn(async () => {
      await listener.accept()
      console.log('accepted')
    })
    spawn(() => tcp.connect('127.0.0.1', listener.port))
  },

  'coroutines wait for each other alone': () => {
    const mutex = new Mutex()
    spawn(async () => {
      await mutex.lock()
      await mutex.lock().catch(() => {})
    })
    spawn(() => mutex.lock())
  },

  'a coroutine waits for a promise that Node keeps': () => {
    spawn(async () => {
      await interruptible(new Promise((resolve) => setTimeout(resolve, 50)))
      console.log('resolved')
    })
  },

  'coroutines die': () => {
    spawn({ name: 'unlucky' }, () => {
      throw new RangeError('boom')
    })
    spawn({ name: 'later' }, async () => {
      await sleep(5)
      throw Object.assign(new Error('bang'), { code: 'EBANG' })
    })
    spawn({ name: 'odd' }, () => Promise.reject('a string'))
    spawn(async () => {
      await sleep(50)
      console.log('alive')
    })
  },

  'a timer of Node outlives the coroutines': () => {
    spawn(() => sleep(5))
    setTimeout(() => console.log('timer'), 60)
  },

  'a wait begins when Node is about to end': () => {
    process.once('beforeExit', () => {
      spawn(async () => {
        await sleep(20)
        console.log('once more')
      })
    })
  },

  'a socket of Node and one of ours share the process': () => {
    const listener = tcp.listen({ port: 0 })
    spawn(async () => {
      const connection = await listener.accept()
      await connection.send('to node')
      connection.close()
      listener.close()
    })
    connect(listener.port, '127.0.0.1').on('data', (data) => console.log(String(data)))
  },

  'the top level waits': async () => {
    await sleep(20)
    const [one, other] = socketPair()
    await one.send('top')
    console.log(String(await other.recv()))
  },
}

const run = cases[process.argv[2]]
if (run === undefined) throw new Error(`no case ${process.argv[2]}: ${Object.keys(cases).join(', ')}`)
await run()
