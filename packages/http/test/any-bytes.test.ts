/**
 * Whatever bytes come: the server sees the requests that a second reading of the standard sees, no more and no others, however they are
 * cut, and the connection ends.
 *
 * SHRAPNEL_FUZZ_MS makes it go on for so long, with other seeds each time; what it finds becomes a row of the corpus.
 */
import { withTimeout } from '@shrapnel/core'
import { chunkings, seededRandom } from '@shrapnel/test-support'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readRequests } from './reference.js'
import { NEXT, ourVerdict, type Verdict } from './verdict.js'

const fuzzMs = Number(process.env.SHRAPNEL_FUZZ_MS ?? 0)
const runs = (numRuns: number): fc.Parameters<unknown> =>
  fuzzMs > 0
    ? { numRuns: Number.MAX_SAFE_INTEGER, interruptAfterTimeLimit: fuzzMs, markInterruptAsFailure: false }
    : { numRuns, seed: 20_261_121 }
const timeoutMs = fuzzMs + 60_000
const CONVERSATION_MS = 20_000

interface Sent {
  readonly text: string
  readonly seen: string
}

const space = fc.constantFrom('', ' ', '\t', ' \t ')
const anyCase = (name: string): fc.Arbitrary<string> =>
  fc
    .nat()
    .map((bits) =>
      Array.from(name, (char, i) => ((bits >> (i % 31)) & 1 ? char.toUpperCase() : char.toLowerCase())).join(
        '',
      ),
    )
const field = (name: string, value: string): fc.Arbitrary<string> =>
  fc
    .tuple(anyCase(name), space, space)
    .map(([cased, before, behind]) => `${cased}:${before}${value}${behind}\r\n`)
const method = fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'BREW', 'M-SEARCH')
const target = fc.constantFrom('/', '/a?b=c', '//x', '/%2e%2e', 'http://a/b', 'HTTPS://b:1', '/"{}|')
const host = fc.constantFrom('a', 'a:80', '[::1]:8080', '', 'A.example')
const other = fc
  .constantFrom('x', 'Cookie', 'te', 'Content-Type', 'X-Content-Length', 'Keep-Alive', 'trailer')
  .chain((name) => fc.stringMatching(/^[!-~\x80-\xff]{0,20}$/).chain((value) => field(name, value)))
const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')
const data = fc.uint8Array({ maxLength: 40 }).map(latin1)
const escaped = (text: string): string => JSON.stringify(text).slice(1, -1)

const extension = fc.constantFrom('', '', ';a', ';a=b', ';a="b;\\"c"', ';a;b=c')
const size = (length: number): fc.Arbitrary<string> =>
  fc.tuple(fc.boolean(), fc.nat(3), extension).map(([isUpper, zeros, behind]) => {
    const digits = length.toString(16)
    return `${'0'.repeat(zeros)}${isUpper ? digits.toUpperCase() : digits}${behind}\r\n`
  })
const chunk = fc
  .uint8Array({ minLength: 1, maxLength: 30 })
  .map(latin1)
  .chain((text) => size(text.length).map((line) => ({ text, bytes: `${line}${text}\r\n` })))
const trailer = fc.constantFrom('', '', 'X-Sum: 1\r\n', 'a:\r\nb: c\r\n')
const shownTrailers = (lines: string): string =>
  lines
    .split('\r\n')
    .slice(0, -1)
    .map((line) => ` ${line.replace(/:\s*/, ': ')}`)
    .join()

const chunkedBody = fc
  .tuple(fc.array(chunk, { maxLength: 4 }), size(0), trailer)
  .chain(([chunks, last, lines]) =>
    field('Transfer-Encoding', 'chunked').map((line) => ({
      line,
      text: `${chunks.map(({ bytes }) => bytes).join('')}${last}${lines}\r\n`,
      seen: `=${escaped(chunks.map(({ text }) => text).join(''))}${shownTrailers(lines)}`,
    })),
  )
const sizedBody = fc.tuple(data, fc.nat(3)).chain(([text, zeros]) =>
  field('Content-Length', `${'0'.repeat(zeros)}${text.length}`).map((line) => ({
    line,
    text,
    seen: text === '' ? '' : `=${escaped(text)}`,
  })),
)
const noBody = fc.constant({ line: '', text: '', seen: '' })
const expectation = fc.oneof(
  { weight: 4, arbitrary: fc.constant('') },
  { weight: 1, arbitrary: field('Expect', '100-continue') },
)

