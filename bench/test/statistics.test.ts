/** The arithmetic behind the reports. */
import { describe, expect, test } from 'vitest'
import { distributionOf, ratioOf } from '../src/statistics.js'

describe('a distribution', () => {
  test('has the middle sample as its median, whatever the order', () => {
    expect(distributionOf([9, 1, 5])).toEqual({ median: 5, min: 1, max: 9 })
  })

  test('of an even number of samples has the mean of the middle two', () => {
    expect(distributionOf([4, 1, 2, 100])).toEqual({ median: 3, min: 1, max: 100 })
  })

  test('sorts by value and not by text', () => {
    expect(distributionOf([10, 9, 100]).median).toBe(10)
  })

  test('of nothing is refused', () => {
    expect(() => distributionOf([])).toThrow(RangeError)
  })
})

describe('a ratio', () => {
  test('above 1 means that ours is better, for rates and for costs', () => {
    expect(ratioOf(200, 100, 'higher')).toBe(2)
    expect(ratioOf(100, 200, 'lower')).toBe(2)
  })

  test('that says nothing is left out', () => {
    expect(ratioOf(1, 0, 'higher')).toBeUndefined()
    expect(ratioOf(-1, 2, 'lower')).toBeUndefined()
    expect(ratioOf(0, 0, 'lower')).toBeUndefined()
  })
})
