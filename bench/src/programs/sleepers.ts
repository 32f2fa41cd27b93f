/** Starts coroutines that sleep for long, and reports when the last has fallen asleep: the time and the memory. */
import { performance } from 'node:perf_hooks'
import { setTimeout as sleepInNode } from 'node:timers/promises'
import { chosen, finish, programArguments } from './program.js'

interface Parameters {
  readonly count: number
  /** `sleep` itself is what each coroutine runs; or an async function of the program's own, whose frame V8 keeps too. */
  readonly shape: 'sleep' | 'function'
}

const LONG_MS = 3_600_000

/** Calls `wake` when all have begun to sleep. */
type Start = (parameters: Parameters, wake: () => void) => void

async function ours(): Promise<Start> {
  const { sleep, spawn, yieldSlice } = await import('@shrapnel/core')
  return ({ count, shape }, wake) => {
    const sleeper = async () => {
      await sleep(LONG_MS)
    }
    for (let i = 0; i < count; i++) {
      if (shape === 'sleep') spawn(sleep, LONG_MS)
      else spawn(sleeper)
    }
    // It starts after all of them, and by its next turn they sleep.
    spawn(async () => {
      await yieldSlice()
      wake()
    })
  }
}

async function timersPromises(): Promise<Start> {
  return ({ count, shape }, wake) => {
    const sleeper = async () => {
      await sleepInNode(LONG_MS)
    }
    for (let i = 0; i < count; i++) {
      if (shape === 'sleep') void sleepInNode(LONG_MS)
      else void sleeper()
    }
    setImmediate(wake)
  }
}

const { contestant, parameters } = programArguments<Parameters>()
const start = await chosen({ ours, 'timers/promises': timersPromises }, contestant)()
const startedMs = performance.now()
await new Promise<void>((resolve) => start(parameters, resolve))
const elapsedMs = performance.now() - startedMs
const { rss, heapUsed } = process.memoryUsage()
finish({ elapsedMs, rssMb: rss / 1e6, heapMb: heapUsed / 1e6 })
