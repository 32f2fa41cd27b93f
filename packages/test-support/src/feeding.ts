/**
 * Feeds a decoder the same bytes in different chunkings and asserts that the messages are the same. It knows nothing of
 * any protocol. Promise: every chunk is a copy at an odd offset of a larger buffer, so a decoder that forgets
 * `byteOffset`, or that changes its input, is found out and cannot spoil the next feeding.
 */
import assert from 'node:assert/strict'
import { seededRandom } from './seeded-random.js'

/** The shape of a decoder: what `push` returns are the messages that this chunk completed. */
export interface Feedable<Message> {
  push(chunk: Uint8Array): readonly Message[]
  /** The peer closed; throws if bytes of an unfinished message are held. */
  end?(): void
}

/**
 * Asserts that `bytes`, which hold exactly one message, give `expected`: whole, byte by byte (and not a byte too early),
 * and twice in one chunk. After each, `end()` must not complain.
 */
export function checkFeeding<Message>(
  makeDecoder: () => Feedable<Message>,
  bytes: Uint8Array,
  expected: Message,
): void {
  assert.ok(bytes.length > 0, 'there is nothing to feed')
  checkWhole(makeDecoder, bytes, [expected])

  const slow = makeDecoder()
  const last = bytes.length - 1
  for (let i = 0; i < last; i++) {
    assert.deepEqual([...slow.push(chunkOf(bytes, i, i + 1))], [], `early at byte ${i} of ${bytes.length}`)
  }
  assert.deepEqual([...slow.push(chunkOf(bytes, last, bytes.length))], [expected], 'byte by byte')
  checkEnd(slow, 'byte by byte')

  checkTwice(makeDecoder, bytes, [expected])
}

/**
 * The same for `bytes` that hold any number of whole messages: whole, byte by byte, and twice in one chunk. It cannot
 * tell a message that comes a byte too early; use `checkFeeding` for each kind of message first.
 */
export function checkFeedingOfMany<Message>(
  makeDecoder: () => Feedable<Message>,
  bytes: Uint8Array,
  expected: readonly Message[],
): void {
  assert.ok(bytes.length > 0, 'there is nothing to feed')
  checkWhole(makeDecoder, bytes, expected)
  const slow = makeDecoder()
  assert.deepEqual(feed(slow, singleBytes(bytes)), expected, 'byte by byte')
  checkEnd(slow, 'byte by byte')
  checkTwice(makeDecoder, bytes, expected)
}

/** Pushes every chunk and returns all messages in order. Does not call `end()`. */
export function feed<Message>(decoder: Feedable<Message>, chunks: Iterable<Uint8Array>): Message[] {
  const messages: Message[] = []
  for (const chunk of chunks) messages.push(...decoder.push(chunk))
  return messages
}

/** Every way to cut `bytes` into two chunks, neither of them empty. Fewer than two bytes have none. */
export function* everySplit(bytes: Uint8Array): Generator<readonly [Uint8Array, Uint8Array]> {
  for (let at = 1; at < bytes.length; at++) {
    yield [chunkOf(bytes, 0, at), chunkOf(bytes, at, bytes.length)]
  }
}

/**
 * `count` random ways to cut `bytes` into chunks, none of them empty, the same ones for the same seed. Some are all
 * crumbs, some all large pieces, as networks are; name the seed in the assertion.
 */
export function* chunkings(bytes: Uint8Array, seed: number, count: number): Generator<readonly Uint8Array[]> {
  const random = seededRandom(seed)
  for (let i = 0; i < count; i++) {
    const largest = Math.max(1, Math.ceil(bytes.length * random() ** 3))
    const chunks: Uint8Array[] = []
    for (let at = 0; at < bytes.length; ) {
      const next = Math.min(bytes.length, at + 1 + Math.floor(random() * largest))
      chunks.push(chunkOf(bytes, at, next))
      at = next
    }
    yield chunks
  }
}

function checkWhole<Message>(
  make: () => Feedable<Message>,
  bytes: Uint8Array,
  expected: readonly Message[],
): void {
  const decoder = make()
  assert.deepEqual([...decoder.push(chunkOf(bytes, 0, bytes.length))], expected, 'whole')
  checkEnd(decoder, 'whole')
}

function checkTwice<Message>(
  make: () => Feedable<Message>,
  bytes: Uint8Array,
  expected: readonly Message[],
): void {
  const double = new Uint8Array(bytes.length * 2)
  double.set(bytes)
  double.set(bytes, bytes.length)
  const decoder = make()
  const messages = [...decoder.push(chunkOf(double, 0, double.length))]
  assert.deepEqual(messages, [...expected, ...expected], 'twice in one chunk')
  checkEnd(decoder, 'twice in one chunk')
}

function checkEnd(decoder: Feedable<unknown>, how: string): void {
  assert.doesNotThrow(() => decoder.end?.(), `end() complains after ${how}`)
}

/** A copy of bytes[from, to) at offset 3 of a larger buffer, between bytes that belong to nobody. */
function chunkOf(bytes: Uint8Array, from: number, to: number): Uint8Array {
  const buffer = new Uint8Array(to - from + 8).fill(0xa5)
  const chunk = buffer.subarray(3, 3 + to - from)
  chunk.set(bytes.subarray(from, to))
  return chunk
}

function* singleBytes(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at++) yield chunkOf(bytes, at, at + 1)
}
