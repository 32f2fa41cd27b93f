/** Folders below folders: faster than they can be watched, many at once, and at random. */
import { execFile } from 'node:child_process'
import { readdirSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { TimeoutError, type Watcher, watch, withTimeout, yieldSlice } from '../../src/index.js'
import { nextOf, Place, Sight, textOf } from './sight.js'
import { apply, changes, Hearsay, namesIn } from './tree-model.js'

/** Hears everything that was told before something that is made now; see Sight.everything. */
async function catchUp(hearsay: Hearsay, watcher: Watcher, place: Place, name: string): Promise<void> {
  for (const fence of [`${name}-1`, `${name}-2`]) {
    place.write(fence)
    let isHeard = false
    while (!isHeard) {
      const event = await nextOf(watcher)
      hearsay.hear(event)
      isHeard = event.type === 'overflow' || event.path === place.at(fence)
    }
  }
}

/** Makes a file in every folder: one that is not watched will not tell of it. */
function probe(place: Place, name: string): void {
  for (const each of namesIn(place.top)) {
    if (statSync(place.at(each)).isDirectory()) place.write(`${each}/${name}`)
  }
}

test('1,000 files at once are created once each, and deleted once each', async () => {
  using place = new Place()
  using watcher = watch(place.top, { recursive: true })
  const sight = new Sight(watcher, place.top)
  const names = Array.from({ length: 1000 }, (_, i) => `d${i % 10}/f${i}`)
  for (let i = 0; i < 10; i++) place.mkdir(`d${i}`)
  for (const name of names) place.write(name)
  const folders = Array.from({ length: 10 }, (_, i) => `create d${i}`)
  const created = (await sight.everything(place)).filter((text) => text.startsWith('create'))
  expect(created.sort()).toEqual([...folders, ...names.map((name) => `create ${name}`)].sort())
  for (const name of names) place.remove(name)
  const deleted = (await sight.everything(place)).filter((text) => text.startsWith('delete'))
  expect(deleted.sort()).toEqual(names.map((name) => `delete ${name}`).sort())
})

test('files made while their new folders are being watched are created once each', async () => {
  using place = new Place()
  using watcher = watch(place.top, { recursive: true })
  const seen: string[] = []
  const expected = new Set<string>()
  for (let round = 0; round < 40; round++) {
    const folder = `${round}/a/b`
    place.mkdir(folder)
    for (let i = 0; i < 5; i++) {
      place.write(`${folder}/${i}`)
      expected.add(`create ${folder}/${i}`)
      // Between two files the folder may be found, watched or read.
      if (i % 2 === round % 2) await yieldSlice()
    }
  }
  while (seen.filter((text) => expected.has(text)).length < expected.size) {
    seen.push(textOf(await nextOf(watcher), place.top))
  }
  const sight = new Sight(watcher, place.top)
  const creations = [...seen, ...(await sight.everything(place))].filter((text) => text.startsWith('create'))
  expect(creations).toHaveLength(new Set(creations).size)
})

test('after an overflow of the queue every folder is watched', async () => {
  using place = new Place()
  using watcher = watch(place.top, { recursive: true, maxQueuedEvents: 5 })
  const hearsay = new Hearsay(place.top)
  for (let i = 0; i < 20; i++) place.mkdir(`${i}/a/b`)
  place.rename('3', '4/a/b/c')
  await catchUp(hearsay, watcher, place, 'fence')
  expect(hearsay.overflows).toBeGreaterThan(0)
  for (const each of ['0/a/b', '19/a', '4/a/b/c/a/b']) {
    const file = `${each}/f`
    place.write(file)
    for (let path = ''; path !== place.at(file); ) {
      const event = await nextOf(watcher)
      path = event.path
      // It may have swallowed what is waited for.
      if (event.type === 'overflow') place.append(file)
    }
  }
  expect(readdirSync(place.at('4/a/b/c/a/b'))).toEqual(['f'])
})

describe('whoever hears of all changes knows what is there', () => {
  test('after any changes, done at once', { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(changes, { minLength: 1, maxLength: 4 }), async (rounds) => {
        using place = new Place()
        for (const change of rounds[0] ?? []) apply(change, place)
        using watcher = watch(place.top, { recursive: true })
        const hearsay = new Hearsay(place.top)
        for (const [i, round] of rounds.slice(1).entries()) {
          for (const change of round) apply(change, place)
          if (i % 2 === 0) await catchUp(hearsay, watcher, place, `fence-${i}`)
          else await yieldSlice()
        }
        await catchUp(hearsay, watcher, place, 'last')
        expect(hearsay.names).toEqual(namesIn(place.top))
        probe(place, 'probe')
        await catchUp(hearsay, watcher, place, 'end')
        expect(hearsay.names).toEqual(namesIn(place.top))
        expect(hearsay.overflows).toBe(0)
      }),
      { numRuns: 60 },
    )
  })

  test.each([1, 2, 3, 4])(
    'while two processes change it as fast as they can (%i)',
    { timeout: 60_000 },
    async (seed) => {
      const program = fileURLToPath(new URL('../programs/stirs-files.mjs', import.meta.url))
      using place = new Place()
      using watcher = watch(place.top, { recursive: true })
      const hearsay = new Hearsay(place.top)
      let isDone = false
      const stirring = Promise.all(
        [1, 2].map((each) =>
          promisify(execFile)(process.execPath, [program, place.top, String(10 * seed + each), '2000']),
        ),
      ).finally(() => {
        isDone = true
      })
      while (!isDone) {
        try {
          hearsay.hear(await withTimeout(50, () => watcher.next()))
        } catch (error) {
          if (!(error instanceof TimeoutError)) throw error
        }
      }
      await stirring
      await catchUp(hearsay, watcher, place, 'last')
      expect(hearsay.names).toEqual(namesIn(place.top))
      probe(place, 'probe')
      await catchUp(hearsay, watcher, place, 'end')
      expect(hearsay.names).toEqual(namesIn(place.top))
    },
  )
})
