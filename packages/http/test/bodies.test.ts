/** Bodies that come in, on either side: their bytes come once, and what is wrong with them is said with what the side knows. */
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { createClient, type Handler, type HttpError, type HttpResponse, serve } from '../src/index.js'
import { body, inMemory, overSocket, post } from './conversation.js'

type Read = (
  body: Pick<Response, 'text' | 'json' | 'formData'> & { bytes(): Promise<unknown> },
) => Promise<unknown>
const ways: Readonly<Record<string, Read>> = {
  bytes: (from) => from.bytes(),
  text: (from) => from.text(),
  json: (from) => from.json(),
}

describe.each([
  ['in memory', inMemory],
  ['over a socket', overSocket],
] as const)('the body of a request %s', (_where, converse) => {
  const chunked = 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n"1"\r\n0\r\n\r\n'
  describe.each([
    ['of known length', post('"1"')],
    ['in chunks', chunked],
  ])('%s', (_framing, request) => {
    test.each(Object.keys(ways))('that was read by %s cannot be read again', async (way) => {
      const handler: Handler = async (asked) => {
        await (ways[way] as Read)(asked.body as never)
        const codes = await Promise.all(
          Object.values(ways).map((again) =>
            again(asked.body as never).catch((error: HttpError) => error.code),
          ),
        )
        const looped = (async () => {
          for await (const piece of asked.body) return String(piece)
          return 'nothing'
        })()
        return { body: [...codes, await looped.catch((error: HttpError) => error.code)].join(' ') }
      }
      await using talk = await converse(handler)
      await talk.send(request)
      expect(body(await talk.until((text) => text.includes('HTTP_BODY_USED')))).toBe(
        Array(4).fill('HTTP_BODY_USED').join(' '),
      )
    })

    test('that was received up to its last byte has no more bytes, which is no error', async () => {
      await using talk = await converse(async (asked) => {
        let count = 0
        while (count < 3) count += (await asked.body.recv(1)).length
        return { body: `<${await asked.body.text()}>` }
      })
      await talk.send(request)
      expect(body(await talk.until((text) => text.includes('<')))).toBe('<>')
    })

    test('can be received past its end any number of times', async () => {
      await using talk = await converse(async (asked) => {
        await asked.body.bytes()
        return { body: `<${(await asked.body.recv()).length}${(await asked.body.recv()).length}>` }
      })
      await talk.send(request)
      expect(body(await talk.until((text) => text.includes('<')))).toBe('<00>')
    })
  })

  test('that is empty can be read any number of times', async () => {
    await using talk = await converse(async (asked) => ({
      body: `<${await asked.body.text()}${await asked.body.text()}>`,
    }))
    await talk.send(post(''))
    expect(body(await talk.until((text) => text.includes('<')))).toBe('<>')
  })

  test('whose reading was cancelled can be read by somebody else', async () => {
    const { withTimeout } = await import('@shrapnel/core')
    await using talk = await converse(async (asked) => {
      await withTimeout(5, () => asked.body.bytes()).catch(() => {})
      await talk.send('456')
      return { body: `<${await asked.body.text()}>` }
    })
    await talk.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\n123')
    expect(body(await talk.until((text) => text.includes('<')))).toBe('<123456>')
  })
})

