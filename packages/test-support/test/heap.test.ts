import { describe, expect, test } from 'vitest'
import { collectGarbage, expectFlatHeap, heapUsedAfterGc } from '../src/heap.js'

describe('collectGarbage', () => {
  test('it collects without an option on the command line', () => {
    expect(process.execArgv).not.toContain('--expose-gc')
    let big: unknown[] | undefined = [new Array(1000).fill({})]
    const reference = new WeakRef(big)
    big = undefined
    // A WeakRef keeps its target until the end of the turn in which it was made.
    return new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
      collectGarbage()
      expect(reference.deref()).toBeUndefined()
    })
  })
})

describe('heapUsedAfterGc', () => {
  test('what is held counts and what is dropped does not', async () => {
    const before = await heapUsedAfterGc()
    let held: object[] | undefined = Array.from({ length: 100_000 }, (_, i) => ({ i }))
    const holding = await heapUsedAfterGc()
    expect(held).toHaveLength(100_000)
    held = undefined
    const after = await heapUsedAfterGc()
    expect(holding - before).toBeGreaterThan(2_000_000)
    expect(after - before).toBeLessThan(500_000)
  })
})

describe('expectFlatHeap', () => {
  test('work that retains nothing passes, synchronous or not', async () => {
    let last: object | undefined
    await expectFlatHeap(200_000, (round) => {
      last = { round }
    })
    await expectFlatHeap(20_000, async (round) => {
      await null
      last = [round]
    })
    expect(last).toEqual([19_999])
  })

  test('one small object retained per round fails, with the bytes per round', async () => {
    const held: object[] = []
    const leaking = expectFlatHeap(50_000, (round) => held.push({ round }))
    await expect(leaking).rejects.toThrow(/heapUsed grew by \d+ bytes over 50000 rounds \(\d+\.\d each/)
  })

  test('buffers outside the heap count too', async () => {
    const held: Buffer[] = []
    const leaking = expectFlatHeap(100, () => held.push(Buffer.alloc(100_000)))
    await expect(leaking).rejects.toThrow(/external grew by/)
  })

  test('what is retained in the warm-up alone does not count', async () => {
    const cache: object[] = []
    const fill = (round: number) => {
      if (cache.length < 20_000) cache.push({ round })
    }
    await expectFlatHeap(20_000, fill, { warmUpRounds: 20_000 })
    cache.length = 0
    await expect(expectFlatHeap(20_000, fill, { warmUpRounds: 0 })).rejects.toThrow('heapUsed grew')
  })

  test('the tolerance is the caller’s', async () => {
    const held: object[] = []
    await expectFlatHeap(10_000, (round) => held.push({ round }), { toleranceBytes: 10_000_000 })
    await expect(expectFlatHeap(0, () => {})).rejects.toThrow(RangeError)
  })

  test('an error of the work is the error of the expectation', async () => {
    const failing = expectFlatHeap(10, async () => {
      throw new TypeError('broken')
    })
    await expect(failing).rejects.toThrow(TypeError)
  })
})