const request: fc.Arbitrary<Sent> = fc
  .record({
    method,
    target,
    host: host.chain((name) => field('Host', name)),
    others: fc.array(other, { maxLength: 4 }),
    body: fc.oneof(noBody, sizedBody, chunkedBody),
    before: fc.constantFrom('', '', '', '\r\n'),
    minor: fc.constantFrom('1', '1', '1', '2'),
    expectation,
    place: fc.nat(),
  })
  .map(
    ({
      method: verb,
      target: where,
      host: name,
      others,
      body,
      before,
      minor,
      expectation: expect,
      place,
    }) => {
      const fields = [...others, name, body.line, expect].filter((line) => line !== '')
      const turned = [...fields.slice(place % fields.length), ...fields.slice(0, place % fields.length)]
      return {
        text: `${before}${verb} ${where} HTTP/1.${minor}\r\n${turned.join('')}\r\n${body.text}`,
        seen: `${verb} ${where}${body.seen}`,
      }
    },
  )

async function verdictOf(bytes: Buffer, seed: number): Promise<Verdict> {
  const [chunks = []] = seed === 0 ? [[bytes]] : [...chunkings(bytes, seed, 1)]
  return withTimeout(CONVERSATION_MS, () => ourVerdict(chunks))
}

test(
  'any requests, written in any way that the standard allows, are seen as they are',
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(request, { maxLength: 6 }), fc.nat(), async (requests, seed) => {
        const text = requests.map((one) => one.text).join('')
        const seen = requests.map((one) => one.seen)
        const verdict = await verdictOf(Buffer.from(text, 'latin1'), seed)
        expect(verdict).toMatchObject({ requests: seen, fate: 'in step' })
        expect(readRequests(text)).toEqual({ requests: seen, isInStep: true })
      }),
      runs(300),
    )
  },
  timeoutMs,
)

/** What makes two readers differ. */
const BAD = [
  ...[
    '\n',
    '\r',
    '\r\n',
    '\0',
    ' ',
    '\t',
    '\v',
    ':',
    ';',
    ',',
    '"',
    '\\',
    '=',
    '-',
    '+',
    '0',
    '1',
    'x',
    'f',
    '\x7f',
    '\xff',
  ],
  ...['Content-Length: 5\r\n', 'Transfer-Encoding: chunked\r\n', 'Connection: close\r\n', 'Host: a\r\n'],
  ...[
    '0\r\n\r\n',
    '\r\n\r\n',
    'chunked',
    ', chunked',
    ' HTTP/1.0',
    ' HTTP/1.1\r\n',
    'GET / ',
    'HEAD',
    'CONNECT a:1',
    '*',
  ],
  ...['Expect: 100-continue\r\n', 'Upgrade: h2c\r\n', '0x', '00000', 'ffffffff', '://', '[', '#', '@'],
]

function changed(text: string, seed: number): string {
  const random = seededRandom(seed)
  const pick = (limit: number): number => Math.floor(random() * limit)
  let now = text
  for (let left = 1 + pick(4); left > 0; left--) {
    const at = pick(now.length + 1)
    const length = pick(3) === 0 ? pick(20) : 1
    const bad = BAD[pick(BAD.length)] as string
    const how = pick(5)
    if (how === 0) now = now.slice(0, at) + bad + now.slice(at)
    else if (how === 1) now = now.slice(0, at) + bad + now.slice(at + length)
    else if (how === 2) now = now.slice(0, at) + now.slice(at + length)
    else if (how === 3) now = now.slice(0, at + length) + now.slice(at)
    else now = now.slice(0, at) + String.fromCharCode(pick(256)) + now.slice(at + 1)
  }
  return now
}

const whole = (line: string): boolean => !/=[…✗]$/.test(line)

test(
  'any bytes are read as a second reading of the standard reads them, and the connection ends',
  async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(request, { minLength: 1, maxLength: 4 }),
        fc.nat(),
        fc.nat(),
        async (requests, seed, cut) => {
          const text = changed(requests.map((one) => one.text).join(''), seed)
          const bytes = Buffer.from(text, 'latin1')
          const verdict = await verdictOf(bytes, cut)
          const reading = readRequests(text + NEXT.toString('latin1'))
          const next = 'GET /next-in-step'
          expect(verdict.requests.filter(whole)).toEqual(reading.requests.filter((line) => line !== next))
          expect(verdict.fate === 'in step').toBe(reading.requests.at(-1) === next)
          expect(await verdictOf(bytes, 0)).toEqual(verdict)
        },
      ),
      runs(1_500),
    )
  },
  timeoutMs,
)