describe('the body of a response', () => {
  const text = '"1"'
  const answers: Readonly<Record<string, HttpResponse>> = {
    whole: { body: text },
    compressed: { body: gzipSync(text), headers: { 'content-encoding': 'gzip' } },
    growing: {
      get body() {
        return pieces([text])
      },
    },
    coded: {
      get body() {
        return pieces([brotliCompressSync(text)])
      },
      headers: { 'content-encoding': 'br' },
    },
    wrong: { body: '{', headers: { 'content-type': 'text/plain; charset=nobody' } },
    'wrong-form': { body: '{' },
    'cut-form': { body: '--b\r\n', headers: { 'content-type': 'multipart/form-data; boundary=b' } },
    damaged: {
      get body() {
        return pieces(['no gzip'])
      },
      headers: { 'content-encoding': 'gzip' },
    },
  }
  const handler: Handler = ({ path }) => answers[path.slice(1)] as HttpResponse

  async function* pieces(all: readonly (string | Uint8Array)[]): AsyncGenerator<string | Uint8Array> {
    yield* all
  }

  test.each(
    ['whole', 'compressed', 'growing', 'coded'].flatMap((kind) =>
      Object.keys(ways).map((way) => [kind, way] as const),
    ),
  )('%s and read by %s cannot be read again', async (kind, way) => {
    await using server = await serve({ port: 0 }, handler)
    using client = createClient()
    const response = await client.get(`${server.url}/${kind}`)
    const first = await (ways[way] as Read)(response as never)
    expect(String(first)).toBe(way === 'json' ? '1' : text)
    for (const again of Object.values(ways)) {
      await expect(again(response as never)).rejects.toMatchObject({ code: 'HTTP_BODY_USED' })
      await expect(again(response.body as never)).rejects.toMatchObject({ code: 'HTTP_BODY_USED' })
    }
    await expect(response.body.formData()).rejects.toMatchObject({ code: 'HTTP_BODY_USED' })
    expect(await response.body.recv()).toHaveLength(0)
    response.discard()
  })

  test('has the ways of fetch to be read', async () => {
    await using server = await serve({ port: 0 }, () => ({
      body: 'a=b',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    }))
    using client = createClient()
    const form = await client.get(server.url)
    expect(form.bodyUsed).toBe(false)
    expect([...(await form.formData())]).toEqual([['a', 'b']])
    expect(form.bodyUsed).toBe(true)
    const blob = await (await client.get(server.url)).blob()
    expect([blob.type, await blob.text()]).toEqual(['application/x-www-form-urlencoded', 'a=b'])
    const buffer = await (await client.get(server.url)).arrayBuffer()
    expect(Buffer.from(buffer).toString()).toBe('a=b')
  })

  test('that was discarded cannot be read', async () => {
    await using server = await serve({ port: 0 }, handler)
    using client = createClient()
    for (const kind of ['whole', 'compressed']) {
      const response = await client.get(`${server.url}/${kind}`)
      response.discard()
      await expect(response.text()).rejects.toMatchObject({ code: 'HTTP_BODY_USED' })
    }
  })

  test.each([
    ['wrong', 'json', 'HTTP_SYNTAX'],
    ['wrong', 'text', 'HTTP_SYNTAX'],
    ['damaged', 'text', 'HTTP_SYNTAX'],
    ['wrong-form', 'formData', 'HTTP_SYNTAX'],
    ['cut-form', 'formData', 'HTTP_SYNTAX'],
  ] as const)('%s fails by %s with where it came from, and no status', async (kind, way, code) => {
    await using server = await serve({ port: 0 }, handler)
    using client = createClient()
    const url = `${server.url}/${kind}`
    const response = await client.get(url)
    const outcome = way === 'formData' ? response.body.formData() : response[way]()
    await expect(outcome).rejects.toMatchObject({ code, url, phase: 'body', status: undefined })
  })

  test('that grows past a limit when it is decoded fails with where it came from', async () => {
    await using server = await serve({ port: 0 }, handler)
    using client = createClient()
    const url = `${server.url}/coded`
    const response = await client.get(url, { maxResponseBytes: 2 })
    await expect(response.text()).rejects.toMatchObject({
      code: 'HTTP_LIMIT',
      limit: 'maxResponseBytes',
      url,
    })
    const another = await client.get(url)
    await expect(another.text({ maxBytes: 2 })).rejects.toMatchObject({
      code: 'HTTP_LIMIT',
      limit: 'maxBytes',
      url,
    })
  })

  test('whose parts are wrong fails part by part with where it came from', async () => {
    await using server = await serve({ port: 0 }, handler)
    using client = createClient()
    const url = `${server.url}/cut-form`
    const response = await client.get(url)
    const next = response.body.parts().next()
    await expect(next).rejects.toMatchObject({ code: 'HTTP_SYNTAX', url, status: undefined })
    const other = await client.get(`${server.url}/whole`)
    expect(() => other.body.parts()).toThrow(
      expect.objectContaining({ code: 'HTTP_SYNTAX', status: undefined }),
    )
  })
})
