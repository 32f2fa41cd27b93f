import { memoryStreamPair, TimeoutError, withTimeout } from '@shrapnel/core'
import { expectFlatHeap } from '@shrapnel/test-support'
import { expect, test } from 'vitest'
import { fetchHandler, type Handler, serveStream } from '../src/index.js'
import { answers, inMemory, post } from './conversation.js'

const TYPE = 'Content-Type: multipart/form-data; boundary=b\r\n'
const part = '--b\r\nContent-Disposition: form-data; name="a"; filename=f\r\n\r\n'

test('forms that were read, left alone and cancelled leave the heap where it was', async () => {
  let round = 0
  await using talk = await inMemory(async ({ body }) => {
    const how = round++ % 3
    if (how === 0) await body.formData()
    const parts = how === 0 ? null : body.parts()
    await parts?.next()
    if (how === 2)
      await withTimeout(1, () => body.recv()).catch((error) => expect(error).toBeInstanceOf(TimeoutError))
    return {}
  })
  await expectFlatHeap(300, async () => {
    const text = post(`${part}${'x'.repeat(2_000)}\r\n--b--`, TYPE)
    await talk.send(text)
    await talk.until(answers(1))
  })
})

test('clients that go away in the middle of a stream leave the heap where it was', async () => {
  let cancelled = 0
  const handler: Handler = fetchHandler(() => {
    const body = new ReadableStream({
      pull: (controller) => controller.enqueue(new Uint8Array(1_000)),
      cancel: () => void cancelled++,
    })
    return new Response(body)
  })
  await expectFlatHeap(300, async () => {
    const [client, server] = memoryStreamPair()
    await client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    const session = serveStream(server, handler)
    await client.recv()
    client.close()
    await session
  })
  expect(cancelled).toBe(330)
})
