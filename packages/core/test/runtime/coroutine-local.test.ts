/** Values that every coroutine has for itself. */
import { collectGarbage } from '@shrapnel/test-support'
import { expect, test } from 'vitest'
import { CoroutineLocal, group, sleep, spawn, withTimeout, yieldSlice } from '../../src/index.js'
import { cleanGround } from './harness.js'

const ground = cleanGround()

test('every coroutine has a value of its own, and so has code outside of any', async () => {
  const local = new CoroutineLocal(() => 'nobody')
  const session = async (name: string): Promise<string> => {
    local.set(name)
    await yieldSlice()
    await Promise.resolve()
    return local.get()
  }
  local.set('main')
  const coroutines = ['ada', 'bob', 'eve'].map((name) => spawn(session, name))
  expect(await Promise.all(coroutines.map((each) => each.join()))).toEqual(['ada', 'bob', 'eve'])
  expect(local.get()).toBe('main')
  local.delete()
})

test('the initial value is made for each coroutine when it first asks, and once', async () => {
  let made = 0
  const local = new CoroutineLocal(() => ({ number: ++made }))
  const ask = async (): Promise<boolean> => local.get() === (await Promise.resolve(local.get()))
  expect(await spawn(ask).join()).toBe(true)
  expect(await spawn(ask).join()).toBe(true)
  expect(made).toBe(2)
})

test('without an initial value there is none until one is set', async () => {
  const local = new CoroutineLocal<number | undefined>()
  const seen = await spawn(() => {
    const before = local.get()
    local.set(5)
    return [before, local.get()]
  }).join()
  expect(seen).toEqual([undefined, 5])
})

test('undefined can be set, and is then not the initial value', async () => {
  const local = new CoroutineLocal<number | undefined>(() => 1)
  const seen = await spawn(() => {
    local.set(undefined)
    return local.get()
  }).join()
  expect(seen).toBeUndefined()
})

test('delete brings the initial value back', async () => {
  const local = new CoroutineLocal(() => 'initial')
  const seen = await spawn(() => {
    local.set('other')
    local.delete()
    const after = local.get()
    local.delete()
    local.delete()
    return after
  }).join()
  expect(seen).toBe('initial')
})

test('what is spawned inherits nothing', async () => {
  const local = new CoroutineLocal(() => 'initial')
  const seen = await spawn(async () => {
    local.set('parent')
    const child = await spawn(() => local.get()).join()
    const inGroup = await group((g) => g.spawn(() => local.get()).join())
    return [child, inGroup, local.get()]
  }).join()
  expect(seen).toEqual(['initial', 'initial', 'parent'])
})

test('scopes do not hide a value, nor keep one for themselves', async () => {
  const local = new CoroutineLocal(() => 0)
  const seen = await spawn(async () => {
    local.set(1)
    const inside = await withTimeout(5, async () => {
      const before = local.get()
      local.set(2)
      return before
    })
    return [inside, local.get()]
  }).join()
  expect(seen).toEqual([1, 2])
})

test('two locals do not mix', async () => {
  const [one, other] = [new CoroutineLocal<string | undefined>(), new CoroutineLocal<string | undefined>()]
  const seen = await spawn(() => {
    one.set('one')
    other.set('other')
    return [one.get(), other.get()]
  }).join()
  expect(seen).toEqual(['one', 'other'])
})

test('an initial value that throws is asked for again the next time', async () => {
  let asked = 0
  const local = new CoroutineLocal(() => {
    if (++asked === 1) throw new Error('not yet')
    return asked
  })
  const seen = await spawn(() => {
    expect(() => local.get()).toThrow('not yet')
    return local.get()
  }).join()
  expect(seen).toBe(2)
})

test('a value goes with its coroutine, even if somebody keeps the coroutine', async () => {
  const local = new CoroutineLocal<object | undefined>()
  let reference: WeakRef<object> | undefined
  const coroutine = spawn(async () => {
    const value = { large: true }
    reference = new WeakRef(value)
    local.set(value)
    await sleep(1)
  })
  await ground.clock.advance(1)
  await ground.clock.settle()
  collectGarbage()
  expect(coroutine.state).toBe('done')
  expect(reference?.deref()).toBeUndefined()
})
