/** AsyncLocalStorages that the program has for itself. */
import { AsyncLocalStorage } from 'node:async_hooks'
import { expect, test } from 'vitest'
import { sleep, spawn, yieldSlice } from '../../src/index.js'

const storage = new AsyncLocalStorage<string>()

test('what one coroutine stores does not leak into others that start in the same turn', async () => {
  const seen: (string | undefined)[] = []
  const look = async (): Promise<void> => {
    seen.push(storage.getStore())
  }
  const first = storage.run('first', () => spawn(look))
  const second = spawn(look)
  await Promise.all([first.join(), second.join()])
  expect(seen).toEqual([undefined, undefined])
})

test('what a coroutine stores survives its waits', async () => {
  const coroutine = spawn(() =>
    storage.run('mine', async () => {
      await sleep(1)
      await yieldSlice()
      return storage.getStore()
    }),
  )
  expect(await coroutine.join()).toBe('mine')
})
