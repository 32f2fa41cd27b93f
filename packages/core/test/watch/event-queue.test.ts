/** The queue between a source and whoever waits: what it merges, and what it does when it is full. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ClosedError } from '../../src/errors.js'
import { EventQueue } from '../../src/watch/event-queue.js'
import type { WatchEvent } from '../../src/watch/watch-event.js'

function parse(text: string): WatchEvent {
  const [type, path = '', from] = text.split(' ')
  return (type === 'rename' ? { type, path, from } : { type, path }) as WatchEvent
}

function textOf(event: WatchEvent): string {
  return event.type === 'rename' ? `rename ${event.path} ${event.from}` : `${event.type} ${event.path}`
}

function takeAll(queue: EventQueue): string[] {
  const texts: string[] = []
  while (queue.size > 0) texts.push(textOf(queue.take()))
  return texts
}

/** What is left in a queue of `limit` after these, which nobody takes. */
function queued(texts: readonly string[], limit = 100): string[] {
  const queue = new EventQueue('top', limit)
  for (const text of texts) queue.push(parse(text))
  return takeAll(queue)
}

describe('a modify that is still queued', () => {
  test.each([
    ['takes an equal one in', ['modify a', 'modify a'], ['modify a']],
    [
      'takes it in over others',
      ['modify a', 'modify b', 'attrib a', 'modify a'],
      ['modify a', 'modify b', 'attrib a'],
    ],
    [
      'does not after a rename',
      ['modify a', 'rename b a', 'modify a'],
      ['modify a', 'rename b a', 'modify a'],
    ],
    ['does not after a delete', ['modify a', 'delete d', 'modify a'], ['modify a', 'delete d', 'modify a']],
  ])('%s', (_, pushed, left) => {
    expect(queued(pushed)).toEqual(left)
  })

  test('that was taken takes nothing in', () => {
    const queue = new EventQueue('top', 100)
    for (let round = 0; round < 3; round++) {
      queue.push(parse('modify a'))
      queue.push(parse('modify a'))
      expect(takeAll(queue)).toEqual(['modify a'])
    }
  })

  test('and an older one that is taken leaves it to take others in', () => {
    const queue = new EventQueue('top', 100)
    for (const text of ['modify a', 'delete b', 'modify a']) queue.push(parse(text))
    expect(textOf(queue.take())).toBe('modify a')
    queue.push(parse('modify a'))
    expect(takeAll(queue)).toEqual(['delete b', 'modify a'])
  })
})

describe('when there are too many', () => {
  test('an overflow takes the place of all others until it was taken', () => {
    const queue = new EventQueue('top', 2)
    for (const text of ['create a', 'create b', 'create c', 'modify a', 'create d']) queue.push(parse(text))
    expect(textOf(queue.take())).toBe('create a')
    queue.push(parse('create e'))
    expect(textOf(queue.take())).toBe('create b')
    queue.push(parse('create f'))
    expect(textOf(queue.take())).toBe('overflow top')
    queue.push(parse('create g'))
    expect(takeAll(queue)).toEqual(['create g'])
  })

  test('an overflow of the kernel is told in its place, once', () => {
    expect(queued(['create a', 'overflow x', 'overflow x', 'create b'])).toEqual(['create a', 'overflow top'])
  })

  test('it never holds more than the limit and the overflow, and loses nothing without one', () => {
    const text = fc.constantFrom('create a', 'modify a', 'modify b', 'delete a', 'rename b a', 'overflow a')
    fc.assert(
      fc.property(fc.array(text, { maxLength: 30 }), fc.integer({ min: 1, max: 8 }), (texts, limit) => {
        const left = queued(texts, limit)
        expect(left.length).toBeLessThanOrEqual(limit + 1)
        const overflow = left.indexOf('overflow top')
        expect([-1, left.length - 1]).toContain(overflow)
        const kept = (each: readonly string[]) => each.filter((one) => !/^(?:modify|overflow)/.test(one))
        const told = kept(left)
        expect(kept(texts).slice(0, told.length)).toEqual(told)
        expect(overflow >= 0 || told.length === kept(texts).length).toBe(true)
      }),
    )
  })
})

test('after the end what is queued can be taken, and nothing is added; after close there is nothing', () => {
  const queue = new EventQueue('top', 10)
  queue.push(parse('create a'))
  queue.end()
  queue.push(parse('create b'))
  expect(queue.isOver).toBe(false)
  expect(takeAll(queue)).toEqual(['create a'])
  expect(queue.isOver).toBe(true)
  expect(() => queue.claim()).toThrow(ClosedError)

  const other = new EventQueue('top', 10)
  other.push(parse('create a'))
  other.close()
  expect(other.isOver).toBe(true)
})

test('a failure comes after the last event, again and again', () => {
  const queue = new EventQueue('top', 10)
  queue.push(parse('create a'))
  queue.fail(new Error('no more watches'))
  queue.end()
  queue.claim()
  expect(takeAll(queue)).toEqual(['create a'])
  for (let i = 0; i < 2; i++) expect(() => queue.claim()).toThrow('no more watches')
})
