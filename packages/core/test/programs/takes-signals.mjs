// Storms of signals against waiting coroutines: each case is one. Usage: takes-signals.mjs <case>. Prints JSON.
import { spawn as spawnProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { constants as os } from 'node:os'
import { Worker } from 'node:worker_threads'
import { setLatencyWarning, signals, sleep, socketPair, spawn, withTimeout, yieldSlice } from '@shrapnel/core'

// A slow machine is no part of what is tested.
setLatencyWarning(Number.POSITIVE_INFINITY)

const STORM = process.env.SHRAPNEL_SLOW ? 20_000 : 100_000
const ACKNOWLEDGED = process.env.SHRAPNEL_SLOW ? 500 : 3000
const self = (signal) => process.kill(process.pid, signal)
const say = (facts) => console.log(JSON.stringify(facts))

/** A hundred coroutines that send a byte to and fro, in pairs, until the process ends. */
function traffic() {
  const facts = { roundTrips: 0 }
  const echo = async (socket) => {
    for (;;) await socket.send(await socket.recv())
  }
  for (let i = 0; i < 50; i++) {
    const [one, other] = socketPair()
    spawn({ daemon: true }, echo, other)
    spawn({ daemon: true }, async () => {
      for (;;) {
        await one.send('.')
        await one.recv()
        facts.roundTrips++
      }
    })
  }
  return facts
}

/** What was sent before has arrived and the coroutines that it concerns have run: each turn comes after a look at the kernel. */
async function turns() {
  for (let i = 0; i < 5; i++) await yieldSlice()
}

/** Counts what its waits get, until `enough`. */
async function countWaits(signal, enough) {
  let count = 0
  while (count < enough) {
    await signals.wait(signal)
    count++
  }
  return count
}

/** A Node of its own that runs `code` with `pid` at hand. */
function sender(code) {
  return spawnProcess(process.execPath, ['-e', `const pid = ${process.pid}, storm = ${STORM}; ${code}`], {
    stdio: ['pipe', 'inherit', 'inherit'],
  })
}

const cases = {
  /** The kernel delivers each before kill(2) returns, so the count is exact. */
  'from itself, in portions': async () => {
    const io = traffic()
    let handled = 0
    signals.handle('SIGUSR1', (_, count) => {
      handled += count
    })
    const counting = spawn(countWaits, 'SIGUSR1', STORM)
    counting.selfishness = 1000
    await yieldSlice()
    for (let sent = 0; sent < STORM; ) {
      // Of changing size: some portions fill more than any pipe holds.
      for (const end = Math.min(STORM, sent + (sent % 7 === 0 ? 9973 : 101)); sent < end; sent++)
        self('SIGUSR1')
      await yieldSlice()
    }
    const waits = await counting.join()
    while (handled < STORM) await yieldSlice()
    say({ waits, handled, hadTraffic: io.roundTrips > 1000, kept: await left('SIGUSR1') })
  },

  'from itself, all at once': async () => {
    const io = traffic()
    const counting = spawn(countWaits, 'SIGUSR1', STORM)
    counting.selfishness = 1000
    await yieldSlice()
    for (let i = 0; i < STORM; i++) self('SIGUSR1')
    const waits = await counting.join()
    say({ waits, hadTraffic: io.roundTrips > 0, kept: await left('SIGUSR1') })
  },

  /** Each is sent when the one before was answered: none can be merged, so none may be missing. */
  'from another process, one by one': async () => {
    const io = traffic()
    const peer = sender(
      'process.kill(pid, "SIGUSR1"); process.stdin.on("data", (asked) => { for (const _ of asked) process.kill(pid, "SIGUSR1") })',
    )
    let count = 0
    while (count < ACKNOWLEDGED) {
      await signals.wait('SIGUSR1')
      count++
      peer.stdin.write('.')
    }
    peer.kill('SIGKILL')
    say({ all: count === ACKNOWLEDGED, hadTraffic: io.roundTrips > 1000 })
  },

  /** As fast as it can: the kernel merges, but the last one is never merged with one that was taken before it. */
  'from another process, all at once': async () => {
    const io = traffic()
    let handled = 0
    signals.handle('SIGUSR1', (_, count) => {
      handled += count
    })
    let waits = 0
    spawn({ daemon: true }, async () => {
      for (;;) {
        await signals.wait('SIGUSR1')
        waits++
      }
    })
    await yieldSlice()
    const flood = 'for (let i = 0; i < storm; i++) process.kill(pid, "SIGUSR1"); process.kill(pid, "SIGUSR2")'
    const ended = signals.wait('SIGUSR2')
    sender(flood)
    await ended
    await turns()
    while (handled !== waits) await yieldSlice()
    const stormWaits = waits
    self('SIGUSR1')
    while (waits === stormWaits || handled !== waits) await yieldSlice()
    say({
      some: stormWaits > 0 && stormWaits <= STORM,
      oneMore: waits - stormWaits,
      missing: handled - waits,
      hadTraffic: io.roundTrips > 1000,
    })
  },

  /** The race that a self-pipe is for: it comes after the work was looked for, and before the wait begins. */
  'between two waits': async () => {
    let jobs = 0
    let done = 0
    const worker = spawn(async () => {
      while (done < 2000) {
        await signals.wait('SIGUSR1')
        // Whatever there is now; the signal for what comes meanwhile must not be lost.
        for (const end = jobs; done < end; done++);
        if (done % 2 === 0) await yieldSlice()
        jobs++
        self('SIGUSR1')
      }
    })
    await yieldSlice()
    jobs++
    self('SIGUSR1')
    await worker.join()
    say({ done })
  },

  /** Until the first wait the signal does what it always did. Its number is printed while it is caught. */
  'the disposition before, during and after': async () => {
    const facts = { before: isCaught('SIGUSR2') }
    const waiting = signals.wait('SIGUSR2')
    facts.whileWaiting = isCaught('SIGUSR2')
    self('SIGUSR2')
    await waiting
    facts.between = isCaught('SIGUSR2')
    const handler = signals.handle('SIGUSR2', () => {})
    signals.release('SIGUSR2')
    facts.withHandler = isCaught('SIGUSR2')
    handler.remove()
    facts.after = isCaught('SIGUSR2')
    // What was ignored is ignored again.
    facts.pipeBefore = isIgnored('SIGPIPE')
    signals.handle('SIGPIPE', () => {}).remove()
    facts.pipeAfter = isIgnored('SIGPIPE')
    say(facts)
    // Dies of it, as a program without handler.
    self('SIGUSR2')
    await sleep(60_000)
  },

  /** Node starts the debugger at SIGUSR1. */
  'the debugger is back': async () => {
    const waiting = signals.wait('SIGUSR1')
    self('SIGUSR1')
    say({ got: await waiting })
    signals.release('SIGUSR1')
    process.stderr.write('released\n')
    self('SIGUSR1')
    // The debugger listens from a thread of its own, and says so on stderr.
    const { url } = await import('node:inspector')
    while (url() === undefined) await sleep(5)
  },

  'a listener of Node before and after ours': async () => {
    const heard = []
    const add = (name, signal) => {
      const listener = () => heard.push(name)
      process.on(signal, listener)
      return () => process.off(signal, listener)
    }
    const hearing = async (signal) => {
      heard.length = 0
      self(signal)
      await turns()
      return heard.toSorted().join(' ')
    }
    const ours = (signal) => signals.handle(signal, () => heard.push('ours'))

    const facts = {}
    {
      const removeNode = add('node', 'SIGUSR2')
      const handler = ours('SIGUSR2')
      facts.nodeFirst = await hearing('SIGUSR2')
      handler.remove()
      facts.oursRemoved = await hearing('SIGUSR2')
      removeNode()
      facts.bothRemoved = isCaught('SIGUSR2')
    }
    {
      const handler = ours('SIGUSR2')
      const removeNode = add('node', 'SIGUSR2')
      facts.oursFirst = await hearing('SIGUSR2')
      removeNode()
      facts.nodeRemoved = await hearing('SIGUSR2')
      const again = add('again', 'SIGUSR2')
      const more = add('more', 'SIGUSR2')
      facts.nodeAgain = await hearing('SIGUSR2')
      again()
      handler.remove()
      facts.oneOfNodeLeft = await hearing('SIGUSR2')
      more()
      facts.allRemoved = isCaught('SIGUSR2')
    }
    {
      const removeNode = add('node', 'SIGHUP')
      const handler = ours('SIGHUP')
      removeNode()
      facts.nodeFirstAndGone = await hearing('SIGHUP')
      handler.remove()
      // Not a handler of libuv that has nobody to tell.
      facts.noneLeft = isCaught('SIGHUP')
    }
    say(facts)
    self('SIGHUP')
    await sleep(60_000)
  },

  'children of Node are waited for and inherit nothing': async () => {
    let children = 0
    signals.handle('SIGCHLD', (_, count) => {
      children += count
    })
    signals.handle('SIGHUP', () => {})
    signals.handle('SIGPIPE', () => {}).remove()
    const status = () =>
      new Promise((resolve) => {
        // Without what a sanitizer preloads: it has handlers of its own.
        const child = spawnProcess('cat', ['/proc/self/status'], {
          stdio: ['ignore', 'pipe', 'inherit'],
          env: {},
        })
        let text = ''
        child.stdout.setEncoding('utf8').on('data', (piece) => {
          text += piece
        })
        child.on('close', (code) => {
          const named = Object.entries(os.signals).filter(([name]) =>
            ['SigBlk', 'SigIgn', 'SigCgt'].some((field) => isIn(statusMask(field, text), name)),
          )
          resolve({ code, odd: named.map(([name]) => name) })
        })
      })
    const seen = []
    for (let i = 0; i < 3; i++) seen.push(await status())
    say({ seen, children: children > 0 })
  },

  'a worker thread is refused': async () => {
    const handler = signals.handle('SIGUSR2', () => {})
    const facts = {}
    const worker = new Worker(new URL('signals-in-worker.mjs', import.meta.url))
    worker.on('message', (codes) => (facts.codes = codes))
    await new Promise((resolve) => worker.once('exit', resolve))
    // The thread is gone, and took nothing of the main thread's along.
    facts.isCaught = isCaught('SIGUSR2')
    const waiting = signals.wait('SIGUSR2')
    self('SIGUSR2')
    facts.got = await waiting
    handler.remove()
    say(facts)
  },

  /** node:vm takes SIGINT over while such code runs, and leaves Node's own handler behind. */
  'after breakOnSigint': async () => {
    const { runInThisContext } = await import('node:vm')
    const heard = []
    process.on('SIGINT', () => heard.push('node'))
    signals.handle('SIGINT', () => heard.push('ours'))
    runInThisContext('1 + 1', { breakOnSigint: true })
    self('SIGINT')
    await turns()
    say(heard.sort())
    process.removeAllListeners('SIGINT')
    runInThisContext('1 + 1', { breakOnSigint: true })
    signals.exitOn(signals.exitOn([]))
    self('SIGINT')
    await turns()
    say(heard.sort())
  },

  'a handler does not keep the process': () => {
    signals.handle('SIGUSR2', () => {})
    return 'ends by itself'
  },
}

function statusMask(field, text = readFileSync('/proc/self/status', 'utf8')) {
  return BigInt(`0x${new RegExp(`^${field}:\\s*(\\S+)`, 'm').exec(text)[1]}`)
}
function isIn(mask, signal) {
  return (mask & (1n << BigInt(os.signals[signal] - 1))) !== 0n
}
function isCaught(signal) {
  return isIn(statusMask('SigCgt'), signal)
}
function isIgnored(signal) {
  return isIn(statusMask('SigIgn'), signal)
}

async function left(signal) {
  let count = 0
  try {
    for (;;) {
      await withTimeout(5, () => signals.wait(signal))
      count++
    }
  } catch {
    return count
  }
}

const run = cases[process.argv[2]]
if (run === undefined) throw new Error(`no case ${process.argv[2]}: ${Object.keys(cases).join(', ')}`)
if ((await run()) !== 'ends by itself') process.exit()
