/** What is read in one turn has a share, and nobody is forgotten behind it. */
import { yieldSlice } from '@shrapnel/core'
import { expect, test } from 'vitest'
import { acceptWebSocket, connectWebSocket, serve } from '../../src/index.js'
import { intake, type Reader, TURN_BYTES } from '../../src/websocket/intake.js'

test('beyond a share the others wait for the end of the turn, in their order', async () => {
  const read: number[] = []
  const turns: number[] = []
  const makeReader = (number: number): Reader => ({
    readNow() {
      read.push(number)
      if (intake.isFull) intake.wait(this)
      else {
        intake.took(TURN_BYTES / 2)
        turns.push(number)
      }
    },
  })
  intake.took(TURN_BYTES)
  expect(intake.isFull).toBe(true)
  for (let number = 0; number < 7; number++) intake.wait(makeReader(number))
  expect(read, 'nobody in this turn').toEqual([])
  await yieldSlice()
  await yieldSlice()
  expect(turns).toEqual([0, 1, 2, 3, 4, 5, 6])
  expect(read, 'each is asked once').toEqual(turns)
  expect(intake.isFull).toBe(false)
})

test('a hundred WebSockets that are sent to at once are all answered, also those that close meanwhile', async () => {
  const server = await serve({ port: 0 }, (request) =>
    acceptWebSocket(request, { recycleMessages: true }, async (socket) => {
      for await (const message of socket) await socket.send(message)
    }),
  )
  const url = `ws://127.0.0.1:${server.port}/`
  const sockets = await Promise.all(Array.from({ length: 100 }, () => connectWebSocket(url)))
  const bytes = Buffer.alloc(20_000, 7)
  for (let round = 0; round < 3; round++) {
    for (const socket of sockets) await socket.send(bytes)
    for (const socket of sockets) expect(bytes.equals((await socket.receive()) as Buffer)).toBe(true)
  }
  for (const socket of sockets) await socket.send(bytes)
  const [leaving, staying] = [sockets.slice(0, 40), sockets.slice(40)]
  for (const socket of leaving) socket.terminate()
  for (const socket of staying) expect(bytes.equals((await socket.receive()) as Buffer)).toBe(true)
  for (const socket of sockets) await socket.close()
  expect(await server.stop()).toBe(0)
})
