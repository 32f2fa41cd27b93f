import { memoryStreamPair, sleep, spawn, withTimeout, yieldSlice } from '@shrapnel/core'
import { chunkings } from '@shrapnel/test-support'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Handler, serveStream } from '../src/index.js'
import { get, lastGet, post } from './conversation.js'

/** Reads its body or not, answers at once or later, in one piece or in chunks, as the path says. */
const handler: Handler = async (request) => {
  const { path } = request
  if (path.includes('later')) await (path.includes('sleep') ? sleep(0) : yieldSlice())
  const text = path.includes('read') ? await request.body.text() : ''
  const answer = `<${path} ${text}>`
  if (!path.includes('pieces')) return { body: answer }
  return {
    body: (async function* () {
      yield answer.slice(0, 3)
      await yieldSlice()
      yield answer.slice(3)
    })(),
  }
}
const atOnce: Handler = (request) =>
  /later|read|pieces/.test(request.path) ? handler(request) : { body: `<${request.path} >` }

const chunked = (text: string, target: string): string => {
  const chunks = (text.match(/.{1,7}/gs) ?? []).map((piece) => `${piece.length.toString(16)}\r\n${piece}\r\n`)
  return `POST ${target} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${chunks.join('')}0\r\n\r\n`
}

test('any requests in any chunking are answered, each once and in their order', async () => {
  const target = fc.subarray(['later', 'sleep', 'read', 'pieces']).map((words) => `/${words.join('-')}`)
  const request = fc.tuple(
    target,
    fc.stringMatching(/^[a-z\r\n0]{0,200}$/),
    fc.constantFrom('get', 'post', 'chunked'),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(request, { maxLength: 12 }), fc.nat(), async (requests, seed) => {
      let sent = ''
      let expected = ''
      for (const [path, text, kind] of requests) {
        sent += kind === 'get' ? get(path) : kind === 'post' ? post(text, '', path) : chunked(text, path)
        expected += `<${path} ${path.includes('read') && kind !== 'get' ? text : ''}>`
      }
      const bytes = Buffer.from(sent + lastGet('/last'), 'latin1')
      const [chunks = []] = [...chunkings(bytes, seed, 1)]
      const [client, server] = memoryStreamPair({ limitBytes: 1 + (seed % 500) })
      const session = spawn(() => serveStream(server, atOnce, { maxPipelinedBytes: 1 + (seed % 100) }))
      const sending = spawn(async () => {
        for (const chunk of chunks) await client.send(chunk)
      })
      let text = ''
      await withTimeout(5_000, async () => {
        for (let came = await client.recv(); came.length > 0; came = await client.recv())
          text += came.toString('latin1')
        await sending.join()
        await session.join()
      })
      expect(bodies(text)).toBe(`${expected}</last >`)
    }),
    { numRuns: 150 },
  )
})

/** The bodies of all answers, one behind the other. */
function bodies(text: string): string {
  let all = ''
  for (let at = 0; at < text.length; ) {
    const end = text.indexOf('\r\n\r\n', at) + 4
    const head = text.slice(at, end)
    expect(head).toMatch(/^HTTP\/1.1 200 OK\r\n/)
    const length = /Content-Length: (\d+)/.exec(head)?.[1]
    if (length !== undefined) {
      at = end + Number(length)
      all += text.slice(end, at)
      continue
    }
    expect(head).toContain('Transfer-Encoding: chunked')
    for (at = end; ; ) {
      const line = text.indexOf('\r\n', at)
      const size = Number.parseInt(text.slice(at, line), 16)
      all += text.slice(line + 2, line + 2 + size)
      at = line + 2 + size + 2
      if (size === 0) break
    }
  }
  return all
}
