import { Event, Interrupted, setExceptionNotifier, sleep, yieldSlice } from '@shrapnel/core'
import { describe, expect, onTestFinished, test } from 'vitest'
import {
  type EventStreamOptions,
  eventStream,
  type Handler,
  type SendEvent,
  type ServerSentEvent,
} from '../../src/index.js'
import { encodeComment, encodeEvent } from '../../src/wire/server-sent-event.js'
import { type Converse, get, inMemory, lastGet, overSocket } from '../conversation.js'
import { fieldsOf, makeRequest } from './handmade-request.js'

const refused = expect.objectContaining({ code: 'ERR_INVALID_ARG_VALUE' })

describe('an event', () => {
  test.each<[ServerSentEvent | string, string]>([
    ['hello', 'data: hello\n\n'],
    [{ data: 'a\nb\r\nc\rd' }, 'data: a\ndata: b\ndata: c\ndata: d\n\n'],
    [{ data: '' }, 'data: \n\n'],
    [{ event: 'tick', id: '7', retryMs: 50, data: 'x' }, 'event: tick\nid: 7\nretry: 50\ndata: x\n\n'],
    [{ id: '' }, 'id: \n\n'],
    ['x\n\ndata: injected', 'data: x\ndata: \ndata: data: injected\n\n'],
  ])('%j is one event on the wire', (event, text) => {
    expect(encodeEvent(event)).toBe(text)
  })

  test.each([
    [{ event: 'a\nb' }],
    [{ event: 'a\rb' }],
    [{ id: 'a\0b' }],
    [{ id: 'a\n\ndata: x' }],
    [{ retryMs: 1.5 }],
    [{ retryMs: -1 }],
    [{ retry: 5 }],
    [{ data: 5 }],
    [null],
  ])('%j is refused', (event) => {
    expect(() => encodeEvent(event as unknown as ServerSentEvent)).toThrow(refused)
  })

  test('does not come out of a comment', () => {
    expect(encodeComment('a\n\ndata: x')).toBe(': a\n: \n: data: x\n\n')
  })
})

const places: readonly (readonly [string, Converse])[] = [
  ['in memory', inMemory],
  ['over a socket', overSocket],
]

describe.each(places)('a stream of events %s', (_where, converse) => {
  const streaming =
    (fn: (send: SendEvent) => Promise<void>, options?: EventStreamOptions): Handler =>
    (request) =>
      eventStream(request, fn, options)

  test('sends what the program sends, and ends with it', async () => {
    await using talk = await converse(
      streaming(
        async (send) => {
          await send({ id: '1', data: 'one' })
          await send(`after ${send.lastEventId}`)
          await send.comment('bye')
        },
        { retryMs: 100 },
      ),
    )
    const text = await talk.ask(lastGet('/', 'Last-Event-ID: \xc3\xa97\r\n'))
    expect(text).toContain('Content-Type: text/event-stream; charset=utf-8\r\nCache-Control: no-store\r\n')
    const body = text.slice(text.indexOf('\r\n\r\n') + 4).replace(/[0-9a-f]*\r\n/g, '')
    expect(body).toBe('retry: 100\n\nid: 1\ndata: one\n\ndata: after \xc3\xa97\n\n: bye\n\n')
  })

  test('waits when the client takes nothing', async () => {
    let sent = 0
    const stopped = new Event()
    await using talk = await converse(
      streaming(
        async (send) => {
          try {
            for (;;) {
              await send('x'.repeat(100_000))
              sent++
            }
          } finally {
            stopped.set()
          }
        },
        { maxQueuedEvents: 4 },
      ),
    )
    await talk.send(get())
    for (let before = -1; before !== sent || sent === 0; ) {
      before = sent
      for (let i = 0; i < 20; i++) await yieldSlice()
    }
    expect(sent).toBeLessThan(400)
    const before = sent
    for (let i = 0; i < 200 && sent === before; i++) await talk.client.recv()
    expect(sent).toBeGreaterThan(before)
    talk.client.close()
    await stopped.wait()
  })

  test('is interrupted when the client goes away, wherever it waits', async () => {
    const began = new Event()
    const ended = new Event<unknown>()
    await using talk = await converse(
      streaming(async (send) => {
        await send('hello')
        began.set()
        try {
          await sleep(Number.POSITIVE_INFINITY)
        } catch (error) {
          ended.set(error)
          throw error
        }
      }),
    )
    await talk.send(get())
    await talk.until((text) => text.includes('hello'))
    await began.wait()
    talk.client.close()
    expect(await ended.wait()).toBeInstanceOf(Interrupted)
  })

  test('says something when nothing happens', async () => {
    await using talk = await converse(streaming(() => sleep(Number.POSITIVE_INFINITY), { heartbeatMs: 2 }))
    await talk.send(get())
    const text = await talk.until((all) => all.split('\r\n:\n\n\r\n').length > 3)
    expect(text).toContain('text/event-stream')
  })

  test('is broken off by what the program throws, and does not look whole', async () => {
    const errors: unknown[] = []
    const before = setExceptionNotifier((error) => void errors.push(error))
    onTestFinished(() => void setExceptionNotifier(before))
    await using talk = await converse(
      streaming(async (send) => {
        await send('one')
        throw new Error('broken')
      }),
    )
    await talk.send(get())
    const text = await talk.rest().catch(() => 'reset')
    expect(text).not.toContain('\r\n0\r\n\r\n')
    while (errors.length === 0) await yieldSlice()
    expect(errors).toEqual([expect.objectContaining({ message: 'broken' })])
  })

  test('puts the events of one turn into one chunk', async () => {
    await using talk = await converse(
      streaming(async (send) => {
        for (const data of ['a', 'b', 'c']) await send(data)
      }),
    )
    const text = await talk.ask(lastGet())
    expect(text).toMatch(/\r\n1b\r\ndata: a\n\ndata: b\n\ndata: c\n\n\r\n/)
  })

  test('answers HEAD with its fields alone', async () => {
    let isCalled = false
    await using talk = await converse(
      streaming(async () => {
        isCalled = true
      }),
    )
    expect(await talk.ask('HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')).toContain(
      'event-stream',
    )
    expect(isCalled).toBe(false)
  })
})

test('a stream of events refuses options that it does not know', () => {
  expect(() => eventStream(makeRequest(), () => {}, { heartbeat: 1 } as object)).toThrow(
    expect.objectContaining({ code: 'ERR_UNKNOWN_OPTION' }),
  )
  expect(fieldsOf(eventStream(makeRequest(), () => {})).get('x-accel-buffering')).toBe('no')
})
