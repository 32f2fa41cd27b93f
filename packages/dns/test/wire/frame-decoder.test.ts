/** Messages out of a stream, however it is cut. */
import { checkFeeding, checkFeedingOfMany, chunkings, everySplit, feed } from '@shrapnel/test-support'
import { expect, test } from 'vitest'
import { encodeMessage, FrameDecoder } from '../../src/wire/index.js'
import { exchanges } from './fixtures.js'
import { PLAIN } from './messages.js'

const replies = exchanges('named.json').map(({ reply }) => reply)
const frame = (bytes: Uint8Array) => Buffer.concat([Buffer.of(bytes.length >> 8, bytes.length & 0xff), bytes])
const makeDecoder = () => ({
  decoder: new FrameDecoder(),
  push(chunk: Uint8Array) {
    return this.decoder.push(chunk).map((bytes) => Buffer.from(bytes))
  },
  end() {
    this.decoder.end()
  },
})

test('each message comes out whole, byte by byte and twice in one chunk', () => {
  for (const reply of replies.slice(0, 6)) checkFeeding(makeDecoder, frame(reply), reply)
  checkFeedingOfMany(makeDecoder, Buffer.concat(replies.map(frame)), replies)
})

test('the cut may be anywhere', () => {
  const stream = Buffer.concat(replies.slice(0, 4).map(frame))
  const hexOf = (list: readonly Buffer[]) => list.map((bytes) => bytes.toString('hex'))
  for (const chunks of everySplit(stream)) {
    expect(hexOf(feed(makeDecoder(), chunks))).toEqual(hexOf(replies.slice(0, 4)))
  }
  const whole = Buffer.concat(replies.map(frame))
  for (const chunks of chunkings(whole, 20_261_121, 300)) {
    expect(hexOf(feed(makeDecoder(), chunks))).toEqual(hexOf(replies))
  }
})

test('the longest message that there is goes through, in two chunks', () => {
  const longest = Buffer.alloc(0xffff, 7)
  const [first, second] = [frame(longest).subarray(0, 40_000), frame(longest).subarray(40_000)]
  const decoder = new FrameDecoder()
  expect(decoder.push(first)).toEqual([])
  expect(decoder.isInside).toBe(true)
  expect(Buffer.from(decoder.push(second)[0] as Uint8Array).equals(longest)).toBe(true)
  expect(decoder.isInside).toBe(false)
})

test('a message that is encoded with its length is one frame', () => {
  const bytes = encodeMessage(PLAIN, { framed: true })
  checkFeeding(makeDecoder, bytes, encodeMessage(PLAIN))
})

test('a decoder that failed stays so', () => {
  const decoder = new FrameDecoder()
  expect(() => decoder.push(Buffer.of(0, 0))).toThrow(expect.objectContaining({ code: 'DNS_FRAME_LENGTH' }))
  expect(() => decoder.push(frame(replies[0] as Buffer))).toThrow(
    expect.objectContaining({ code: 'DNS_FRAME_LENGTH' }),
  )
})
