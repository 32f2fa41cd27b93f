/** Starts coroutines that sleep for long, and reports when the last has fallen asleep: the time and the memory. */
import { performance } from 'node:perf_hooks'
import { setTimeout as sleepInNode } from 'node:timers/promises'
import { chosen, finish, programArguments } from './program.js'

interface Parameters {
  readonly count: number
}

const LONG_MS = 3_600_000

/** Calls `wake` when all have begun to sleep. */
type Start = (count: number, wake: () => void) => void

async function ours(): Promise<Start> {
  const { sleep, spawn } = await import('@shrapnel/core')
  return (count, wake) => {
    let asleep = 0
    const sleeper = async () => {
      const sleeping = sleep(LONG_MS)
      if (++asleep === count) setImmediate(wake)
      await sleeping
    }
    for (let i = 0; i < count; i++) spawn(sleeper)
  }
}

async function timersPromises(): Promise<Start> {
  return (count, wake) => {
    const sleeper = async () => sleepInNode(LONG_MS)
    for (let i = 0; i < count; i++) void sleeper()
    setImmediate(wake)
  }
}

const { contestant, parameters } = programArguments<Parameters>()
const start = await chosen({ ours, 'timers/promises': timersPromises }, contestant)()
const startedMs = performance.now()
await new Promise<void>((resolve) => start(parameters.count, resolve))
const elapsedMs = performance.now() - startedMs
const { rss, heapUsed } = process.memoryUsage()
finish({ elapsedMs, rssMb: rss / 1e6, heapMb: heapUsed / 1e6 })
