/** The record layer, fed in every way a transport may cut its bytes. */
import { type Socket, socketPair, spawn } from '@shrapnel/core'
import { seededRandom } from '@shrapnel/test-support'
import { describe, expect, test } from 'vitest'
import { receiveAll } from '../../core/test/stream/stream-contract.js'
import { house, secured } from './house.js'

const here = house()

/** Carries what comes to one socket to the other, in pieces of the sizes that `next` says. */
async function carry(from: Socket, to: Socket, next: () => number): Promise<void> {
  for (let bytes = await from.recv(next()); bytes.length > 0; bytes = await from.recv(next()))
    await to.send(bytes)
  to.shutdown()
}

const random = seededRandom(11)
const cuts: readonly (readonly [name: string, next: () => number])[] = [
  ['one byte at a time', () => 1],
  ['two bytes at a time', () => 2],
  ['pieces that end inside the header of a record', () => 3],
  ['headers alone', () => 5],
  ['a header and a byte', () => 6],
  ['a prime number of bytes', () => 997],
  ['pieces of all sizes', () => 1 + Math.floor(random() ** 4 * 40_000)],
  ['many records at once', () => 65_536],
]

describe.each(['TLSv1.3', 'TLSv1.2'] as const)('%s', (maxVersion) => {
  test.each(cuts)('gets through in %s, both ways', async (_name, next) => {
    const [a, b] = socketPair()
    const [c, d] = socketPair()
    const carriers = [spawn(carry, b, c, next), spawn(carry, c, b, next)]
    const [client, server] = await secured([a, d], here, { client: { maxVersion } })
    const data = Buffer.from(Array.from({ length: 20_000 }, (_, at) => at % 251))
    const speak = async (stream: typeof client): Promise<void> => {
      for (const size of [1, 0, 3, 16_000, 3996]) await stream.send(data.subarray(0, size))
      await stream.shutdown()
    }
    const outcomes = await Promise.all([
      spawn(receiveAll, client).join(),
      spawn(receiveAll, server).join(),
      spawn(speak, client).join(),
      spawn(speak, server).join(),
    ])
    const expected = Buffer.concat([1, 3, 16_000, 3996].map((size) => data.subarray(0, size)))
    expect(outcomes[0].equals(expected)).toBe(true)
    expect(outcomes[1].equals(expected)).toBe(true)
    client.close()
    server.close()
    for (const carrier of carriers) await carrier.join()
  })
})

test.each([1, 2, 7, 16_383, 16_384, 16_385, 65_536])(
  'records of any size are received in pieces of %i bytes, without a loss',
  async (max) => {
    const [client, server] = await secured(socketPair(), here)
    const data = Buffer.alloc(max < 100 ? 5000 : 400_000, 'abcdefg')
    const sending = spawn(async () => {
      await client.sendv([data.subarray(0, 100), data.subarray(100, 101), data.subarray(101)])
      await client.shutdown()
    })
    const chunks: Buffer[] = []
    for (let chunk = await server.recv(max); chunk.length > 0; chunk = await server.recv(max)) {
      expect(chunk.length).toBeLessThanOrEqual(max)
      chunks.push(chunk)
    }
    expect(Buffer.concat(chunks).equals(data)).toBe(true)
    await sending.join()
    client.close()
    server.close()
  },
)
