import { Channel } from '../../src/channel/channel.js'
import { select } from '../../src/channel/select.js'
import { Barrier } from '../../src/sync/barrier.js'
import { ConditionVariable } from '../../src/sync/condition-variable.js'
import { Event } from '../../src/sync/event.js'
import { Fifo } from '../../src/sync/fifo.js'
import type { Held } from '../../src/sync/held.js'
import { InvertedSemaphore } from '../../src/sync/inverted-semaphore.js'
import { Mutex } from '../../src/sync/mutex.js'
import { RWLock } from '../../src/sync/rw-lock.js'
import { Semaphore } from '../../src/sync/semaphore.js'
import { checkMatrix, type Rig, type Subject } from './matrix.js'

const giveBack = (held: Held): void => held.release()

/** A lock that is held, and given back by the first `wake`. */
function heldLock(held: Held | undefined, rig: Omit<Rig, 'wake' | 'giveBack'>): Rig {
  return { ...rig, giveBack, wake: () => held?.release() }
}

const subjects: readonly Subject[] = [
  {
    name: 'Mutex.lock',
    wakes: 'one',
    make() {
      const mutex = new Mutex()
      return heldLock(mutex.tryLock(), { wait: () => mutex.lock(), waiting: () => mutex.waiting })
    },
  },
  {
    name: 'RWLock.writeLock behind a reader',
    wakes: 'one',
    make() {
      const lock = new RWLock()
      return heldLock(lock.tryReadLock(), {
        wait: () => lock.writeLock(),
        waiting: () => lock.waitingWriters,
      })
    },
  },
  {
    name: 'RWLock.writeLock behind a writer',
    wakes: 'one',
    make() {
      const lock = new RWLock()
      return heldLock(lock.tryWriteLock(), {
        wait: () => lock.writeLock(),
        waiting: () => lock.waitingWriters,
      })
    },
  },
  {
    name: 'RWLock.readLock',
    wakes: 'all',
    make() {
      const lock = new RWLock()
      return heldLock(lock.tryWriteLock(), {
        wait: () => lock.readLock(),
        waiting: () => lock.waitingReaders,
      })
    },
  },
  {
    name: 'Semaphore.acquire',
    wakes: 'one',
    make() {
      const semaphore = new Semaphore(3)
      return heldLock(semaphore.tryAcquire(3), {
        wait: () => semaphore.acquire(3),
        waiting: () => semaphore.waiting,
      })
    },
  },
  {
    name: 'Semaphore.acquire, released by others',
    wakes: 'one',
    make() {
      const semaphore = new Semaphore(0)
      return {
        wait: () => semaphore.acquire(),
        waiting: () => semaphore.waiting,
        wake: () => semaphore.release(),
      }
    },
  },
  {
    name: 'InvertedSemaphore.untilZero',
    wakes: 'all',
    make() {
      const semaphore = new InvertedSemaphore(1)
      return {
        wait: () => semaphore.untilZero(),
        waiting: () => semaphore.waiting,
        wake: () => {
          semaphore.release()
          semaphore.acquire()
        },
      }
    },
  },
  {
    name: 'ConditionVariable.wait',
    wakes: 'one',
    make() {
      const condition = new ConditionVariable<string>()
      return {
        wait: () => condition.wait(),
        waiting: () => condition.size,
        wake: () => condition.wakeOne('woken'),
      }
    },
  },
  {
    name: 'Event.wait',
    wakes: 'all',
    make() {
      const event = new Event<string>()
      return { wait: () => event.wait(), waiting: () => event.waiting, wake: () => event.set('happened') }
    },
  },
  {
    name: 'Barrier.wait',
    wakes: 'all',
    make() {
      const barrier = new Barrier(7)
      return {
        wait: () => barrier.wait(),
        waiting: () => barrier.waiting,
        wake() {
          for (let missing = barrier.parties - barrier.waiting; missing > 0; missing--) void barrier.wait()
        },
      }
    },
  },
  {
    name: 'Fifo.pop',
    wakes: 'one',
    make() {
      const fifo = new Fifo<number>()
      return { wait: () => fifo.pop(), waiting: () => fifo.waitingTakers, wake: () => fifo.tryPush(1) }
    },
  },
  {
    name: 'Fifo.popAll',
    wakes: 'one',
    make() {
      const fifo = new Fifo<number>()
      return { wait: () => fifo.popAll(), waiting: () => fifo.waitingTakers, wake: () => fifo.tryPush(1) }
    },
  },
  {
    name: 'Fifo.pushFront to a waiting pop',
    wakes: 'one',
    make() {
      const fifo = new Fifo<number>()
      return { wait: () => fifo.pop(), waiting: () => fifo.waitingTakers, wake: () => fifo.pushFront(1) }
    },
  },
  {
    name: 'Fifo.push into a full one',
    wakes: 'one',
    make() {
      const fifo = new Fifo<number>(1)
      fifo.tryPush(0)
      return { wait: () => fifo.push(1), waiting: () => fifo.waitingPushers, wake: () => fifo.tryPop() }
    },
  },
  {
    name: 'iteration over a Fifo',
    wakes: 'one',
    make() {
      const fifo = new Fifo<number>()
      return {
        wait: () => fifo[Symbol.asyncIterator]().next(),
        waiting: () => fifo.waitingTakers,
        wake: () => fifo.tryPush(1),
      }
    },
  },
  {
    name: 'Channel.receive',
    wakes: 'one',
    make() {
      const channel = new Channel<number>()
      return {
        wait: () => channel.receive(),
        waiting: () => Math.abs(channel.balance),
        wake: () => channel.trySend(1),
      }
    },
  },
  {
    name: 'Channel.receive where the sender is preferred',
    wakes: 'one',
    make() {
      const channel = new Channel<number>()
      channel.preference = 'sender'
      return {
        wait: () => channel.receive(),
        waiting: () => Math.abs(channel.balance),
        wake: () => channel.trySend(1),
      }
    },
  },
  {
    name: 'Channel.send',
    wakes: 'one',
    make() {
      const channel = new Channel<number>()
      return { wait: () => channel.send(1), waiting: () => channel.balance, wake: () => channel.tryReceive() }
    },
  },
  {
    name: 'Channel.send into a full one',
    wakes: 'one',
    make() {
      const channel = new Channel<number>(1)
      channel.trySend(0)
      return { wait: () => channel.send(1), waiting: () => channel.balance, wake: () => channel.tryReceive() }
    },
  },
  {
    name: 'iteration over a Channel',
    wakes: 'one',
    make() {
      const channel = new Channel<number>()
      return {
        wait: () => channel[Symbol.asyncIterator]().next(),
        waiting: () => Math.abs(channel.balance),
        wake: () => channel.trySend(1),
      }
    },
  },
  {
    name: 'select that receives on either of two',
    wakes: 'one',
    make() {
      const channel = new Channel<number>()
      const other = new Channel<number>()
      return {
        wait: () => select([other.receiveCase(), channel.receiveCase()]),
        waiting: () => Math.abs(channel.balance + other.balance) / 2,
        wake: () => channel.trySend(1),
      }
    },
  },
  {
    name: 'select that sends on either of two',
    wakes: 'one',
    make() {
      const channel = new Channel<number>()
      const other = new Channel<number>()
      return {
        wait: () => select([channel.sendCase(1), other.sendCase(2)]),
        waiting: () => (channel.balance + other.balance) / 2,
        wake: () => channel.tryReceive(),
      }
    },
  },
]

for (const subject of subjects) checkMatrix(subject)
