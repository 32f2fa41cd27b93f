import { Event, memoryStreamPair, spawn, TimeoutError, withTimeout } from '@shrapnel/core'
import { describe, expect, test } from 'vitest'
import { type FormLimits, formBody, type Handler } from '../src/index.js'
import { answers, body, type Converse, inMemory, overSocket, post, status } from './conversation.js'

const TYPE = 'Content-Type: multipart/form-data; boundary=b\r\n'
const field = (name: string, data: string, more = ''): string =>
  `--b\r\nContent-Disposition: form-data; name="${name}"${more}\r\n\r\n${data}\r\n`
const form = (...parts: string[]): string => `${parts.join('')}--b--\r\n`

const places: readonly (readonly [string, Converse])[] = [
  ['in memory', inMemory],
  ['over a socket', overSocket],
]

async function ask(
  handler: Handler,
  text: string,
  fields = TYPE,
  converse: Converse = inMemory,
): Promise<string> {
  await using talk = await converse(handler)
  await talk.send(post(text, fields))
  return await talk.until(answers(1))
}

describe.each(places)('a form that comes %s', (_where, converse) => {
  const list: Handler = async (request) => {
    const seen: string[] = []
    for await (const part of request.body.parts())
      seen.push(`${part.name} ${part.filename} ${part.type} ${await part.body.text()}`)
    return { body: `${seen.join('; ')} ${request.body.isFinished}` }
  }

  test('is iterated over part by part, whole and byte by byte', async () => {
    const text = form(field('a', 'x'), field('f', 'data', '; filename="n"\r\nContent-Type: text/css'))
    const expected = 'a undefined text/plain x; f n text/css data true'
    await using talk = await converse(list)
    await talk.send(post(text, TYPE))
    expect(body(await talk.until(answers(1)))).toBe(expected)
    for (const byte of post(text, TYPE)) await talk.send(byte)
    expect(body(await talk.until(answers(1)))).toBe(expected)
  })

  test('passes over a part that nobody read, or not to its end', async () => {
    const big = 'x'.repeat(300_000)
    const answer = await ask(
      async (request) => {
        const seen: string[] = []
        const parts = request.body.parts()
        for await (const part of parts) {
          seen.push(part.name)
          if (part.name === 'b') seen.push(String((await part.body.recv(3)).length))
        }
        return { body: seen.join() }
      },
      form(field('a', big), field('b', big, '; filename=f'), field('c', '')),
      TYPE,
      converse,
    )
    expect(body(answer)).toBe('a,b,3,c')
  })

  test('has bodies that are streams', async () => {
    const big = 'abcdefghij'.repeat(30_000)
    const answer = await ask(
      async (request) => {
        const sizes: number[] = []
        for await (const part of request.body.parts()) {
          let size = 0
          for await (const piece of part.body) size += piece.length
          sizes.push(size, (await part.body.recv()).length)
        }
        return { body: sizes.join() }
      },
      form(field('a', big), field('b', '')),
      TYPE,
      converse,
    )
    expect(body(answer)).toBe('300000,0,0,0')
  })

  test('may be left alone after its first part', async () => {
    await using talk = await converse(async (request) => {
      for await (const { name } of request.body.parts()) return { body: name }
      return {}
    })
    await talk.send(post(form(field('a', '1'), field('b', '2')), TYPE) + post(form(field('c', '')), TYPE))
    expect((await talk.until(answers(2))).match(/\r\n\r\n[ac]/g)).toEqual(['\r\n\r\na', '\r\n\r\nc'])
  })

  test('at which a handler was cancelled is still there', async () => {
    const waits = new Event()
    await using talk = await converse(async (request) => {
      const parts = request.body.parts()
      const late: unknown[] = []
      const early = async (wait: () => Promise<unknown>): Promise<void> => {
        late.push(await withTimeout(5, wait).catch((error) => error instanceof TimeoutError))
      }
      await early(() => parts.next())
      waits.set()
      const { value: part } = await parts.next()
      if (part === undefined) throw new Error('there is no part')
      await early(() => part.body.bytes())
      await early(() => part.body.bytes())
      await talk.send('yz\r\n--b--')
      return { body: `${late} ${part.name} ${await part.body.text()} ${(await parts.next()).done}` }
    })
    const text = form(field('a', 'xxyz'))
    const head = post(text.slice(0, -2), TYPE)
    const cut = head.indexOf('name=')
    await talk.send(head.slice(0, cut))
    await waits.wait()
    await talk.send(head.slice(cut, head.indexOf('yz\r\n')))
    expect(body(await talk.until(answers(1)))).toBe('true,true,true a xxyz true')
  })

  test('that ends in the middle is told from a whole one', async () => {
    await using talk = await converse(list)
    await talk.send(post(field('a', 'x'), TYPE))
    expect(status(await talk.until(answers(1)))).toBe(400)
  })
})

