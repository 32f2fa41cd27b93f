import { describe, expect, test } from 'vitest'
import { VirtualClock } from '../src/virtual-clock.js'

describe('VirtualClock', () => {
  test('time stands still until it is advanced', async () => {
    const clock = new VirtualClock(100)
    await clock.settle()
    expect(clock.now()).toBe(100)
    await clock.advance(12.5)
    expect(clock.now()).toBe(112.5)
  })

  test('an alarm rings at its own time, not a millisecond before', async () => {
    const clock = new VirtualClock()
    const rung: number[] = []
    clock.setAlarm(30_000, () => rung.push(clock.now()), true)
    await clock.advance(29_999)
    expect(rung).toEqual([])
    await clock.advance(1)
    expect(rung).toEqual([30_000])
  })

  test('an alarm rings once', async () => {
    const clock = new VirtualClock()
    let rings = 0
    clock.setAlarm(5, () => rings++, true)
    await clock.advance(5)
    await clock.advance(100)
    expect(rings).toBe(1)
    expect(clock.pendingAlarm).toBeUndefined()
  })

  test('an alarm armed by an alarm rings in the same advance, at its own time', async () => {
    const clock = new VirtualClock()
    const rung: number[] = []
    const rearm = () => {
      rung.push(clock.now())
      clock.setAlarm(clock.now() + 10, rearm, true)
    }
    clock.setAlarm(10, rearm, true)
    await clock.advance(35)
    expect(rung).toEqual([10, 20, 30])
    expect(clock.now()).toBe(35)
    expect(clock.pendingAlarm).toEqual({ at: 40, keepsAlive: true })
  })

  test('an alarm armed after several awaits of the code that the last one woke is not missed', async () => {
    const clock = new VirtualClock()
    const sleepUntil = (at: number) => new Promise<void>((resolve) => clock.setAlarm(at, resolve, true))
    const woken: number[] = []
    const sleeper = (async () => {
      for (const at of [10, 20, 30]) {
        await null
        await sleepUntil(at)
        woken.push(clock.now())
      }
    })()
    await clock.advance(30)
    expect(woken).toEqual([10, 20, 30])
    await sleeper
  })

  test('setting an alarm replaces the earlier one', async () => {
    const clock = new VirtualClock()
    const rung: string[] = []
    clock.setAlarm(1, () => rung.push('first'), true)
    clock.setAlarm(2, () => rung.push('second'), false)
    expect(clock.pendingAlarm).toEqual({ at: 2, keepsAlive: false })
    await clock.advance(10)
    expect(rung).toEqual(['second'])
  })

  test('a cleared alarm does not ring', async () => {
    const clock = new VirtualClock()
    let rings = 0
    clock.setAlarm(1, () => rings++, true)
    clock.clearAlarm()
    await clock.advance(1)
    clock.setAlarm(1, () => rings++, true)
    clock.clearAlarm()
    await clock.settle()
    expect(rings).toBe(0)
  })

  test('an alarm whose time has come already rings in a later turn, without an advance', async () => {
    const clock = new VirtualClock(50)
    const rung: string[] = []
    clock.setAlarm(50, () => rung.push('now'), true)
    expect(rung).toEqual([])
    await clock.settle()
    expect(rung).toEqual(['now'])
    clock.setAlarm(-1, () => rung.push('past'), false)
    await clock.settle()
    expect(rung).toEqual(['now', 'past'])
    expect(clock.now()).toBe(50)
  })

  test('an alarm at Infinity never rings and NaN is refused', async () => {
    const clock = new VirtualClock()
    clock.setAlarm(Infinity, () => expect.unreachable(), true)
    await clock.advance(1e12)
    expect(clock.pendingAlarm).toEqual({ at: Infinity, keepsAlive: true })
    expect(() => clock.setAlarm(Number.NaN, () => {}, true)).toThrow(RangeError)
  })

  test.each([-1, Number.NaN, Infinity])('advancing by %s is a RangeError and moves nothing', async (ms) => {
    const clock = new VirtualClock(7)
    await expect(clock.advance(ms)).rejects.toThrow(RangeError)
    expect(clock.now()).toBe(7)
  })

  test('a start that is no time is a RangeError', () => {
    expect(() => new VirtualClock(Number.NaN)).toThrow(RangeError)
  })

  test('advancing by 0 lets due alarms ring', async () => {
    const clock = new VirtualClock()
    let rings = 0
    clock.setAlarm(0, () => rings++, true)
    await clock.advance(0)
    expect(rings).toBe(1)
  })

  test('a second advance during the first is refused and does not disturb it', async () => {
    const clock = new VirtualClock()
    const first = clock.advance(10)
    await expect(clock.advance(5)).rejects.toThrow('already under way')
    await first
    expect(clock.now()).toBe(10)
  })

  test('an alarm that rearms itself for now is reported instead of hanging the test', async () => {
    const clock = new VirtualClock()
    const rearm = () => clock.setAlarm(clock.now(), rearm, true)
    rearm()
    // Each due alarm also rings by itself during settle(), so time is the only thing that must not move here.
    const advancing = clock.advance(1)
    await expect(advancing).rejects.toThrow('is armed again')
    clock.clearAlarm()
    expect(clock.now()).toBe(0)
  })

  test('what an alarm throws, advance throws, and the clock can be used again', async () => {
    const clock = new VirtualClock()
    clock.setAlarm(
      3,
      () => {
        throw new Error('rung in anger')
      },
      true,
    )
    await expect(clock.advance(5)).rejects.toThrow('rung in anger')
    expect(clock.now()).toBe(3)
    await clock.advance(2)
    expect(clock.now()).toBe(5)
  })
})
