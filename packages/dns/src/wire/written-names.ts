/**
 * What a message holds already of names, so that the next one can point there. Twice: whole names by their text, for the usual case of
 * records that belong to one name, and every suffix by a hash of its bytes. Forgetting costs nothing: what is stale gives itself away.
 */
import type { LabelWriter } from './label-writer.js'
import { POINTER_BITS } from './layout.js'
import { MAX_LABEL_BYTES, MAX_POINTER_TARGET } from './limits.js'

const MAX_WHOLE_NAMES = 16
const BUCKETS = 1024
const MAX_SUFFIXES = 4096
const NONE = 0xffff
/** So that nobody can make names that all fall into one bucket. */
const SEED = Math.floor(Math.random() * 0x7fff_ffff)

export class WrittenNames {
  readonly #names: string[] = Array.from({ length: MAX_WHOLE_NAMES }, () => '')
  readonly #nameOffsets = new Uint16Array(MAX_WHOLE_NAMES)
  #nameCount = 0
  /** The newest entry of each bucket; true only if that entry falls into the bucket. */
  readonly #heads = new Uint16Array(BUCKETS).fill(NONE)
  readonly #hashes = new Int32Array(MAX_SUFFIXES)
  readonly #offsets = new Uint16Array(MAX_SUFFIXES)
  readonly #nexts = new Uint16Array(MAX_SUFFIXES)
  #count = 0
  #target = 0
  readonly #labelHashes = new Int32Array(MAX_LABEL_BYTES * 4)

  forget(): void {
    this.#nameCount = 0
    this.#count = 0
  }

  /** Forgets what was written at `at` or later. */
  forgetFrom(at: number): void {
    let kept = 0
    for (let i = 0; i < this.#nameCount; i++) {
      if ((this.#nameOffsets[i] as number) >= at) continue
      this.#names[kept] = this.#names[i] as string
      this.#nameOffsets[kept] = this.#nameOffsets[i] as number
      kept++
    }
    this.#nameCount = kept
    let count = this.#count
    while (count > 0 && (this.#offsets[count - 1] as number) >= at) {
      count--
      const bucket = (this.#hashes[count] as number) & (BUCKETS - 1)
      this.#heads[bucket] = this.#nexts[count] as number
    }
    this.#count = count
  }

  /** Where the same text was written, or -1. */
  find(name: string): number {
    for (let i = 0; i < this.#nameCount; i++) {
      if (this.#names[i] === name) return this.#nameOffsets[i] as number
    }
    return -1
  }

  /** Puts a pointer in place of the longest suffix that is there already, remembers the rest, and returns where the name ends now. */
  compress(name: string, bytes: Uint8Array, labels: LabelWriter, end: number): number {
    if (labels.count === 0) return end
    const label = this.remember(name, bytes, labels)
    if (label < 0) return end
    const start = labels.starts[label] as number
    bytes[start] = POINTER_BITS | (this.#target >>> 8)
    bytes[start + 1] = this.#target & 0xff
    return start + 2
  }

  /** Remembers a name that was written. Gives the first of its labels whose suffix was there before, or -1; where it was is `#target`. */
  remember(name: string, bytes: Uint8Array, labels: LabelWriter): number {
    const { count, starts } = labels
    if (count === 0) return -1
    const hashes = this.#labelHashes
    let hash = SEED
    for (let label = count - 1; label >= 0; label--) {
      const start = starts[label] as number
      const stop = start + (bytes[start] as number)
      for (let at = start; at <= stop; at++) hash = Math.imul(hash ^ (bytes[at] as number), 0x0100_0193)
      hash ^= hash >>> 15
      hashes[label] = hash
    }
    let found = -1
    for (let label = 0; label < count; label++) {
      const start = starts[label] as number
      const target = this.#suffix(hashes[label] as number, bytes, start)
      if (target >= 0) {
        this.#target = target
        found = label
        break
      }
      this.#add(hashes[label] as number, start)
    }
    // What is a pointer alone is remembered by what it points to.
    const offset = found === 0 ? this.#target : (starts[0] as number)
    if (this.#nameCount < MAX_WHOLE_NAMES && offset <= MAX_POINTER_TARGET) {
      this.#names[this.#nameCount] = name
      this.#nameOffsets[this.#nameCount] = offset
      this.#nameCount++
    }
    return found
  }

  #suffix(hash: number, bytes: Uint8Array, start: number): number {
    const bucket = hash & (BUCKETS - 1)
    let entry = this.#heads[bucket] as number
    if (entry >= this.#count || ((this.#hashes[entry] as number) & (BUCKETS - 1)) !== bucket) return -1
    while (entry !== NONE) {
      const offset = this.#offsets[entry] as number
      if (this.#hashes[entry] === hash && isSameName(bytes, start, offset)) return offset
      entry = this.#nexts[entry] as number
    }
    return -1
  }

  #add(hash: number, offset: number): void {
    const entry = this.#count
    if (offset > MAX_POINTER_TARGET || entry >= MAX_SUFFIXES) return
    const bucket = hash & (BUCKETS - 1)
    const head = this.#heads[bucket] as number
    const isLive = head < entry && ((this.#hashes[head] as number) & (BUCKETS - 1)) === bucket
    this.#hashes[entry] = hash
    this.#offsets[entry] = offset
    this.#nexts[entry] = isLive ? head : NONE
    this.#heads[bucket] = entry
    this.#count = entry + 1
  }
}

/** Whether the name at `whole`, which has no pointers, is the one at `other`, which may have some. */
function isSameName(bytes: Uint8Array, whole: number, other: number): boolean {
  let a = whole
  let b = other
  for (;;) {
    let length = bytes[b] as number
    while (length >= POINTER_BITS) {
      b = (length & MAX_LABEL_BYTES) * 256 + (bytes[b + 1] as number)
      length = bytes[b] as number
    }
    if (bytes[a] !== length) return false
    if (length === 0) return true
    for (let i = 1; i <= length; i++) if (bytes[a + i] !== bytes[b + i]) return false
    a += length + 1
    b += length + 1
  }
}