describe('a form that is gathered', () => {
  const gather =
    (limits?: FormLimits): Handler =>
    async (request) => {
      const data = await request.body.formData(limits)
      const seen: string[] = []
      for (const [name, value] of data)
        seen.push(
          `${name}=${typeof value === 'string' ? value : `${value.name} ${value.type} ${await value.text()}`}`,
        )
      return { body: seen.join('; ') }
    }

  test('is fields and files', async () => {
    const text = form(
      field('a', '\xc3\xa4'),
      field('a', '2'),
      field('f', 'data', '; filename=n\r\nContent-Type: text/css'),
    )
    expect(body(await ask(gather(), text))).toBe(
      Buffer.from('a=ä; a=2; f=n text/css data').toString('latin1'),
    )
  })

  test('may be urlencoded', async () => {
    const type = 'Content-Type: application/x-www-form-urlencoded\r\n'
    expect(body(await ask(gather(), 'a=1&b=%20+', type))).toBe('a=1; b=  ')
  })

  const urlencoded = 'Content-Type: application/x-www-form-urlencoded\r\n'
  test.each([
    [{ maxParts: 1 }, form(field('a', ''), field('b', '')), TYPE, 413, 'maxParts'],
    [{ maxPartHeadBytes: 10 }, form(field('a', '')), TYPE, 413, 'maxPartHeadBytes'],
    [{ maxPartHeaders: 0 }, form(field('a', '')), TYPE, 413, 'maxPartHeaders'],
    [{ maxFieldBytes: 2 }, form(field('a', 'xxx')), TYPE, 413, 'maxFieldBytes'],
    [{ maxFileBytes: 2 }, form(field('a', 'xxx', '; filename=a')), TYPE, 413, 'maxFileBytes'],
    [{ maxMemoryBytes: 5 }, form(field('a', 'xx'), field('b', 'xx')), TYPE, 413, 'maxMemoryBytes'],
    [{ maxMemoryBytes: 5 }, 'a=12345', urlencoded, 413, 'maxMemoryBytes'],
    [{ maxParts: 1 }, 'a&b', urlencoded, 413, 'maxParts'],
    [{}, 'x', 'Content-Type: text/plain\r\n', 415, 'no form'],
    [{}, 'x', '', 415, 'no form'],
    [{}, 'x', 'Content-Type: multipart/form-data\r\n', 400, 'boundary'],
    [{}, 'x', TYPE, 400, 'last boundary'],
  ] as const)('with %j, past it or none, is refused: %#', async (limits, text, type, expected, words) => {
    const answer = await ask(gather(limits), text, type)
    expect([status(answer), body(answer)]).toEqual([expected, expect.stringContaining(words)])
  })

  test('refuses options that are none', async () => {
    const answer = await ask(async ({ body }) => {
      const codes: unknown[] = []
      for (const limits of [{ maxFoo: 1 }, { maxParts: -1 }, { maxParts: '1' }])
        await body.formData(limits as FormLimits).catch((error) => codes.push(error.code))
      return { body: codes.join() }
    }, '')
    expect(body(answer)).toBe('ERR_UNKNOWN_OPTION,ERR_OUT_OF_RANGE,ERR_INVALID_ARG_TYPE')
  })
})

test('a part is read by one at a time, cannot be sent to, and is no form', async () => {
  const answer = await ask(
    async (request) => {
      const { value: part } = await request.body.parts().next()
      const codes: unknown[] = []
      const code = (error: { code: string }): void => void codes.push(error.code)
      await Promise.resolve(part?.body.send('x')).catch(code)
      await part?.body.formData().catch(code)
      await part?.body.bytes({ maxBytes: 2 }).catch(code)
      part?.body.close()
      await part?.body.text().catch(code)
      return { body: codes.join() }
    },
    form(field('a', 'xxx')),
  )
  expect(body(answer)).toBe('HTTP_READ_ONLY,HTTP_SYNTAX,HTTP_LIMIT,HTTP_CUT')
})

test('a form goes out as a stream, and closes what it did not send', async () => {
  const [ours, theirs] = memoryStreamPair()
  await theirs.send('from a stream')
  await theirs.shutdown()
  const [unsent] = memoryStreamPair()
  const sent = spawn(async () => {
    let text = ''
    const { headers, body } = formBody(
      [['a', 'x'], { name: 'f', filename: 'n', data: ours }, ['late', unsent]],
      'b',
    )
    for await (const piece of body) {
      text += Buffer.from(piece).toString()
      if (text.includes('a stream')) break
    }
    return { text, headers }
  })
  const { text, headers } = await sent.join()
  expect(headers).toEqual({ 'Content-Type': 'multipart/form-data; boundary=b' })
  expect(text).toBe(
    `${field('a', 'x')}${field('f', '', '; filename="n"\r\nContent-Type: application/octet-stream').slice(0, -2)}from a stream`,
  )
  expect(unsent.isClosed).toBe(true)
})
