/** The heap of deadlines against a sorted list. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Deadline, DeadlineHeap } from '../../src/runtime/deadline-heap.js'

interface Entry extends Deadline {
  readonly label: number
}

function entry(at: number, label = 0): Entry {
  return { at, sequence: 0, place: -1, label }
}

/** What the heap must be, kept in the simplest way. */
class Model {
  entries: Entry[] = []
  insert(added: Entry): void {
    const place = this.entries.findIndex((each) => each.at > added.at)
    this.entries.splice(place < 0 ? this.entries.length : place, 0, added)
  }
  remove(gone: Entry): void {
    this.entries = this.entries.filter((each) => each !== gone)
  }
}

function drain(heap: DeadlineHeap<Entry>): Entry[] {
  const drained: Entry[] = []
  for (let first = heap.first; first !== undefined; first = heap.first) {
    drained.push(first)
    heap.remove(first)
  }
  return drained
}

type Step = { readonly insert: number } | { readonly removeAt: number } | 'shift'

const step: fc.Arbitrary<Step> = fc.oneof(
  // Few different times, so that many are equal.
  { weight: 5, arbitrary: fc.integer({ min: 0, max: 9 }).map((insert) => ({ insert })) },
  { weight: 2, arbitrary: fc.double({ noNaN: true }).map((insert) => ({ insert })) },
  { weight: 3, arbitrary: fc.nat(1000).map((removeAt) => ({ removeAt })) },
  { weight: 2, arbitrary: fc.constant('shift' as const) },
)

test('whatever is inserted and removed, the first is the earliest, and of equals the one inserted first', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const heap = new DeadlineHeap<Entry>()
      const model = new Model()
      let label = 0
      for (const each of steps) {
        if (each === 'shift') {
          const first = heap.first
          if (first !== undefined) heap.remove(first)
          model.entries.shift()
        } else if ('insert' in each) {
          const added = entry(each.insert, label++)
          heap.insert(added)
          model.insert(added)
        } else if (model.entries.length > 0) {
          const gone = model.entries[each.removeAt % model.entries.length] as Entry
          heap.remove(gone)
          model.remove(gone)
        }
        expect(heap.size).toBe(model.entries.length)
        expect(heap.first).toBe(model.entries[0])
      }
      expect(drain(heap)).toEqual(model.entries)
    }),
    { seed: 2002, numRuns: 300 },
  )
})

test('removing what is not there changes nothing', () => {
  const heap = new DeadlineHeap<Entry>()
  const [one, other, never] = [entry(1), entry(2), entry(0)]
  heap.insert(one)
  heap.insert(other)
  heap.remove(never)
  heap.remove(one)
  heap.remove(one)
  expect(drain(heap)).toEqual([other])
  heap.remove(other)
  expect(heap.size).toBe(0)
})

test('an entry of another heap is not removed from this one', () => {
  const [heap, elsewhere] = [new DeadlineHeap<Entry>(), new DeadlineHeap<Entry>()]
  const [mine, theirs] = [entry(1), entry(1)]
  heap.insert(mine)
  elsewhere.insert(theirs)
  heap.remove(theirs)
  expect(drain(heap)).toEqual([mine])
})

test('an entry can be inserted again after it was taken', () => {
  const heap = new DeadlineHeap<Entry>()
  const [one, other] = [entry(1), entry(2)]
  heap.insert(one)
  heap.insert(other)
  heap.remove(one)
  one.at = 3
  heap.insert(one)
  expect(drain(heap)).toEqual([other, one])
})

test('minus infinity comes first and infinity last', () => {
  const heap = new DeadlineHeap<Entry>()
  const entries = [entry(Infinity), entry(0), entry(-Infinity), entry(Number.MAX_VALUE), entry(-0)]
  for (const each of entries) heap.insert(each)
  expect(drain(heap).map(({ at }) => at)).toEqual([-Infinity, 0, -0, Number.MAX_VALUE, Infinity])
})

test('a hundred thousand entries, half of them removed again, come out in order', () => {
  const heap = new DeadlineHeap<Entry>()
  const entries = Array.from({ length: 100_000 }, (_, n) => entry((n * 7919) % 10_007, n))
  for (const each of entries) heap.insert(each)
  for (const each of entries) if (each.label % 2 === 1) heap.remove(each)
  const drained = drain(heap)
  expect(drained).toHaveLength(50_000)
  const isOrdered = drained.every((each, n) => {
    const before = drained[n - 1]
    return before === undefined || before.at < each.at || (before.at === each.at && before.label < each.label)
  })
  expect(isOrdered).toBe(true)
})
