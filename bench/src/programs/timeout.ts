/** Guards an operation that is ready with a time limit, `count` times: nanoseconds each, and what stays in the heap. */
import { performance } from 'node:perf_hooks'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { chosen, finish, heapBytesAfterGc, programArguments } from './program.js'

interface Parameters {
  readonly count: number
  readonly operation: string
}

type Operation = () => Promise<number> | number
type Guard = (operation: Operation) => Promise<number>

const LIMIT_MS = 10_000

async function ours(): Promise<Guard> {
  const { withTimeout } = await import('@shrapnel/core')
  return (operation) => withTimeout(LIMIT_MS, operation)
}

/** As written by hand: the timer is cleared, so nothing but the work remains. */
async function promiseRace(): Promise<Guard> {
  return async (operation) => {
    let timer: NodeJS.Timeout | undefined
    const limit = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error('too late')), LIMIT_MS)
    })
    try {
      return await Promise.race([operation(), limit])
    } finally {
      clearTimeout(timer)
    }
  }
}

/** The platform's own: a signal that the operation is to heed. Its timer cannot be cleared. */
async function abortSignalTimeout(): Promise<Guard> {
  return async (operation) => {
    const signal = AbortSignal.timeout(LIMIT_MS)
    signal.throwIfAborted()
    return operation()
  }
}

const operations: Record<string, () => Promise<Operation>> = {
  function: async () => async () => 1,
  channel: async () => {
    const { Channel } = await import('@shrapnel/core')
    const channel = new Channel<number>(1)
    return () => {
      channel.trySend(1)
      return channel.receive()
    }
  },
}

const guards = { ours, 'Promise.race': promiseRace, 'AbortSignal.timeout': abortSignalTimeout }
const { contestant, parameters } = programArguments<Parameters>()
const guard = await chosen(guards, contestant)()
const operation = await chosen(operations, parameters.operation)()

/** In portions: timers and the garbage of other things get their turn between, as in a program. */
async function repeat(count: number): Promise<void> {
  for (let done = 0; done < count; ) {
    const portion = Math.min(10_000, count - done)
    for (let i = 0; i < portion; i++) await guard(operation)
    done += portion
    await nextTurn()
  }
}

await repeat(Math.min(100_000, parameters.count))
const heapBefore = heapBytesAfterGc()
const startedMs = performance.now()
await repeat(parameters.count)
const elapsedMs = performance.now() - startedMs
finish({ nsEach: (elapsedMs * 1e6) / parameters.count, grownMb: (heapBytesAfterGc() - heapBefore) / 1e6 })
