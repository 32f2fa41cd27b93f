import { describe, expect, test } from 'vitest'
import { seededRandom } from '../src/seeded-random.js'

const take = (seed: number, count: number) => {
  const random = seededRandom(seed)
  return Array.from({ length: count }, random)
}

describe('seededRandom', () => {
  test('the same seed gives the same numbers, another seed gives others', () => {
    expect(take(42, 20)).toEqual(take(42, 20))
    expect(take(42, 20)).not.toEqual(take(43, 20))
  })

  test.each([0, 1, -1, 0.5, 2 ** 31, 2 ** 53, 1e300])(
    'seed %s fills [0, 1) evenly and does not get stuck',
    (seed) => {
      const numbers = take(seed, 10_000)
      expect(Math.min(...numbers)).toBeGreaterThanOrEqual(0)
      expect(Math.max(...numbers)).toBeLessThan(1)
      const buckets = new Array<number>(10).fill(0)
      for (const number of numbers) {
        const bucket = Math.floor(number * 10)
        buckets[bucket] = (buckets[bucket] ?? 0) + 1
      }
      expect(Math.min(...buckets)).toBeGreaterThan(800)
      expect(Math.max(...buckets)).toBeLessThan(1200)
    },
  )

  test('the numbers are the same on every machine', () => {
    expect(take(7, 3).map((number) => Math.floor(number * 1e6))).toMatchInlineSnapshot(`
      [
        550077,
        543163,
        345927,
      ]
    `)
  })

  test('a seed that is no number is a RangeError', () => {
    expect(() => seededRandom(Number.NaN)).toThrow(RangeError)
  })
})
