import { collectGarbage } from '@shrapnel/test-support'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { yieldSlice } from '../../src/scope/sleep.js'
import '../../src/spawn.js'
import { Deque } from '../../src/sync/deque.js'
import { type Queued, WaitQueue } from '../../src/sync/wait-queue.js'

class Member implements Queued {
  queue: object | null = null
  before: Queued | null = null
  after: Queued | null = null
  readonly id: number
  constructor(id: number) {
    this.id = id
  }
}

test('a wait queue keeps its order whoever leaves, and knows how many are left', () => {
  const step = fc.oneof(
    fc.constant({ do: 'push' as const, at: 0 }),
    fc.constant({ do: 'shift' as const, at: 0 }),
    fc.record({ do: fc.constant('remove' as const), at: fc.nat(30) }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (script) => {
      const queue = new WaitQueue<Member>()
      const model: Member[] = []
      let id = 0
      const shifted: [unknown, unknown][] = []
      for (const { do: what, at } of script) {
        if (what === 'push') {
          const member = new Member(id++)
          model.push(member)
          queue.push(member)
        } else if (what === 'shift') {
          shifted.push([queue.shift(), model.shift()])
        } else {
          // Removed twice: the second time it is not there any more.
          const [member] = model.splice(at % Math.max(1, model.length), 1)
          if (member !== undefined) queue.remove(member)
          if (member !== undefined) queue.remove(member)
        }
        expect(queue.size).toBe(model.length)
        expect(queue.first).toBe(model[0] ?? null)
      }
      for (const [member, expected] of shifted) expect(member).toBe(expected)
      const rest: Member[] = []
      queue.drain((member) => rest.push(member))
      expect(rest).toEqual(model)
      expect(queue.size).toBe(0)
    }),
  )
})

test('one that has left a wait queue holds on to none of those in it', () => {
  const queue = new WaitQueue<Member>()
  const members = [1, 2, 3].map((id) => new Member(id))
  for (const member of members) queue.push(member)
  const [, middle] = members
  queue.remove(middle as Member)
  expect([middle?.queue, middle?.before, middle?.after]).toEqual([null, null, null])
})

test('a member of one wait queue is not removed from another', () => {
  const one = new WaitQueue<Member>()
  const other = new WaitQueue<Member>()
  const member = new Member(1)
  one.push(member)
  other.push(new Member(2))
  other.remove(member)
  expect([one.size, other.size]).toEqual([1, 1])
})

test('a deque is a list with two ends, however it wraps and grows', () => {
  const step = fc.constantFrom('push', 'push', 'pushFront', 'shift', 'drain')
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (script) => {
      const deque = new Deque<number>()
      const model: number[] = []
      const taken: number[] = []
      const takenFromModel: number[] = []
      script.forEach((what, value) => {
        if (what === 'push') {
          deque.push(value)
          model.push(value)
        } else if (what === 'pushFront') {
          deque.pushFront(value)
          model.unshift(value)
        } else if (what === 'drain') {
          taken.push(...deque.drain())
          takenFromModel.push(...model.splice(0))
        } else if (model.length > 0) {
          taken.push(deque.shift())
          takenFromModel.push(model.shift() as number)
        }
        expect([deque.size, deque.first]).toEqual([model.length, model[0]])
      })
      expect(taken).toEqual(takenFromModel)
      expect(deque.drain()).toEqual(model)
    }),
  )
})

test('a deque holds on to nothing that was taken out', async () => {
  const deque = new Deque<object>()
  const references: WeakRef<object>[] = []
  for (let i = 0; i < 3000; i++) {
    const value = { i }
    references.push(new WeakRef(value))
    deque.push(value)
  }
  while (deque.size > 1) deque.shift()
  // A WeakRef keeps its target for the rest of the turn.
  await yieldSlice()
  collectGarbage()
  expect(references.filter((reference) => reference.deref() !== undefined)).toHaveLength(1)
  expect(deque.size).toBe(1)
})
