import { describe, expect, test } from 'vitest'
import { BackOff } from '../../src/prefork/back-off.js'

const OPTIONS = { firstPauseMs: 100, longestPauseMs: 1000, stableMs: 5000 }

describe('the pause before a restart', () => {
  test('doubles with every short life, up to the longest', () => {
    const backOff = new BackOff(OPTIONS)
    expect([0, 1, 4999, 10, 10, 10].map((livedMs) => backOff.pauseAfter(livedMs))).toEqual([
      100, 200, 400, 800, 1000, 1000,
    ])
    expect(backOff.failures).toBe(6)
  })

  test('is none after a good life, and begins anew', () => {
    const backOff = new BackOff(OPTIONS)
    backOff.pauseAfter(0)
    backOff.pauseAfter(0)
    expect(backOff.pauseAfter(5000)).toBe(0)
    expect(backOff.failures).toBe(0)
    expect(backOff.pauseAfter(0)).toBe(100)
  })

  test('stays a number, however often and however short', () => {
    const none = new BackOff({ firstPauseMs: 0, longestPauseMs: 1000, stableMs: 5000 })
    const short = new BackOff({ ...OPTIONS, firstPauseMs: 1 })
    for (let i = 0; i < 2000; i++) {
      none.pauseAfter(0)
      short.pauseAfter(0)
    }
    expect(none.pauseAfter(0)).toBe(0)
    expect(short.pauseAfter(0)).toBe(1000)
  })

  test('is never none after a start that failed', () => {
    const backOff = new BackOff({ firstPauseMs: 0, longestPauseMs: 0, stableMs: 0 })
    expect(backOff.pauseAfterFailure()).toBe(100)
    expect(backOff.failures).toBe(1)
  })

  test('begins anew after a reset', () => {
    const backOff = new BackOff(OPTIONS)
    backOff.pauseAfter(0)
    backOff.reset()
    expect(backOff.pauseAfter(0)).toBe(100)
  })
})
