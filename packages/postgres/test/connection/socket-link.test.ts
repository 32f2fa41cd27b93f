import type { Socket } from '@shrapnel/core'
import { expect, test } from 'vitest'
import { SocketLink } from '../../src/connection/socket-link.js'

/** A socket that takes so many bytes at once, and the rest when `send` is called: at once, or later. */
function halfSocket(taken: number, send: (rest: Buffer) => void | Promise<void>): Socket {
  return { raw: () => ({ write: () => taken }), send } as unknown as Socket
}

function receiver() {
  const told: string[] = []
  return {
    told,
    isOver: false,
    isPaused: false,
    received: () => {},
    ended: () => {},
    sent: () => void told.push('sent'),
    sendFailed: (error: unknown) => void told.push(`failed: ${error}`),
  }
}

test('a send that finds room for the rest at once is over when it returns, and is not told of a second time', () => {
  const rests: string[] = []
  const owner = receiver()
  const link = new SocketLink(
    halfSocket(3, (rest) => void rests.push(String(rest))),
    owner,
  )
  expect(link.send(Buffer.from('abcdef'))).toBe(true)
  expect(rests).toEqual(['def'])
  expect(owner.told).toEqual([])
})

test('a send that waits for room is told of when the rest has gone', async () => {
  const owner = receiver()
  const gone = Promise.resolve()
  const link = new SocketLink(
    halfSocket(3, () => gone),
    owner,
  )
  expect(link.send(Buffer.from('abcdef'))).toBe(false)
  expect(owner.told).toEqual([])
  await gone
  await gone
  expect(owner.told).toEqual(['sent'])
})
