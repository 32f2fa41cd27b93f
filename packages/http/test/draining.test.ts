import { Event, memoryStreamPair, spawn, whereAll, yieldSlice } from '@shrapnel/core'
import { expect, test } from 'vitest'
import { type Handler, serveStream } from '../src/index.js'
import { answers, get } from './conversation.js'

function begin(handler: Handler, draining: Event) {
  const [client, server] = memoryStreamPair()
  const session = spawn(() => serveStream(server, handler, { draining, lingerTimeoutMs: 10 }))
  const until = async (isEnough: (text: string) => boolean): Promise<string> => {
    let text = ''
    while (!isEnough(text)) {
      const bytes = await client.recv()
      if (bytes.length === 0) break
      text += bytes.toString('latin1')
    }
    return text
  }
  return { client, session, until }
}
const hello: Handler = () => ({ body: 'hello' })

test('a connection that waits for a request ends when it is to', async () => {
  const draining = new Event()
  const all = Array.from({ length: 3 }, () => begin(hello, draining))
  for (const { client, until } of all) {
    await client.send(get())
    expect(await until(answers(1))).not.toContain('Connection: close')
  }
  draining.set()
  for (const { session, until } of all) {
    expect(await until(() => false)).toBe('')
    await session.join()
  }
  expect(whereAll().toString()).not.toContain('http draining')
})

test('a connection ends behind the answer that it is at', async () => {
  const draining = new Event()
  const go = new Event()
  const begun = new Event()
  const { client, session, until } = begin(async () => {
    begun.set()
    await go.wait()
    return { body: 'late' }
  }, draining)
  await client.send(get() + get())
  await begun.wait()
  draining.set()
  await yieldSlice()
  go.set()
  const text = await until(() => false)
  expect(text).toMatch(/Connection: close\r\n(.*\r\n)*\r\nlate$/)
  expect(text.match(/HTTP\/1\.1 200/g)).toHaveLength(1)
  await session.join()
})

test('a connection that comes later gets one answer', async () => {
  const draining = new Event()
  draining.set()
  const { client, session, until } = begin(hello, draining)
  await client.send(get())
  expect(await until(() => false)).toContain('Connection: close')
  await session.join()
})

test('nobody waits for it when the last connection has ended', async () => {
  const draining = new Event()
  const one = begin(hello, draining)
  const other = begin(hello, draining)
  await one.client.send(get())
  await one.until(answers(1))
  await yieldSlice()
  expect(draining.waiting).toBe(1)
  one.client.close()
  await one.session.join()
  expect(draining.waiting).toBe(1)
  other.client.close()
  await other.session.join()
  expect(draining.waiting).toBe(0)
})

test('what is no event is refused', async () => {
  const [, server] = memoryStreamPair()
  await expect(serveStream(server, hello, { draining: true as unknown as Event })).rejects.toMatchObject({
    code: 'ERR_INVALID_ARG_TYPE',
  })
})
