import { AssertionError } from 'node:assert'
import { describe, expect, test } from 'vitest'
import {
  checkFeeding,
  checkFeedingOfMany,
  chunkings,
  everySplit,
  type Feedable,
  feed,
} from '../src/feeding.js'

/** One length byte, then so many letters. */
class WordDecoder implements Feedable<string> {
  #held: number[] = []

  push(chunk: Uint8Array): readonly string[] {
    this.#held.push(...chunk)
    const words: string[] = []
    for (;;) {
      const length = this.#held[0]
      if (length === undefined || this.#held.length < 1 + length) return words
      words.push(String.fromCharCode(...this.#held.splice(0, 1 + length).slice(1)))
    }
  }

  end(): void {
    if (this.#held.length > 0) throw new Error('truncated')
  }
}

const word = Buffer.from('\x05hello')
const make = () => new WordDecoder()

describe('checkFeeding', () => {
  test('a decoder that keeps what is unfinished passes', () => {
    checkFeeding(make, word, 'hello')
    checkFeedingOfMany(make, Buffer.from('\x01a\x00\x02bc'), ['a', '', 'bc'])
  })

  test('a decoder that needs the whole message in one chunk fails', () => {
    const forgetful = () => ({ push: (chunk: Uint8Array) => make().push(chunk) })
    expect(() => checkFeeding(forgetful, word, 'hello')).toThrow('byte by byte')
    expect(() => checkFeedingOfMany(forgetful, word, ['hello'])).toThrow('byte by byte')
  })

  test('a decoder that gives only one message for a chunk fails', () => {
    const one = () => {
      const inner = make()
      return { push: (chunk: Uint8Array) => inner.push(chunk).slice(0, 1) }
    }
    expect(() => checkFeeding(one, word, 'hello')).toThrow('twice in one chunk')
  })

  test('a decoder that answers before the last byte fails, and the byte is named', () => {
    const hasty = () => {
      let seen = ''
      return {
        push(chunk: Uint8Array) {
          seen += Buffer.from(chunk).toString('latin1')
          return seen.includes('hell') ? ['hello'] : []
        },
      }
    }
    expect(() => checkFeeding(hasty, word, 'hello')).toThrow('early at byte 4 of 6')
  })

  test('a decoder that ignores byteOffset fails', () => {
    const careless = () => ({
      push: (chunk: Uint8Array) => [Buffer.from(chunk.buffer, 0, chunk.length).toString('latin1')],
    })
    expect(() => checkFeeding(careless, Buffer.from('x'), 'x')).toThrow(AssertionError)
  })

  test('a decoder that changes its input does not change the bytes of the test', () => {
    const bytes = Uint8Array.from(word)
    const rude = () => {
      const inner = make()
      return {
        push(chunk: Uint8Array) {
          const words = inner.push(chunk)
          chunk.fill(0)
          return words
        },
      }
    }
    checkFeeding(rude, bytes, 'hello')
    expect(bytes).toEqual(Uint8Array.from(word))
  })

  test('an end() that complains after whole messages fails', () => {
    const grumbling = () => {
      const inner = make()
      return {
        push: (chunk: Uint8Array) => inner.push(chunk),
        end() {
          throw new Error('truncated')
        },
      }
    }
    expect(() => checkFeeding(grumbling, word, 'hello')).toThrow('end() complains after whole')
  })

  test('no bytes are no test', () => {
    expect(() => checkFeeding(make, new Uint8Array(), 'x')).toThrow('nothing to feed')
    expect(() => checkFeedingOfMany(make, new Uint8Array(), [])).toThrow('nothing to feed')
  })
})

describe('everySplit', () => {
  test('it gives each place between two bytes once', () => {
    const splits = [...everySplit(word)]
    expect(splits.map(([head]) => head.length)).toEqual([1, 2, 3, 4, 5])
    for (const [head, tail] of splits) expect(Buffer.concat([head, tail])).toEqual(word)
  })

  test('fewer than two bytes cannot be split', () => {
    expect([...everySplit(Uint8Array.of(1))]).toEqual([])
    expect([...everySplit(new Uint8Array())]).toEqual([])
  })

  test('a decoder can be fed each split', () => {
    for (const split of everySplit(word)) expect(feed(make(), split)).toEqual(['hello'])
  })
})

describe('chunkings', () => {
  const bytes = Uint8Array.from({ length: 300 }, (_, i) => i)

  test('each chunking holds all bytes in order, in chunks that are not empty', () => {
    const all = [...chunkings(bytes, 1, 50)]
    expect(all).toHaveLength(50)
    for (const chunks of all) {
      expect(new Uint8Array(Buffer.concat(chunks))).toEqual(bytes)
      expect(chunks.every((chunk) => chunk.length > 0)).toBe(true)
    }
  })

  test('the same seed cuts at the same places, another seed at others', () => {
    const places = (seed: number) =>
      [...chunkings(bytes, seed, 10)].map((chunks) => chunks.map((chunk) => chunk.length))
    expect(places(5)).toEqual(places(5))
    expect(places(5)).not.toEqual(places(6))
  })

  test('some chunkings are crumbs and some are large pieces', () => {
    const counts = [...chunkings(bytes, 9, 200)].map((chunks) => chunks.length)
    expect(Math.max(...counts)).toBeGreaterThan(100)
    expect(Math.min(...counts)).toBeLessThan(6)
  })

  test('no bytes give no chunks', () => {
    expect([...chunkings(new Uint8Array(), 1, 2)]).toEqual([[], []])
  })
})
