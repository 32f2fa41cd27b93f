import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Fifo } from '../../src/sync/fifo.js'
import type { Held } from '../../src/sync/held.js'
import { Mutex } from '../../src/sync/mutex.js'
import { RWLock } from '../../src/sync/rw-lock.js'
import { Semaphore } from '../../src/sync/semaphore.js'
import { Actors, type Attempt, actor, interrupt, settle, without, withoutAttempt } from './actors.js'

const release = fc.record({ do: fc.constant('release' as const), actor })

test('a semaphore serves in order of request, gives what it has and no more, and nobody sleeps while the first could go on', async () => {
  const acquire = fc.record({
    do: fc.constant('acquire' as const),
    actor,
    units: fc.integer({ min: 0, max: 4 }),
  })
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof(acquire, release, interrupt, settle), { maxLength: 60 }),
      async (script) => {
        const actors = new Actors()
        const semaphore = new Semaphore(4)
        const queue: { attempt: Attempt; units: number }[] = []
        const holding = new Map<number, { attempt: Attempt; units: number }>()
        let available = 4
        const serve = (): void => {
          for (let head = queue[0]; head !== undefined && head.units <= available; head = queue[0]) {
            queue.shift()
            available -= head.units
            actors.end(head.attempt, 'done')
            holding.set(head.attempt.actor, head)
          }
        }
        for (const step of script) {
          const who = step.actor
          if (step.do === 'settle') {
            await actors.settle()
          } else if (step.do === 'interrupt') {
            const gone = actors.interrupt(who)
            withoutAttempt(queue, gone)
          } else if (step.do === 'release') {
            const held = holding.get(who)
            if (held?.attempt.state !== 'done') continue
            holding.delete(who)
            available += held.units
            ;(held.attempt.value as Held).release()
          } else if (!actors.isWaiting(who) && !holding.has(who)) {
            const attempt = actors.begin(who, `acquire ${step.units}`, () => semaphore.acquire(step.units))
            if (attempt !== undefined) queue.push({ attempt, units: step.units })
          }
          serve()
          expect(semaphore.waiting).toBe(queue.length)
          expect(semaphore.available).toBe(available)
        }
        await actors.check()
      },
    ),
  )
})

test('a mutex has one holder at a time, in order of request, and is never free while somebody waits', async () => {
  const lock = fc.record({ do: fc.constant('lock' as const), actor })
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof(lock, lock, release, interrupt, settle), { maxLength: 60 }),
      async (script) => {
        const actors = new Actors()
        const mutex = new Mutex()
        const queue: Attempt[] = []
        let held: Attempt | undefined
        for (const step of script) {
          const who = step.actor
          if (step.do === 'settle') {
            await actors.settle()
          } else if (step.do === 'interrupt') {
            without(queue, actors.interrupt(who))
          } else if (step.do === 'release') {
            if (held?.actor !== who || held.state !== 'done') continue
            const { value } = held
            held = undefined
            ;(value as Held).release()
          } else if (!actors.isWaiting(who)) {
            const attempt = actors.begin(who, 'lock', () => mutex.lock())
            if (attempt === undefined) continue
            if (held?.actor === who) actors.end(attempt, 'failed')
            else queue.push(attempt)
          }
          if (held === undefined) {
            held = queue.shift()
            if (held !== undefined) actors.end(held, 'done')
          }
          expect(mutex.isLocked).toBe(held !== undefined)
          expect(mutex.waiting).toBe(queue.length)
        }
        await actors.check()
      },
    ),
  )
})

