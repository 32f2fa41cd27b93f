/** Loads one of the clients, and runs loops with it: ours in coroutines, the peers' in promises, which is how each is used. */
import { performance } from 'node:perf_hooks'
import type { Client } from '../postgres/work.js'
import { chosen } from './program.js'

/** One client alone: what the others bring with them is not in the memory of this process. */
export async function loadClient(contestant: string): Promise<Client> {
  const load = chosen(
    {
      ours: () => import('../postgres/ours.js'),
      pg: () => import('../postgres/pg.js'),
      postgres: () => import('../postgres/porsager.js'),
    },
    contestant,
  )
  return (await load()).client
}

export interface RateFigures extends Readonly<Record<string, number>> {
  readonly perSecond: number
  /** Processor time of this process. */
  readonly cpuUsEach: number
}

/** `step` over and over in so many loops; counted from when the code is compiled. */
export async function rateOf(
  contestant: string,
  atOnce: number,
  timeMs: number,
  step: () => Promise<void>,
): Promise<RateFigures> {
  let steps = 0
  let isOver = false
  const loop = async (): Promise<void> => {
    while (!isOver) {
      await step()
      steps++
    }
  }
  const start = await starterFor(contestant)
  const loops = Promise.all(Array.from({ length: atOnce }, () => start(loop)))
  await Promise.race([after(timeMs / 2), loops])
  // A slow server, or a busy machine, gives a compiler less to see.
  for (let waits = 0; steps < WARM_STEPS && waits < MOST_WARM_WAITS; waits++)
    await Promise.race([after(timeMs / 2), loops])
  const [count, time, cpu] = [steps, performance.now(), process.cpuUsage()]
  await Promise.race([after(timeMs), loops])
  const [made, elapsedMs, { user, system }] = [steps - count, performance.now() - time, process.cpuUsage(cpu)]
  isOver = true
  await loops
  return { perSecond: (made * 1_000) / elapsedMs, cpuUsEach: (user + system) / made }
}

/** Until then the code of any client is still being compiled. */
const WARM_STEPS = 5_000
const MOST_WARM_WAITS = 10

/** How a loop is begun, and waited for. */
async function starterFor(contestant: string): Promise<(loop: () => Promise<void>) => Promise<void>> {
  if (contestant !== 'ours') return (loop) => loop()
  const { spawn } = await import('@shrapnel/core')
  return (loop) => spawn(loop).join()
}

function after(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
