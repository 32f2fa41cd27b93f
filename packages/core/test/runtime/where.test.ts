/** The tree of the living. */
import { expectFlatHeap, heapUsedAfterGc } from '@shrapnel/test-support'
import { expect, test } from 'vitest'
import {
  all,
  type Coroutine,
  type CoroutineFacts,
  main,
  sleep,
  spawn,
  where,
  whereAll,
  yieldSlice,
} from '../../src/index.js'
import { currentScope } from '../../src/runtime/current.js'
import { Wait } from '../../src/runtime/wait.js'
import { cleanGround } from './harness.js'

const ground = cleanGround()

/** For work that takes a second on a machine that does nothing else. */
const PATIENT_MS = 60_000

/** Coroutines that each spawn the next and then sleep. */
function chain(depth: number, sleepMs: number): Coroutine<void> {
  return spawn({ name: `at ${depth}` }, async () => {
    if (depth > 1) chain(depth - 1, sleepMs)
    await sleep(sleepMs)
  })
}

function depthOf(facts: CoroutineFacts): number {
  let depth = 0
  for (let at: CoroutineFacts | undefined = facts; at !== undefined; at = at.children[0]) depth++
  return depth
}

test('the tree has every living coroutine below the one that spawned it, oldest first', async () => {
  const parent = spawn({ name: 'parent' }, async () => {
    spawn({ name: 'first' }, () => sleep(9))
    spawn({ name: 'second', daemon: true }, () => sleep(9))
    await sleep(9)
  })
  const other = spawn({ name: 'other' }, () => sleep(9))
  await ground.clock.settle()
  const tree = whereAll()
  expect(tree).toMatchObject({ id: 0, name: 'main', parentId: 0 })
  expect(tree.children.map(({ name }) => name)).toEqual(['parent', 'other'])
  expect(tree.children[0]).toMatchObject({
    id: parent.id,
    state: 'waiting',
    isDaemon: false,
    waits: [{ on: 'sleep 9 ms more' }],
    children: [
      { name: 'first', parentId: parent.id, isDaemon: false },
      { name: 'second', parentId: parent.id, isDaemon: true },
    ],
  })
  expect(tree.children[1]).toMatchObject({ id: other.id, children: [] })
  await ground.clock.advance(9)
  expect(whereAll().children).toEqual([])
})

test('ages count from the spawn and from the beginning of the wait', async () => {
  spawn(async () => {
    await yieldSlice()
    await sleep(1)
  })
  await ground.clock.settle()
  const [facts] = whereAll().children
  expect(facts?.ageMs).toBeGreaterThanOrEqual(0)
  expect(facts?.waits[0]?.ageMs).toBeGreaterThanOrEqual(0)
  expect(facts?.waits[0]?.ageMs).toBeLessThan(1000)
  await ground.clock.advance(1)
})

test('as text it is one line a coroutine, indented below its parent', async () => {
  const parent = spawn({ name: 'parent' }, async () => {
    spawn({ name: 'child', daemon: true }, () => sleep(9))
    await sleep(9)
  })
  await ground.clock.settle()
  const [mainLine, parentLine, childLine, ...rest] = whereAll().toString().split('\n')
  expect(mainLine).toMatch(/^0 main: running/)
  expect(parentLine).toMatch(new RegExp(`^ {2}${parent.id} parent: sleep 9 ms more \\(since \\d+ ms\\)$`))
  expect(childLine).toMatch(/^ {4}\d+ child \[daemon\]: sleep 9 ms more \(since \d+ ms\)$/)
  expect(rest).toEqual([])
  await ground.clock.advance(9)
})

test('where gives the one line of one coroutine', async () => {
  const coroutine = spawn({ name: 'session' }, () => sleep(9))
  expect(where(coroutine)).toBe(`${coroutine.id} session: ready`)
  await ground.clock.settle()
  expect(where(coroutine)).toMatch(/^\d+ session: sleep 9 ms more \(since \d+ ms\)$/)
  await ground.clock.advance(9)
  expect(where(coroutine)).toBe(`${coroutine.id} session: done`)
  expect(where(main())).toBe('0 main: running')
})

test('a name of several lines stays on one', async () => {
  const coroutine = spawn({ name: 'two\nlines' }, () => sleep(9))
  await ground.clock.settle()
  expect(where(coroutine)).toMatch(/^\d+ two lines: /)
  expect(whereAll().toString().split('\n')).toHaveLength(2)
  await ground.clock.advance(9)
})

test('children of a dead parent stand below main', async () => {
  const parent = spawn({ name: 'parent' }, () => void spawn({ name: 'orphan' }, () => sleep(9)))
  await parent.join()
  await ground.clock.settle()
  expect(whereAll().children).toMatchObject([{ name: 'orphan', parentId: parent.id }])
  await ground.clock.advance(9)
})

test(
  'a chain of 10,000 spawns is walked and shown without overflow',
  async () => {
    chain(10_000, 9)
    for (let turn = 0; turn <= 10_000; turn++) await yieldSlice()
    const tree = whereAll()
    expect(depthOf(tree)).toBe(10_001)
    const text = tree.toString()
    expect(text.split('\n')).toHaveLength(10_001)
    // Indented by its whole depth each, they would be a hundred million characters.
    expect(text.length).toBeLessThan(5_000_000)
    await ground.clock.advance(9)
    expect(all()).toEqual([])
  },
  PATIENT_MS,
)

test('a wait that fails to describe itself costs the tree one entry, not everything', async () => {
  class Speechless extends Wait<void> {
    protected unlink(): void {}
    describe(): string {
      throw new Error('no words')
    }
  }
  let wait: Speechless | undefined
  const coroutine = spawn({ name: 'odd' }, () => {
    wait = new Speechless(currentScope())
    return wait.suspend()
  })
  spawn({ name: 'other' }, () => sleep(9))
  await ground.clock.settle()
  expect(where(coroutine)).toContain('odd: Speechless')
  expect(whereAll().toString()).toContain('other: sleep 9 ms more')
  wait?.wake()
  await ground.clock.advance(9)
})

test(
  'a coroutine that respawns itself for ever retains none of its dead ancestors',
  async () => {
    let generations = 0
    const ballast = (): Uint8Array => new Uint8Array(1024).fill(1)
    async function respawn(left: number): Promise<Uint8Array> {
      generations++
      const own = ballast()
      await yieldSlice()
      if (left > 0) spawn(respawn, left - 1)
      return own
    }
    const run = async (): Promise<void> => {
      spawn(respawn, 5000)
      while (all().length > 0) await yieldSlice()
    }
    await expectFlatHeap(3, run)
    expect(generations).toBe(4 * 5001)
  },
  PATIENT_MS,
)

test(
  'a living descendant retains nothing of its dead ancestors',
  async () => {
    const before = await heapUsedAfterGc()
    async function heir(left: number): Promise<unknown> {
      // The result of each ancestor is large, and so are its arguments' neighbours.
      const estate = Array.from({ length: 1000 }, (_, n) => ({ n }))
      if (left === 0) {
        await sleep(9)
        return undefined
      }
      spawn(heir, left - 1)
      await yieldSlice()
      return estate
    }
    spawn(heir, 500)
    for (let turn = 0; turn < 600; turn++) await yieldSlice()
    expect(all()).toHaveLength(1)
    const grown = (await heapUsedAfterGc()) - before
    // Retained, the estates alone would be 500 times 1000 objects.
    expect(grown).toBeLessThan(1_000_000)
    await ground.clock.advance(9)
  },
  PATIENT_MS,
)
