/** Starts coroutines that return at once and joins them, `batch` at a time. */
import { chosen, finish, programArguments, ratePerSecond } from './program.js'

interface Parameters {
  readonly batch: number
  readonly timeMs: number
}

type Round = (batch: number) => Promise<void>

async function ours(): Promise<Round> {
  const { spawn } = await import('@shrapnel/core')
  const work = async (value: number) => value
  return async (batch) => {
    const coroutines = []
    for (let i = 0; i < batch; i++) coroutines.push(spawn(work, i))
    for (const coroutine of coroutines) await coroutine.join()
  }
}

/** A structured-concurrency library over generators. */
async function effection(): Promise<Round> {
  const { run, spawn } = await import('effection')
  // biome-ignore lint/correctness/useYield: an operation that has nothing to wait for
  const work = function* () {
    return 1
  }
  return (batch) =>
    run(function* () {
      const tasks = []
      for (let i = 0; i < batch; i++) tasks.push(yield* spawn(work))
      for (const task of tasks) yield* task
    })
}

/** A call in a later turn, as it is written without a library: no name, no cancelling, no list of what runs. */
async function setImmediatePromise(): Promise<Round> {
  const work = async (value: number) => value
  const later = (value: number) =>
    new Promise<void>((resolve) => setImmediate(resolve)).then(() => work(value))
  return async (batch) => {
    const promises = []
    for (let i = 0; i < batch; i++) promises.push(later(i))
    for (const promise of promises) await promise
  }
}

const { contestant, parameters } = programArguments<Parameters>()
const round = await chosen({ ours, effection, setImmediate: setImmediatePromise }, contestant)()
const perSecond = await ratePerSecond(parameters.batch, parameters.timeMs, () => round(parameters.batch))
finish({ perSecond })
