/** Waiting for events: whoever waits, gives up, closes, is slow, or forgets. */
import { lstatSync, mkdirSync, symlinkSync } from 'node:fs'
import { join, relative } from 'node:path'
import { collectGarbage, expectNoDescriptorLeak, runProgram } from '@shrapnel/test-support'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ClosedError, spawn, TimeoutError, type WatchEvent, watch, withTimeout } from '../../src/index.js'
import { native } from '../../src/native.js'
import { pollNow } from '../../src/runtime/dispatcher.js'
import { failureOf, outcomeOf, turns, until, untilIn } from '../net/connections.js'
import { nextOf, Place, Sight, textOf } from './sight.js'

let place: Place
beforeEach(() => {
  place = new Place()
})
afterEach(() => {
  place[Symbol.dispose]()
})

describe('waiting', () => {
  test('a wait that is cancelled loses nothing, whether the event comes before or after', async () => {
    using watcher = watch(place.top)
    const one = spawn(() => watcher.next())
    await untilIn(one, `watch ${place.top}`)
    one.interrupt()
    place.write('f')
    await outcomeOf(one)
    expect(await nextOf(watcher)).toEqual({ type: 'create', path: place.at('f') })
    expect(await failureOf(() => withTimeout(5, () => watcher.next()))).toBeInstanceOf(TimeoutError)
    place.remove('f')
    expect(await nextOf(watcher)).toEqual({ type: 'delete', path: place.at('f') })
  })

  test('an event and an interrupt in the same turn: the event is delivered', async () => {
    using watcher = watch(place.top)
    const one = spawn(() => watcher.next())
    await untilIn(one, 'watch')
    place.write('f')
    await until(() => {
      pollNow()
      return one.waitingOn === undefined
    }, 'the event wakes')
    one.interrupt()
    expect(await one.join()).toEqual({ type: 'create', path: place.at('f') })
    place.remove('f')
    expect(await nextOf(watcher)).toEqual({ type: 'delete', path: place.at('f') })
  })

  test('a second one who waits gets SimultaneousError, and the first goes on', async () => {
    using watcher = watch(place.top)
    const first = spawn({ name: 'first' }, () => watcher.next())
    await untilIn(first, 'watch')
    expect(await failureOf(() => watcher.next())).toMatchObject({
      code: 'SIMULTANEOUS',
      message: expect.stringMatching(
        /^coroutine \d+ \(.*\) cannot wait for .*: coroutine \d+ \(first\) does$/,
      ),
    })
    const loop = spawn(async () => {
      for await (const event of watcher) expect(event).toBe('never')
    })
    expect(await outcomeOf(loop)).toMatchObject({ code: 'SIMULTANEOUS' })
    place.write('f')
    expect(await first.join()).toMatchObject({ type: 'create' })
  })

  test('close wakes whoever waits, ends a loop, and may be called twice', async () => {
    const watcher = watch(place.top)
    const waiting = spawn(() => watcher.next())
    await untilIn(waiting, 'watch')
    watcher.close()
    watcher.close()
    expect(await outcomeOf(waiting)).toBeInstanceOf(ClosedError)
    expect(await failureOf(() => watcher.next())).toMatchObject({ code: 'CLOSED' })
    expect(watcher.isClosed).toBe(true)

    const other = watch(place.top)
    const seen: WatchEvent[] = []
    const loop = spawn(async () => {
      for await (const event of other) seen.push(event)
    })
    await untilIn(loop, 'watch')
    place.mkdir('d')
    await until(() => seen.length > 0, 'the loop has an event')
    await untilIn(loop, 'watch')
    other.close()
    await loop.join()
    expect(seen).toEqual([{ type: 'create', path: place.at('d') }])
  })

  test.each(['break', 'throw', 'interrupt'] as const)(
    'a loop that is left by %s closes the watcher',
    async (way) => {
      const watcher = watch(place.top)
      const loop = spawn(async () => {
        for await (const event of watcher) {
          if (way === 'break') break
          if (way === 'throw') throw new Error(event.type)
        }
      })
      await untilIn(loop, 'watch')
      if (way === 'interrupt') loop.interrupt()
      else place.write('f')
      await outcomeOf(loop)
      expect(watcher.isClosed).toBe(true)
    },
  )

  test('a loop ends when what is watched is gone', async () => {
    const seen: string[] = []
    const loop = spawn(async () => {
      for await (const event of watch(place.top)) seen.push(textOf(event, place.top))
    })
    await untilIn(loop, 'watch')
    place.remove('.')
    await withTimeout(5000, () => loop.join())
    expect(seen).toEqual(['delete .'])
  })

  test('many events that are there leave the others their turn', async () => {
    using watcher = watch(place.top)
    for (let i = 0; i < 1000; i++) place.write(`${i}`)
    await nextOf(watcher)
    let others = 0
    const other = spawn(async () => {
      for (; others < 5; others++) await turns(1)
    })
    for (let i = 1; i < 1000; i++) await watcher.next()
    expect(others).toBeGreaterThan(3)
    await other.join()
  })
})

