/**
 * Masking (RFC 6455, 5.3): every byte that a client sends is XORed with one of four. It is most of what a long message costs, so it is done
 * in place, 32 bytes at a time, by a few instructions of WebAssembly; four at a time where there is none. On the way it finds whether all is
 * ASCII, which spares the commonest text a check of UTF-8. What is received and sent in short lies in WebAssembly's memory, so that it need
 * not be copied there.
 */
import { randomFillSync } from 'node:crypto'

const REGION_BYTES = 65_536
/** In script, shorter runs cost less byte by byte. */
const LEAST_WORDWISE = 24
/** Elsewhere than in WebAssembly's memory, shorter runs are not worth the way there and back. */
const LEAST_COPIED = 256
const KEYS = 2048

/**
 * The module is the code of `maskInScript`'s loop, with SIMD:
 *
 *     (memory (export "m") 3 3)
 *     (func (export "f") (param $at i32) (param $end i32) (param $key i32) (result i32)
 *       ;; while 32 bytes are left: v = v128.load(at) ^ splat(key), stored back, twice; seen |= v; at += 32
 *       ;; then byte by byte, the key rotated
 *       ;; gives i8x16.bitmask(seen) | the high bits of the others: 0 if all is ASCII
 */
const MODULE =
  'AGFzbQEAAAABCAFgA39/fwF/AwIBAAUEAQEDAwcJAgFtAgABZgAACqkBAaYBAgN7An8gAv0RIQMgAUEgayEHAkADQCAAIAdKDQEgAP0ABAAgA/1RIQUgACAF/QsE' +
  'ACAEIAX9UCEEIAD9AAQQIAP9USEFIAAgBf0LBBAgBCAF/VAhBCAAQSBqIQAMAAsLIAT9ZCEHAkADQCAAIAFODQEgAC0AACACc0H/AXEhBiAAIAY6AAAgByAGQYAB' +
  'cXIhByACQQh4IQIgAEEBaiEADAALCyAHCw=='

type MaskMemory = (from: number, to: number, key: number) => number

/** The part of WebAssembly that is used; the types of Node have none. */
interface WebAssemblyApi {
  Module: new (code: Uint8Array) => object
  Instance: new (
    module: object,
  ) => { readonly exports: { readonly m: { readonly buffer: ArrayBuffer }; readonly f: MaskMemory } }
}

function load(): { readonly memory: ArrayBuffer; readonly mask: MaskMemory | null } {
  const { WebAssembly: api } = globalThis as { readonly WebAssembly?: WebAssemblyApi }
  try {
    if (api !== undefined) {
      const { m, f } = new api.Instance(new api.Module(Buffer.from(MODULE, 'base64'))).exports
      return { memory: m.buffer, mask: f }
    }
  } catch {
    // A processor without SIMD.
  }
  return { memory: new ArrayBuffer(3 * REGION_BYTES), mask: null }
}

const { memory, mask } = load()
const foreign: Buffer = Buffer.from(memory, 2 * REGION_BYTES, REGION_BYTES)

/** Where bytes are received, and where frames are put together: one of each for a thread, for whoever has its turn. */
export const receiveSlab: Buffer = Buffer.from(memory, 0, REGION_BYTES)
export const sendScratch: Buffer = Buffer.from(memory, REGION_BYTES, REGION_BYTES)

const keys = new Int32Array(KEYS)
let nextKey = KEYS

/** A key nobody can foresee (RFC 6455, 10.3), its first byte lowest. */
export function randomKey(): number {
  if (nextKey === KEYS) {
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

/** Masks or unmasks `bytes` from `from` to `to` in place. Below 128: all of the result is ASCII. */
export function applyMask(bytes: Uint8Array, from: number, to: number, key: number): number {
  if (mask === null) return maskInScript(bytes, from, to, key)
  const { byteOffset } = bytes
  if (bytes.buffer === memory) return mask(byteOffset + from, byteOffset + to, key) === 0 ? 0 : 128
  if (to - from < LEAST_COPIED) return maskInScript(bytes, from, to, key)
  let seen = 0
  for (let at = from; at < to; at += REGION_BYTES) {
    const end = Math.min(to, at + REGION_BYTES)
    const part = bytes.subarray(at, end)
    foreign.set(part)
    seen |= mask(foreign.byteOffset, foreign.byteOffset + part.length, key)
    part.set(part.length === REGION_BYTES ? foreign : foreign.subarray(0, part.length))
  }
  return seen === 0 ? 0 : 128
}

/** The words of the memory that was masked last. */
let words: Int32Array<ArrayBufferLike> = new Int32Array(0)

function wordsOf(buffer: ArrayBufferLike): Int32Array<ArrayBufferLike> {
  if (words.buffer !== buffer) words = new Int32Array(buffer, 0, buffer.byteLength >>> 2)
  return words
}

/** As `applyMask`, without WebAssembly. */
export function maskInScript(bytes: Uint8Array, from: number, to: number, key: number): number {
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
    const first = (byteOffset + at) >>> 2
    const last = first + ((to - at) >>> 2)
    at += (last - first) << 2
    for (let word = first; word < last; word++) {
      const masked = (list[word] as number) ^ key
      list[word] = masked
      seen |= masked
    }
    seen |= seen >>> 16
    seen |= seen >>> 8
  }
  for (; at < to; at++) {
    seen |= bytes[at] = (bytes[at] as number) ^ (key & 255)
    key = (key >>> 8) | (key << 24)
  }
  return seen & 128
}
