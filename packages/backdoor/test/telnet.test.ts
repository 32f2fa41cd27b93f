import { describe, expect, test } from 'vitest'
import { serve } from '../src/index.js'
import { Command, Option } from '../src/wire/telnet-codes.js'
import {
  encodeCommand,
  encodeOption,
  encodeSubnegotiation,
  encodeWindowSize,
} from '../src/wire/telnet-encoder.js'
import { openHouse } from './house.js'
import { PROMPT, Visitor } from './visitor.js'

// from: RFC 857, 858, 1073: IAC WILL ECHO, IAC WILL SUPPRESS-GO-AHEAD, IAC DO WINDOW-SIZE
const OFFER = Buffer.from('fffb01fffb03fffd1f', 'hex')
const AGREE = Buffer.concat([
  encodeOption('do', Option.ECHO),
  encodeOption('do', Option.SUPPRESS_GO_AHEAD),
  encodeOption('will', Option.WINDOW_SIZE),
  encodeSubnegotiation(Option.WINDOW_SIZE, encodeWindowSize(100, 30)),
])

async function telnet(port: number | undefined, answer: Uint8Array = AGREE): Promise<Visitor> {
  const visitor = await Visitor.over(port ?? 0)
  await visitor.sees('> ')
  visitor.type(answer)
  return visitor
}

test('a client is asked for its terminal before anything else, and gets a prompt that edits when it agrees', async () => {
  const { port } = await openHouse({ port: 0 })
  const visitor = await telnet(port)
  await visitor.sees(PROMPT)
  expect(visitor.bytes.subarray(0, OFFER.length)).toEqual(OFFER)
  await visitor.asks('coro.whereA\t', 'coro.whereAll')
  expect(await visitor.asks('().id\r\0', PROMPT)).toContain('\r\n0\r\n')
  expect(await visitor.asks('\x1b[A\r\n', PROMPT)).toContain('> coro.whereAll().id')
  visitor.type('\x04')
  await visitor.closed
})

test('agreement is not answered again', async () => {
  const { port } = await openHouse({ port: 0 })
  const visitor = await telnet(port)
  await visitor.sees(PROMPT)
  await visitor.asks(encodeCommand(Command.ARE_YOU_THERE), '[Yes')
  expect(visitor.bytes.subarray(OFFER.length).includes(255)).toBe(false)
})

test('a client that keeps its echo gets lines', async () => {
  const { port } = await openHouse({ port: 0 })
  const visitor = await telnet(port, encodeOption('dont', Option.ECHO))
  expect(await visitor.asks('1 + 1\r\n', '> ')).toBe('2\r\n> ')
  visitor.type(encodeCommand(Command.EOF))
  await visitor.closed
})

test('a window that changes its size is drawn anew', async () => {
  const { port } = await openHouse({ port: 0 })
  const visitor = await telnet(port)
  await visitor.sees(PROMPT)
  await visitor.asks('x'.repeat(60), 'x'.repeat(60))
  visitor.type(encodeSubnegotiation(Option.WINDOW_SIZE, encodeWindowSize(40, 30)))
  // 2 columns of prompt and 60 of text are two rows of 40: the cursor goes to column 23 of the second.
  await visitor.sees(`> ${'x'.repeat(60)}\x1b[23G`)
})

describe('an interrupt', () => {
  test('ends what runs', async () => {
    const { port } = await openHouse({ port: 0 })
    const visitor = await telnet(port)
    await visitor.sees(PROMPT)
    visitor.type('await new Promise(() => {})\r\0')
    await visitor.sees('\r\n')
    visitor.type(encodeCommand(Command.INTERRUPT_PROCESS))
    await visitor.sees('Uncaught Interrupted')
  })

  test('drops the line where nothing runs, and the timing mark that comes with it is given', async () => {
    const { port } = await openHouse({ port: 0 })
    const visitor = await telnet(port)
    await visitor.sees(PROMPT)
    await visitor.asks('throw 1', 'throw 1')
    visitor.type(
      Buffer.concat([encodeCommand(Command.INTERRUPT_PROCESS), encodeOption('do', Option.TIMING_MARK)]),
    )
    await visitor.sees(PROMPT)
    await visitor.asks('2\r\0', '\r\n2\r\n')
    expect(visitor.bytes.includes(Buffer.from(encodeOption('will', Option.TIMING_MARK)))).toBe(true)
  })
})

test('a client that breaks the rules is told so and sent away', async () => {
  const server = await openHouse({ port: 0 })
  const visitor = await telnet(server.port)
  const ended = server.sessions[0]?.coroutine.join()
  visitor.type(Buffer.concat([Buffer.from([255, 250, 31]), Buffer.alloc(10_000, 7)]))
  await expect(ended).rejects.toMatchObject({ code: 'LIMIT', limit: 'maxSubnegotiationBytes' })
  await visitor.sees('maxSubnegotiationBytes')
})

test('telnet: false asks for nothing', async () => {
  const { port } = await openHouse({ port: 0, telnet: false })
  const visitor = await Visitor.over(port ?? 0)
  const text = await visitor.leaves('1 + 1\n')
  expect(text).toBe('come in\r\n> 2\n> ')
})

test('a script over TCP is answered in lines after the offer of telnet', async () => {
  const { port } = await openHouse({ port: 0 })
  const visitor = await Visitor.over(port ?? 0)
  await visitor.leaves('1 + 1\n')
  expect(visitor.bytes.subarray(OFFER.length).toString()).toBe('come in\r\n> 2\n> ')
})

test('TCP is on the loopback interface unless asked otherwise', async () => {
  await using server = serve({ port: 0 })
  const [door] = (await import('@shrapnel/core'))
    .all()
    .filter(({ name }) => name.endsWith(`port ${server.port}`))
  expect(door?.name).toBe(`backdoor on 127.0.0.1 port ${server.port}`)
})
