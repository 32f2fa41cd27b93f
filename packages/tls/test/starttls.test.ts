/** From plain text to TLS on the same connection, and what a man in the middle may try with it (CVE-2011-0411 and its kind). */
import { BufferedReader, memoryStreamPair, type Stream, socketPair, spawn, withTimeout } from '@shrapnel/core'
import { describe, expect, test } from 'vitest'
import { tls } from '../src/index.js'
import { house, secured, TRANSPORTS } from './house.js'

const here = house()

describe.each(TRANSPORTS)('on %s', (_name, connect) => {
  test('either side goes from lines of plain text to TLS, and the lines after it are protected', async () => {
    const [left, right] = await connect(here)
    const serving = spawn(async () => {
      const plain = new BufferedReader(right)
      expect(await plain.readLine()).toBe('STARTTLS')
      await right.send('220 go ahead\r\n')
      const stream = await tls.upgrade(plain, { ...here.server, isServer: true })
      const lines = new BufferedReader(stream)
      await stream.send(`250 ${await lines.readLine()}\r\n`)
      return stream
    })
    const plain = new BufferedReader(left)
    await left.send('STARTTLS\r\n')
    expect(await plain.readLine()).toBe('220 go ahead')
    const stream = await tls.upgrade(plain, here.client)
    await stream.send('HELLO\r\n')
    expect(await new BufferedReader(stream).readLine()).toBe('250 HELLO')
    const server = await serving.join()
    stream.close()
    server.close()
  })

  test.each([
    ['server', { isServer: true }],
    ['client', {}],
  ] as const)('a %s refuses what came with the plain text, and closes the connection', async (role, side) => {
    const [left, right] = await connect(here)
    const options = role === 'server' ? { ...here.server, ...side } : { ...here.client, ...side }
    const plain = new BufferedReader(left)
    await right.send('STARTTLS\r\nDELETE everything\r\n')
    expect(await plain.readLine()).toBe('STARTTLS')
    const upgraded = tls.upgrade(plain, options as never)
    await expect(upgraded).rejects.toMatchObject({ name: 'TlsError', code: 'TLS_EARLY_BYTES' })
    expect(left.isClosed).toBe(true)
    right.close()
  })

  test('what came with the plain text and lies in the kernel is no TLS either', async () => {
    const [left, right] = await connect(here)
    await right.send('STARTTLS\r\nDELETE everything\r\n')
    expect(String(await left.recv(10))).toBe('STARTTLS\r\n')
    const upgraded = tls.upgrade(left, { ...here.server, isServer: true })
    await expect(upgraded).rejects.toMatchObject({ code: 'TLS_NOT_TLS' })
    expect(left.isClosed).toBe(true)
    right.close()
  })
})

test('what a recvExact left behind is refused', async () => {
  const [left, right] = socketPair()
  await right.send('abc')
  await expect(withTimeout(1, () => left.recvExact(5))).rejects.toMatchObject({ code: 'TIMEOUT' })
  await expect(tls.upgrade(left, here.client)).rejects.toMatchObject({ code: 'TLS_EARLY_BYTES' })
  expect(left.isClosed).toBe(true)
  right.close()
})

test('TLS in TLS in TLS carries what is sent, and each layer ends in order', async () => {
  let ends: readonly [Stream, Stream] = memoryStreamPair()
  for (let layer = 0; layer < 3; layer++) ends = await secured(ends, here)
  const data = Buffer.alloc(200_000, 'layers ')
  const sending = spawn(async () => {
    await ends[0].send(data)
    await ends[0].shutdown()
  })
  const chunks: Buffer[] = []
  for (let chunk = await ends[1].recv(); chunk.length > 0; chunk = await ends[1].recv()) chunks.push(chunk)
  expect(Buffer.concat(chunks).equals(data)).toBe(true)
  await sending.join()
  for (const end of ends) end.close()
})
