import { expect, test } from 'vitest'
import { Channel } from '../../src/channel/channel.js'
import { defaultCase, select } from '../../src/channel/select.js'
import type { Coroutine } from '../../src/runtime/coroutine.js'
import { yieldSlice } from '../../src/scope/sleep.js'
import { spawn } from '../../src/spawn.js'
import { Barrier } from '../../src/sync/barrier.js'
import { ConditionVariable } from '../../src/sync/condition-variable.js'
import { Event } from '../../src/sync/event.js'
import { Fifo } from '../../src/sync/fifo.js'
import { Mutex } from '../../src/sync/mutex.js'
import { Semaphore } from '../../src/sync/semaphore.js'

/** More operations than any of these would do before the loop has been round twice, if they let it go round. */
const FOR_EVER = 100_000

type Play = (rounds: () => boolean) => Promise<void>

/** Pairs of coroutines that keep each other busy without end, and without ever waiting for the outside world. */
const pairs: readonly (readonly [name: string, make: () => readonly Play[]])[] = [
  [
    'that lock and unlock a free mutex',
    () => {
      const mutex = new Mutex()
      return [
        async (goOn) => {
          while (goOn()) (await mutex.lock()).release()
        },
      ]
    },
  ],
  [
    'that hand a mutex to each other',
    () => {
      const mutex = new Mutex()
      const play: Play = async (goOn) => {
        while (goOn()) {
          using _held = await mutex.lock()
          await undefined
        }
      }
      return [play, play]
    },
  ],
  [
    'that wake each other by condition variables',
    () => {
      const ping = new ConditionVariable()
      const pong = new ConditionVariable()
      const play =
        (mine: ConditionVariable, other: ConditionVariable): Play =>
        async (goOn) => {
          while (goOn()) {
            other.wakeOne()
            await mine.wait()
          }
          other.wakeOne()
        }
      return [play(ping, pong), play(pong, ping)]
    },
  ],
  [
    'that meet at a barrier',
    () => {
      const barrier = new Barrier(2)
      const play: Play = async (goOn) => {
        for (let round = 0; round < FOR_EVER && goOn(); round++) await barrier.wait()
        for (let left = 0; left < 2; left++) if (barrier.waiting > 0) await barrier.wait()
      }
      return [play, play]
    },
  ],
  [
    'that send to each other',
    () => {
      const there = new Channel<number>()
      const back = new Channel<number>()
      return [
        async (goOn) => {
          while (goOn()) {
            await there.send(1)
            await back.receive()
          }
          there.close()
        },
        async () => {
          for await (const value of there) await back.send(value)
        },
      ]
    },
  ],
  [
    'that send and select',
    () => {
      const one = new Channel<number>()
      const other = new Channel<number>()
      return [
        async (goOn) => {
          while (goOn()) await one.send(1)
          one.close()
        },
        async () => {
          while (!(await select([one.receiveCase(), other.receiveCase()])).closed);
        },
      ]
    },
  ],
  [
    'that select where nothing is ready, by default',
    () => {
      const quiet = new Channel<number>()
      return [
        async (goOn) => {
          while (goOn()) await select([quiet.receiveCase(), defaultCase()])
        },
      ]
    },
  ],
  [
    'that push and pop',
    () => {
      const fifo = new Fifo<number>(4)
      return [
        async (goOn) => {
          while (goOn()) await fifo.push(1)
          fifo.close()
        },
        async () => {
          for await (const _ of fifo);
        },
      ]
    },
  ],
  [
    'that acquire what is there',
    () => {
      const semaphore = new Semaphore(2)
      const play: Play = async (goOn) => {
        while (goOn()) (await semaphore.acquire()).release()
      }
      return [play, play]
    },
  ],
  [
    'that wait for an event that has happened',
    () => {
      const event = new Event()
      event.set()
      return [
        async (goOn) => {
          while (goOn()) await event.wait()
        },
      ]
    },
  ],
]

test.each(pairs)('coroutines %s starve nobody', async (_, make) => {
  let rounds = 0
  let isOver = false
  const goOn = (): boolean => !isOver && ++rounds < FOR_EVER
  const players: Coroutine[] = make().map((play) => spawn(play, goOn))
  for (let turn = 0; turn < 5; turn++) await yieldSlice()
  isOver = true
  for (const player of players) await player.join()
  expect(rounds).toBeLessThan(FOR_EVER)
})
