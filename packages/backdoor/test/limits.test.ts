import { spawn, tcp, unix } from '@shrapnel/core'
import { describe, expect, test } from 'vitest'
import { MAX_TYPED_AHEAD_BYTES } from '../src/session.js'
import { openHouse, runScript, visit, visitRaw } from './house.js'
import { PROMPT, Visitor } from './visitor.js'

describe('a peer that does not read', () => {
  test('ends its session when the output passes the limit, and that is reported', async () => {
    const server = await openHouse({ maxUnsentBytes: 1_000_000 })
    const peer = await unix.connect(server.unixPath)
    await peer.send("for (;;) { console.log('x'.repeat(1000)); await coro.yieldSlice() }\n")
    const ended = spawn(async () => {
      while (server.sessions.length === 0) await peer.recv(1)
      const [session] = server.sessions
      return session?.coroutine.join()
    })
    await expect(ended.join()).rejects.toMatchObject({
      name: 'BackdoorError',
      code: 'LIMIT',
      limit: 'maxUnsentBytes',
    })
    expect(server.sessions).toEqual([])
    peer.close()
  })

  test('over TCP is reset', async () => {
    const server = await openHouse({ port: 0, telnet: false, maxUnsentBytes: 1000 })
    const peer = await tcp.connect('127.0.0.1', server.port ?? 0)
    await peer.recv()
    const [session] = server.sessions
    await peer.send("'x'.repeat(9000)\n")
    await expect(session?.coroutine.join()).rejects.toMatchObject({ code: 'LIMIT', limit: 'maxUnsentBytes' })
    await expect((async () => peer.recv())()).rejects.toMatchObject({ code: 'ECONNRESET' })
    peer.close()
  })

  test('does not keep the program from printing: what passes the limit is dropped', async () => {
    const server = await openHouse({ maxUnsentBytes: 100_000, context: { counted: [] as number[] } })
    const peer = await unix.connect(server.unixPath)
    await peer.recv()
    const [session] = server.sessions
    await peer.send("for (let i = 0; i < 2000; i++) { console.log('x'.repeat(1000)); counted[0] = i }\n")
    await expect(session?.coroutine.join()).rejects.toMatchObject({ limit: 'maxUnsentBytes' })
    expect(await runScript(server.unixPath, 'counted\n')).toBe('[ 1999 ]\n> ')
    peer.close()
  })

  test('is no peer that reads slowly: a long result arrives whole', async () => {
    const { unixPath } = await openHouse()
    const text = await runScript(unixPath, "console.log('x'.repeat(3_000_000))\n")
    expect(text).toBe(`${'x'.repeat(3_000_000)}\nundefined\n> `)
  })
})

describe('a command that is too long', () => {
  test('ends the session, which says why', async () => {
    const server = await openHouse({ maxCommandBytes: 10_000 })
    const visitor = await visit(server.unixPath)
    const [session] = server.sessions
    visitor.type(`'${'x'.repeat(9000)}'.length\n`)
    await visitor.sees('9000\n')
    visitor.type(`'${'x'.repeat(11_000)}\n`)
    await visitor.sees('a command exceeds maxCommandBytes (10000)')
    await visitor.closed
    await expect(session?.coroutine.join()).rejects.toMatchObject({ code: 'LIMIT', limit: 'maxCommandBytes' })
  })

  test('may be one of many lines', async () => {
    const server = await openHouse({ maxCommandBytes: 10_000 })
    const { unixPath } = server
    const line = `${'x'.repeat(99)}\n`
    expect(await runScript(unixPath, `\`${line.repeat(80)}\`.length\n`)).toContain('8000\n')
    const visitor = await visit(unixPath)
    const ended = server.sessions.at(-1)?.coroutine.join()
    visitor.type(`\`${line.repeat(110)}`)
    await expect(ended).rejects.toMatchObject({ limit: 'maxCommandBytes' })
    await visitor.sees('maxCommandBytes')
  })

  test('is not one that was edited in pieces before it', async () => {
    const { unixPath } = await openHouse({ maxCommandBytes: 100 })
    const visitor = await visitRaw(unixPath)
    for (let i = 0; i < 5; i++) await visitor.asks(`'${'x'.repeat(60)}'\r`, `'\r\n${PROMPT}`)
    expect(visitor.text).not.toContain('maxCommandBytes')
  })
})

test('what is typed ahead has bounds: the socket is not read beyond them while something runs', async () => {
  const server = await openHouse()
  const peer = await unix.connect(server.unixPath)
  await peer.recv()
  await peer.send('await coro.sleep(1e9)\n')
  let sent = 0
  const sender = spawn(async () => {
    for (;;) {
      await peer.send('1\n'.repeat(10_000))
      sent += 20_000
    }
  })
  const held = spawn(async () => {
    // Until nothing has gone out for as long as a wait for it takes.
    for (let before = -1; before !== sent; ) {
      before = sent
      const input = () => server.sessions[0]?.coroutine.waitingOn
      for (let turns = 0; turns < 200; turns++) await new Promise((resolve) => setImmediate(resolve))
      expect(input()).toContain('sleep')
    }
  })
  await held.join()
  expect(sent).toBeLessThan(MAX_TYPED_AHEAD_BYTES + 2_000_000)
  sender.shutdown()
  server.sessions[0]?.coroutine.shutdown()
  peer.close()
})

test('more sessions than may be are turned away and told so, and there is room again when one leaves', async () => {
  const server = await openHouse({ maxSessions: 2 })
  const first = await visit(server.unixPath)
  await visit(server.unixPath)
  const third = await Visitor.over(server.unixPath)
  await third.closed
  expect(third.text).toBe('The backdoor has maxSessions (2) sessions already.\r\n')
  const [session] = server.sessions
  await first.leaves()
  await session?.coroutine.join()
  expect(await runScript(server.unixPath, '1\n')).toBe('1\n> ')
})

describe('a browser that is made to send its request here', () => {
  test.each([
    ['at once', ['POST / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\nran.push(1)\n']],
    ['in pieces', ['POST / HT', 'TP/1.1\r\n', 'Host: 127.0.0.1\r\n\r\n', 'ran.push(1)\n']],
    ['after an empty line', ['\r\n', 'GET /ran.push(1) HTTP/1.0\r\n\r\nran.push(1)\n']],
    ['with a path that is half a text', ['GET /`x HTTP/1.1\r\n', 'X: `\r\n\r\nran.push(1)\n']],
    ['in HTTP/2', ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nran.push(1)\n']],
  ])('runs nothing, %s', async (_, pieces) => {
    const ran: number[] = []
    const server = await openHouse({ port: 0, context: { ran } })
    const visitor = await Visitor.over(server.port ?? 0)
    await visitor.sees('> ')
    const [session] = server.sessions
    for (const piece of pieces) {
      visitor.type(piece)
      await new Promise((resolve) => setImmediate(resolve))
    }
    await visitor.sees('looks like an HTTP request')
    await visitor.closed
    await expect(session?.coroutine.join()).rejects.toMatchObject({ code: 'PROTOCOL' })
    expect(ran).toEqual([])
  })
})
