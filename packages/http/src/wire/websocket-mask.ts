/**
 * Masking (RFC 6455, 5.3): every byte a client sends is XORed with one of four. Long runs go four bytes at a time, in place. On the way it
 * finds whether the bytes are ASCII, which makes the commonest text cheaper than a check of UTF-8.
 */
import { randomFillSync } from 'node:crypto'

/** Shorter runs cost less byte by byte. */
const LEAST_WORDWISE = 24
const POOL_BYTES = 8192

const keys = new Int32Array(POOL_BYTES / 4)
let nextKey = keys.length

/** A key nobody can foresee (RFC 6455, 10.3), its first byte lowest. */
export function randomKey(): number {
  if (nextKey === keys.length) {
    randomFillSync(keys)
    nextKey = 0
  }
  return keys[nextKey++] as number
}

/** The key of bytes that begin `bytes` later in the same frame. */
export function keyAfter(key: number, bytes: number): number {
  const bits = (bytes & 3) << 3
  return bits === 0 ? key : (key >>> bits) | (key << (32 - bits))
}

/** The words of the memory that was masked last: mostly it is one slab, again and again. */
let words: Int32Array<ArrayBufferLike> = new Int32Array(0)

function wordsOf(memory: ArrayBufferLike): Int32Array<ArrayBufferLike> {
  if (words.buffer !== memory) words = new Int32Array(memory, 0, memory.byteLength >>> 2)
  return words
}

/** Masks or unmasks `bytes` from `from` to `to` in place. Gives the bits that are set in any byte of the result, so below 128: all ASCII. */
export function applyMask(bytes: Uint8Array, from: number, to: number, key: number): number {
  let at = from
  let seen = 0
  if (to - from >= LEAST_WORDWISE) {
    const { byteOffset } = bytes
    while (((byteOffset + at) & 3) !== 0) {
      seen |= bytes[at] = (bytes[at] as number) ^ (key & 255)
      key = (key >>> 8) | (key << 24)
      at++
    }
    const list = wordsOf(bytes.buffer)
    let word = (byteOffset + at) >>> 2
    const last = word + ((to - at) >>> 2)
    at += (last - word) << 2
    for (; word + 4 <= last; word += 4) {
      const a = (list[word] as number) ^ key
      const b = (list[word + 1] as number) ^ key
      const c = (list[word + 2] as number) ^ key
      const d = (list[word + 3] as number) ^ key
      list[word] = a
      list[word + 1] = b
      list[word + 2] = c
      list[word + 3] = d
      seen |= a | b | c | d
    }
    for (; word < last; word++) {
      const a = (list[word] as number) ^ key
      list[word] = a
      seen |= a
    }
    seen |= seen >>> 16
    seen |= seen >>> 8
  }
  for (; at < to; at++) {
    seen |= bytes[at] = (bytes[at] as number) ^ (key & 255)
    key = (key >>> 8) | (key << 24)
  }
  return seen & 255
}