describe('the queue', () => {
  test('more events than maxQueuedEvents are one overflow, and what comes after it was taken is told', async () => {
    using watcher = watch(place.top, { maxQueuedEvents: 3 })
    const sight = new Sight(watcher, place.top)
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) place.mkdir(name)
    const texts: string[] = []
    while (texts.at(-1) !== 'overflow .') texts.push(await sight.next())
    // The first may be handed over at once, and is never in the queue.
    expect(texts.length).toBeLessThanOrEqual(1 + 3 + 1)
    expect(texts.length).toBeGreaterThanOrEqual(3 + 1)
    place.write('g')
    expect(await sight.next()).toBe('create g')
  })
})

describe('paths', () => {
  test('are the given one, joined with the rest', async () => {
    place.mkdir('a/b')
    const given = [`${place.top}/`, `${place.root}/./outside/../top`, relative(process.cwd(), place.top)]
    for (const path of given) {
      using watcher = watch(path, { recursive: true })
      expect(watcher.path).toBe(path)
      place.write('a/b/f')
      expect(await nextOf(watcher)).toEqual({ type: 'create', path: join(path, 'a/b/f') })
      place.remove('a/b/f')
    }
  })

  test('a symlink is followed once, at the start', async () => {
    place.write('f')
    symlinkSync(place.at('f'), join(place.root, 'link'))
    symlinkSync(place.top, join(place.root, 'folder'))
    const link = join(place.root, 'link')
    using file = watch(link)
    using folder = watch(join(place.root, 'folder'))
    place.append('f')
    expect(await nextOf(file)).toEqual({ type: 'modify', path: link })
    expect(await nextOf(folder)).toEqual({ type: 'modify', path: join(place.root, 'folder', 'f') })
  })

  test('a name in any language, and one that is not UTF-8', async () => {
    using watcher = watch(place.top, { recursive: true })
    const sight = new Sight(watcher, place.top)
    place.mkdir('größe')
    place.write('größe/日本')
    await sight.expect(['create größe', 'create größe/日本'])
    const raw = Buffer.concat([Buffer.from(`${place.top}/`), Buffer.from([0x61, 0xff])])
    mkdirSync(raw)
    mkdirSync(Buffer.concat([raw, Buffer.from('/x')]))
    await sight.expect(['create a\ufffd', 'create a\ufffd/x'])
    expect(lstatSync(raw).isDirectory()).toBe(true)
  })
})

describe('arguments', () => {
  const untyped = watch as (...args: unknown[]) => unknown
  test.each([
    [[undefined], 'ERR_INVALID_ARG_TYPE'],
    [[5], 'ERR_INVALID_ARG_TYPE'],
    [[''], 'ERR_OUT_OF_RANGE'],
    [['a\0b'], 'ERR_OUT_OF_RANGE'],
    [['.', null], 'ERR_INVALID_ARG_TYPE'],
    [['.', { recursive: 1 }], 'ERR_INVALID_ARG_TYPE'],
    [['.', { maxQueuedEvents: '1' }], 'ERR_INVALID_ARG_TYPE'],
    [['.', { maxQueuedEvents: 0 }], 'ERR_OUT_OF_RANGE'],
    [['.', { maxQueuedEvents: 1.5 }], 'ERR_OUT_OF_RANGE'],
  ])('watch(%j) throws %s', async (args, code) => {
    await expectNoDescriptorLeak(async () => {
      expect(await failureOf(() => untyped(...args))).toMatchObject({ code })
    })
  })

  test.each([
    ['nowhere', 'ENOENT'],
    ['f/x', 'ENOTDIR'],
    ['f/', 'ENOTDIR'],
    ['loop', 'ELOOP'],
  ])('watch of %s throws %s', async (name, code) => {
    place.write('f')
    place.symlink('loop', 'loop')
    await expectNoDescriptorLeak(async () => {
      expect(await failureOf(() => watch(place.at(name)))).toMatchObject({ code, path: place.at(name) })
    })
  })
})

test('watching and closing leaves no descriptor open', async () => {
  place.mkdir('a/b')
  await expectNoDescriptorLeak(async () => {
    for (let i = 0; i < 20; i++) {
      await using watcher = watch(place.top, { recursive: true })
      place.write(`${i}`)
      await nextOf(watcher)
    }
  })
})

/** How many descriptors are open for watchers that nobody has any more. */
function forget(): number {
  const before = native.openCount()
  watch(place.top)
  watch(place.top, { recursive: true })
  return native.openCount() - before
}

test('a watcher that was forgotten while open is closed by the collector', async () => {
  const before = native.openCount()
  expect(forget()).toBeGreaterThanOrEqual(2)
  await until(() => {
    collectGarbage()
    return native.openCount() === before
  })
})

describe('a program', () => {
  const program = new URL('../programs/watches.mjs', import.meta.url)
  test.each([
    ['nobody waits', 0, ''],
    ['somebody waits', 0, 'create\n'],
    ['a daemon waits', 0, ''],
    ['exits while somebody waits', 3, 'CLOSED\nthe loop ended\n'],
    ['watches in a worker', 0, 'create\n'],
  ])('that %s ends with code %i', async (name, code, output) => {
    const { stderr, stdout, code: actual } = await runProgram(program, { args: [name] })
    expect({ stderr, stdout, code: actual }).toEqual({ stderr: '', stdout: output, code })
  })
})
