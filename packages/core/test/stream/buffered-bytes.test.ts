import { expect, test } from 'vitest'
import { BufferedBytes } from '../../src/stream/buffered-bytes.js'

const SLACK_BYTES = 4096

test('bytes that come one at a time are each looked at a constant number of times, and cost a constant each', () => {
  const bytes = new BufferedBytes()
  const count = 1_000_000
  let mostWaste = 0
  // Were the search to begin again for each byte, this would look at half a million million of them.
  for (let i = 0; i < count; i++) {
    bytes.append(Buffer.from('x'))
    if (bytes.takeUntil('\r\n\r\n', 4, count) !== undefined) throw new Error(`a delimiter was found at ${i}`)
    mostWaste = Math.max(mostWaste, bytes.capacity / bytes.length)
  }
  expect(mostWaste).toBeLessThanOrEqual(2)
  bytes.append(Buffer.from('\r\n\r\n'))
  expect(bytes.takeUntil('\r\n\r\n', 4, count)).toHaveLength(count)
  expect(bytes.capacity).toBe(0)
})

test('an empty one holds no memory, and one that waits with a short rest holds little', () => {
  const bytes = new BufferedBytes()
  expect(bytes.capacity).toBe(0)
  bytes.append(Buffer.alloc(60_000))
  bytes.takeExact(59_990)
  bytes.trim()
  expect(bytes.length).toBe(10)
  expect(bytes.capacity).toBeLessThanOrEqual(4 * 10 + SLACK_BYTES)
  bytes.takeExact(10)
  expect(bytes.capacity).toBe(0)
})

test('a block that is announced and does not come costs one chunk, whatever its length', () => {
  const bytes = new BufferedBytes()
  expect(bytes.roomView(16 * 1024 * 1024, 65_536)).toHaveLength(65_536)
  bytes.filled(0)
  expect(bytes.capacity).toBe(0)
})

test('a large block that is read into its place is handed over without copying', () => {
  const bytes = new BufferedBytes()
  const wanted = 1_000_000
  let last: Buffer = Buffer.alloc(0)
  while (bytes.length < wanted) {
    last = bytes.roomView(wanted, 65_536)
    expect(last.length).toBeGreaterThan(0)
    bytes.filled(last.length)
    expect(bytes.capacity).toBeLessThanOrEqual(Math.max(2 * bytes.length, 65_536))
  }
  const block = bytes.takeExact(wanted)
  expect(block).toHaveLength(wanted)
  expect(block?.buffer).toBe(last.buffer)
  expect(bytes.capacity).toBe(0)
})

test('what is to be skipped is dropped as it comes, in whatever chunks', () => {
  const bytes = new BufferedBytes()
  bytes.append(Buffer.from('ab'))
  bytes.skip(5)
  expect([bytes.length, bytes.toSkip]).toEqual([0, 3])
  bytes.append(Buffer.from('cd'))
  expect([bytes.length, bytes.toSkip]).toEqual([0, 1])
  bytes.append(Buffer.from('ef'))
  expect(String(bytes.takeSome(10))).toBe('f')
})
