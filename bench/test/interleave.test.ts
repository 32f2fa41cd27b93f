/** The order in which contestants run. */
import { expect, test } from 'vitest'
import { interleave, pick } from '../src/interleave.js'

test('contestants take turns, and each round begins with another one', async () => {
  const order: string[] = []
  const contestants = ['a', 'b', 'c'].map((name) => ({
    name,
    measure: async () => order.push(name),
  }))
  await interleave(contestants, 3)
  expect(order.join('')).toBe('abcbcacab')
})

test('each contestant has one sample per round, in the order of the rounds', async () => {
  let turn = 0
  const contestants = ['a', 'b'].map((name) => ({ name, measure: async () => ({ turn: turn++ }) }))
  const samples = await interleave(contestants, 2)
  expect(pick(samples, (sample) => sample.turn)).toEqual(
    new Map([
      ['a', [0, 3]],
      ['b', [1, 2]],
    ]),
  )
})
