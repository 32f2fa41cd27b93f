/**
 * The lost signal: a program looks whether a signal has come, sees that none has, and goes to sleep until one comes. What
 * comes between the look and the sleep finds nobody asleep to wake, and the program sleeps beside it for ever. In C this is
 * `if (!flag) pause()`, and sigsuspend(2) is there because of it. In a program of coroutines an `await` between the two
 * is the gap.
 *
 * `signals.wait` has no gap: looking and sleeping are one call, and a signal that comes while nobody waits ends the
 * next wait.
 *
 * This program sends itself the first signal while it sleeps, and all others exactly in the gap.
 */
import { once } from 'node:events'
import * as coro from '@shrapnel/core'
import { commandLine, wholeNumber } from './command-line.js'

const { count, patience } = commandLine(
  `usage: node examples/dist/servers/lost-signal.js [--count N] [--patience MS]
  --count N       signals to send; 3 unless given
  --patience MS   how long a sleep lasts before we call it endless; 1000 unless given`,
  { count: { type: 'string', default: '3' }, patience: { type: 'string', default: '1000' } },
)
const signals = wholeNumber('--count', count, 1, 1_000_000)
const patienceMs = wholeNumber('--patience', patience, 1)

/** Done when every listener has been told. */
async function send() {
  const told = once(process, 'SIGUSR2')
  process.kill(process.pid, 'SIGUSR2')
  await coro.interruptible(told)
}

let hasCome = false
let wakeUp = () => {}
const listener = () => {
  hasCome = true
  wakeUp()
}

async function lookThenSleep(gap: () => Promise<unknown>) {
  if (!hasCome) {
    // Whatever one awaits here: a line for the log, a query.
    await gap()
    await coro.interruptible(new Promise<void>((resolve) => (wakeUp = resolve)))
  }
  hasCome = false
}

async function waitForIt(gap: () => Promise<unknown>) {
  await gap()
  await coro.signals.wait('SIGUSR2')
}

/** How many of the signals `take` gets to see. */
async function takeAll(take: (gap: () => Promise<unknown>) => Promise<void>): Promise<number> {
  for (let taken = 0; taken < signals; taken++) {
    const gap = taken === 0 ? async () => coro.spawn(send) : send
    try {
      await coro.withTimeout(patienceMs, take, gap)
    } catch (error) {
      if (error instanceof coro.TimeoutError) return taken
      throw error
    }
  }
  return signals
}

process.on('SIGUSR2', listener)
console.log(`look, then sleep: ${await takeAll(lookThenSleep)} of ${signals} signals seen`)
if (hasCome) console.log(`                  asleep for ${patienceMs} ms beside one that has come`)
process.off('SIGUSR2', listener)

console.log(`signals.wait:     ${await takeAll(waitForIt)} of ${signals} signals seen`)
