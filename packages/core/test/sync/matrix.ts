/**
 * The matrix that every primitive is put through: six coroutines wait, five are interrupted and one must survive, before
 * or after they are woken. What a primitive is and how it is woken is said by a `Subject`.
 */
import { VirtualClock } from '@shrapnel/test-support'
import { describe, expect, test } from 'vitest'
import { Interrupted, TimeoutError } from '../../src/errors.js'
import type { Coroutine } from '../../src/runtime/coroutine.js'
import { useClock } from '../../src/runtime/timers.js'
import { yieldSlice } from '../../src/scope/sleep.js'
import { withTimeout } from '../../src/scope/with-timeout.js'
import { spawn } from '../../src/spawn.js'

/** A primitive in a state in which `wait` waits. */
export interface Rig {
  wait(): unknown
  /** How many wait. */
  waiting(): number
  /** Lets one of them go on, or all. Whoever calls it does not wait. */
  wake(): void
  /** What one that went on gives back, which lets the next go on. */
  giveBack?(given: never): void
}

export interface Subject {
  readonly name: string
  /** How many of those who wait one `wake` lets go on. */
  readonly wakes: 'one' | 'all'
  make(): Rig
}

const WAITERS = 6
const everyone = [...Array(WAITERS).keys()]

export async function turns(count = 3): Promise<void> {
  for (let turn = 0; turn < count; turn++) await yieldSlice()
}

class Trial {
  readonly rig: Rig
  readonly coroutines: Coroutine[] = []
  /** Who went on, in order. */
  readonly wentOn: number[] = []
  /** Whose wait at the primitive was ended by the interrupt. */
  readonly gaveUp: number[] = []
  /** Who went on and met the interrupt in its next wait. */
  readonly metItLater: number[] = []

  constructor(rig: Rig) {
    this.rig = rig
  }

  static async begin(subject: Subject): Promise<Trial> {
    const trial = new Trial(subject.make())
    for (const number of everyone) {
      trial.coroutines.push(spawn(() => trial.#run(number)))
    }
    await turns()
    expect(trial.rig.waiting(), 'all of them wait').toBe(WAITERS)
    return trial
  }

  interruptAllBut(survivor: number): void {
    for (const number of everyone) if (number !== survivor) this.coroutines[number]?.interrupt()
  }

  async #run(number: number): Promise<void> {
    const given = await this.#wait(number)
    if (given === undefined) return
    this.wentOn.push(number)
    try {
      await yieldSlice()
    } catch (error) {
      if (!(error instanceof Interrupted)) throw error
      this.metItLater.push(number)
    } finally {
      this.rig.giveBack?.(given.value as never)
    }
  }

  async #wait(number: number): Promise<{ value: unknown } | undefined> {
    try {
      return { value: await this.rig.wait() }
    } catch (error) {
      if (!(error instanceof Interrupted)) throw error
      this.gaveUp.push(number)
      return undefined
    }
  }
}

export function checkMatrix(subject: Subject): void {
  describe(subject.name, () => {
    test.each(everyone)(
      'interrupted, then woken: only the survivor, number %i, goes on',
      async (survivor) => {
        const trial = await Trial.begin(subject)
        trial.interruptAllBut(survivor)
        expect(trial.rig.waiting(), 'the doomed have left').toBe(1)
        trial.rig.wake()
        await turns()
        expect(trial.wentOn).toEqual([survivor])
        expect(trial.gaveUp).toEqual(everyone.filter((number) => number !== survivor))
        expect(trial.metItLater).toEqual([])
        expect(trial.rig.waiting()).toBe(0)
      },
    )

    test('woken, then interrupted: what was handed over is delivered, and the survivor is not left behind', async () => {
      const survivor = WAITERS - 1
      const trial = await Trial.begin(subject)
      trial.rig.wake()
      trial.interruptAllBut(survivor)
      await turns(5)
      const woken = subject.wakes === 'one' ? [0] : everyone.slice(0, survivor)
      const isHandedOn = subject.wakes === 'all' || trial.rig.giveBack !== undefined
      expect(trial.wentOn).toEqual(isHandedOn ? [...woken, survivor] : woken)
      expect(trial.rig.waiting(), 'whether the survivor waits').toBe(isHandedOn ? 0 : 1)
      if (!isHandedOn) trial.rig.wake()
      await turns()
      expect(trial.wentOn).toEqual([...woken, survivor])
      expect(trial.metItLater, 'the interrupt met the next wait of those who were woken').toEqual(woken)
      expect(trial.gaveUp).toEqual(everyone.slice(woken.length, survivor))
      expect(trial.rig.waiting()).toBe(0)
    })

    test('all interrupted: nobody is left, and it still does for others what it is there for', async () => {
      const trial = await Trial.begin(subject)
      trial.interruptAllBut(-1)
      expect(trial.rig.waiting()).toBe(0)
      await turns()
      expect(trial.gaveUp).toEqual(everyone)
      const late = spawn(() => trial.rig.wait())
      await turns()
      expect(trial.rig.waiting()).toBe(1)
      trial.rig.wake()
      await late.join()
      expect(trial.rig.waiting()).toBe(0)
    })

    test('a timeout leaves the queue as if the wait had not been there', async () => {
      const clock = new VirtualClock()
      const restore = useClock(clock)
      try {
        const rig = subject.make()
        const outlives = spawn(() => rig.wait())
        const expires = spawn(() => withTimeout(10, () => rig.wait()))
        const failure = expect(expires.join()).rejects.toBeInstanceOf(TimeoutError)
        await turns()
        expect(rig.waiting()).toBe(2)
        await clock.advance(11)
        await failure
        expect(rig.waiting()).toBe(1)
        rig.wake()
        await outlives.join()
        expect(rig.waiting()).toBe(0)
      } finally {
        restore()
      }
    })

    test('a coroutine that is shut down while it waits leaves the queue', async () => {
      const trial = await Trial.begin(subject)
      for (const coroutine of trial.coroutines.slice(1)) coroutine.shutdown()
      expect(trial.rig.waiting()).toBe(1)
      trial.rig.wake()
      await turns()
      expect(trial.wentOn).toEqual([0])
    })
  })
}
