// A hundred thousand coroutines in every kind of wait, shut down at once. Prints how that went, as JSON.
import { readdirSync, readlinkSync } from 'node:fs'
import {
  all,
  Channel,
  ConditionVariable,
  Event,
  Fifo,
  InvertedSemaphore,
  interruptible,
  Mutex,
  RWLock,
  Semaphore,
  select,
  sleep,
  socketPair,
  spawn,
  timeoutCase,
  withTimeout,
} from '@shrapnel/core'

const COROUTINES = process.env.SHRAPNEL_SLOW ? 20_000 : 100_000
/** Each takes two descriptors. */
const PAIRS = 4_000

const FOR_EVER_MS = 600_000
const before = openSockets()

const mutex = new Mutex()
const lock = new RWLock()
const semaphore = new Semaphore(1)
const inverted = new InvertedSemaphore(1)
const condition = new ConditionVariable()
const event = new Event()
const fifo = new Fifo()
const channel = new Channel()
const channels = Array.from({ length: 8 }, () => new Channel())
const never = new Promise(() => {})
const holder = spawn({ daemon: true }, () => sleep(FOR_EVER_MS))
await mutex.lock()
await lock.writeLock()
await semaphore.acquire()

const waits = {
  sleep: () => sleep(FOR_EVER_MS),
  mutex: () => mutex.lock(),
  read: () => lock.readLock(),
  write: () => lock.writeLock(),
  semaphore: () => semaphore.acquire(),
  inverted: () => inverted.untilZero(),
  event: () => event.wait(),
  fifo: () => fifo.pop(),
  receive: () => channel.receive(),
  select: () => select([...channels.map((each) => each.receiveCase()), timeoutCase(FOR_EVER_MS)]),
  timeout: () => withTimeout(FOR_EVER_MS, () => event.wait()),
  promise: () => interruptible(never),
  join: () => holder.join(),
  condition: async () => {
    await condition.wait()
  },
}

function openSockets() {
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith('socket:')
    } catch {
      // The descriptor that the listing itself needed.
      return false
    }
  }).length
}

let finallyRun = 0
async function waiter(wait) {
  try {
    await wait()
  } finally {
    finallyRun++
  }
}

const sockets = Array.from({ length: PAIRS }, () => socketPair()).flat()
for (const socket of sockets) spawn(waiter, () => socket.recv())
const kinds = Object.values(waits)
for (let i = sockets.length; i < COROUTINES; i++) spawn(waiter, kinds[i % kinds.length])
await sleep(1)
await sleep(1)
const everyone = all().filter((coroutine) => coroutine !== holder)
const waiting = everyone.filter((coroutine) => coroutine.state === 'waiting').length

const begun = performance.now()
for (const coroutine of everyone) coroutine.shutdown()
while (all().length > 1) await sleep(1)
const tookMs = performance.now() - begun

for (const socket of sockets) socket.close()
holder.shutdown()
await sleep(1)
console.log(
  JSON.stringify({
    spawned: everyone.length,
    waiting,
    finallyRun,
    tookMs: Math.round(tookMs),
    left: all().length,
    socketsLeft: openSockets() - before,
    channelBalance: channel.balance,
  }),
)
