import { expect, test } from 'vitest'
import { Channel } from '../../src/channel/channel.js'
import { defaultCase, select, timeoutCase } from '../../src/channel/select.js'
import { main } from '../../src/spawn.js'

const texts = new Channel<string>(1)
const numbers = new Channel<number>(1)

/** Compiles if the compiler knows `actual` to be an `Expected`; a line that must not compile says so. */
function isA<Expected>(actual: Expected): Expected {
  return actual
}

test('comparing the case of a result tells the compiler the type of its value', async () => {
  const text = texts.receiveCase()
  const number = numbers.receiveCase()
  texts.trySend('a')
  const result = await select([text, number, timeoutCase(10), null])
  const got: unknown[] = [result.index]
  if (result.case === text) {
    isA<Channel<string>>(result.channel)
    // @ts-expect-error: the channel may be closed
    isA<string>(result.value)
    if (!result.closed) got.push(isA<string>(result.value))
    if (result.closed) got.push(isA<undefined>(result.value))
  }
  if (result.case === number && !result.closed) {
    // @ts-expect-error: it is a number
    isA<string>(result.value)
    got.push(isA<number>(result.value))
  }
  expect(got).toEqual([0, 'a'])
  expect(main().isDead).toBe(false)
})

test('so does comparing the index, or the kind', async () => {
  numbers.trySend(5)
  const result = await select([texts.receiveCase(), numbers.receiveCase(), timeoutCase(10), defaultCase()])
  const got: unknown[] = [isA<0 | 1 | 2 | 3>(result.index)]
  if (result.index === 1 && !result.closed) got.push(isA<number>(result.value))
  if (result.index === 3) got.push(isA<'default'>(result.kind))
  if (result.kind === 'timeout') got.push(isA<2>(result.index))
  if (result.kind === 'receive') got.push(isA<string | number | undefined>(result.value))
  expect(got).toEqual([1, 5, 5])
})

test('over a list of one sort of case, the value has its type and the index is a number', async () => {
  const list = [numbers, new Channel<number>(1)].map((channel) => channel.receiveCase())
  numbers.trySend(1)
  const result = await select(list)
  expect(isA<number>(result.index)).toBe(0)
  expect(isA<number | undefined>(result.value)).toBe(1)
})

test('a case that may be null does not change the types of the others', async () => {
  const maybe = (wanted: boolean) => (wanted ? texts.receiveCase() : null)
  numbers.trySend(1)
  const result = await select([maybe(false), numbers.receiveCase()])
  const got: unknown[] = []
  if (result.index === 0 && !result.closed) got.push(isA<string>(result.value))
  if (result.index === 1 && !result.closed) got.push(isA<number>(result.value))
  expect(got).toEqual([1])
})