test('a reader-writer lock has one writer or any number of readers, writers first, and nobody sleeps without a reason', async () => {
  const read = fc.record({ do: fc.constant('read' as const), actor })
  const write = fc.record({ do: fc.constant('write' as const), actor })
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof(read, read, write, release, interrupt, settle), { maxLength: 60 }),
      async (script) => {
        const actors = new Actors()
        const lock = new RWLock()
        const readers: Attempt[] = []
        const writers: Attempt[] = []
        const reading: Attempt[] = []
        let writing: Attempt | undefined
        const holds = (who: number): boolean =>
          writing?.actor === who || reading.some((each) => each.actor === who)
        const admit = (): void => {
          if (writing !== undefined) return
          if (writers.length === 0) {
            for (const each of readers.splice(0)) {
              actors.end(each, 'done')
              reading.push(each)
            }
          } else if (reading.length === 0) {
            writing = writers.shift() as Attempt
            actors.end(writing, 'done')
          }
        }
        for (const step of script) {
          const who = step.actor
          if (step.do === 'settle') {
            await actors.settle()
          } else if (step.do === 'interrupt') {
            const gone = actors.interrupt(who)
            if (gone !== undefined) {
              without(readers, gone)
              without(writers, gone)
            }
          } else if (step.do === 'release') {
            const held = writing?.actor === who ? writing : reading.find((each) => each.actor === who)
            if (held?.state !== 'done') continue
            if (held === writing) writing = undefined
            else without(reading, held)
            ;(held.value as Held).release()
          } else if (!actors.isWaiting(who)) {
            const attempt =
              step.do === 'read'
                ? actors.begin(who, 'read', () => lock.readLock())
                : actors.begin(who, 'write', () => lock.writeLock())
            if (attempt === undefined) continue
            if (step.do === 'write') {
              if (holds(who)) actors.end(attempt, 'failed')
              else writers.push(attempt)
            } else if (holds(who)) {
              actors.end(attempt, 'done')
              reading.push(attempt)
            } else {
              readers.push(attempt)
            }
          }
          admit()
          expect(lock.readers).toBe(reading.length)
          expect(lock.writer !== undefined).toBe(writing !== undefined)
          expect([lock.waitingReaders, lock.waitingWriters]).toEqual([readers.length, writers.length])
        }
        await actors.check()
      },
    ),
  )
})

test('a fifo loses no value, gives none twice and keeps their order, whoever is interrupted', async () => {
  const push = fc.record({ do: fc.constant('push' as const), actor })
  const pushFront = fc.record({ do: fc.constant('pushFront' as const), actor })
  const pop = fc.record({ do: fc.constant('pop' as const), actor })
  const popAll = fc.record({ do: fc.constant('popAll' as const), actor })
  const limit = fc.constantFrom(1, 2, Infinity)
  const script = fc.array(fc.oneof(push, push, pushFront, pop, pop, popAll, interrupt, settle), {
    maxLength: 60,
  })
  await fc.assert(
    fc.asyncProperty(limit, script, async (limit, script) => {
      const actors = new Actors()
      const fifo = new Fifo<number>(limit)
      const values: number[] = []
      const takers: { attempt: Attempt; all: boolean }[] = []
      const pushers: { attempt: Attempt; value: number }[] = []
      let next = 0
      /** A value has come; or there is room. */
      const flow = (): void => {
        for (;;) {
          const pusher = pushers[0]
          const taker = takers[0]
          if (pusher !== undefined && values.length < limit) {
            pushers.shift()
            values.push(pusher.value)
            actors.end(pusher.attempt, 'done')
          } else if (taker !== undefined && values.length > 0) {
            takers.shift()
            actors.end(taker.attempt, 'done', taker.all ? values.splice(0) : values.shift())
          } else {
            return
          }
        }
      }
      for (const step of script) {
        const who = step.actor
        if (step.do === 'settle') {
          await actors.settle()
        } else if (step.do === 'interrupt') {
          const gone = actors.interrupt(who)
          withoutAttempt(takers, gone)
          withoutAttempt(pushers, gone)
        } else if (step.do === 'pushFront') {
          const value = next++
          values.unshift(value)
          fifo.pushFront(value)
        } else if (actors.isWaiting(who)) {
          continue
        } else if (step.do === 'push') {
          const value = next++
          const attempt = actors.begin(who, `push ${value}`, () => fifo.push(value))
          if (attempt !== undefined) pushers.push({ attempt, value })
        } else {
          const all = step.do === 'popAll'
          const attempt = actors.begin(who, step.do, () => (all ? fifo.popAll() : fifo.pop()))
          if (attempt !== undefined) takers.push({ attempt, all })
        }
        flow()
        expect(fifo.size).toBe(values.length)
        expect(fifo.top()).toBe(values[0])
        expect([fifo.waitingTakers, fifo.waitingPushers]).toEqual([takers.length, pushers.length])
      }
      await actors.check()
    }),
  )
})
