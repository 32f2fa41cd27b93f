/**
 * What two readers of one answer could read in two ways, and what could be taken for the answer to the next request. Each row's verdict is
 * that of our client, however the bytes are cut; node:http's and undici's stand beside it, with the reason where they differ.
 */
import { chunkings } from '@shrapnel/test-support'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CHUNKS } from './corpus/responses/chunks.js'
import { CODINGS } from './corpus/responses/codings.js'
import { CONNECTIONS } from './corpus/responses/connections.js'
import { FIELDS } from './corpus/responses/fields.js'
import { LENGTHS } from './corpus/responses/lengths.js'
import { LINES } from './corpus/responses/lines.js'
import type { ResponseRow } from './corpus/responses/row.js'
import { STATUSES } from './corpus/responses/statuses.js'
import { nodes, ours, ResponseReferee, undicis } from './response-verdict.js'

const FAMILIES: readonly (readonly [string, readonly ResponseRow[]])[] = [
  ['lengths', LENGTHS],
  ['codings', CODINGS],
  ['chunks', CHUNKS],
  ['lines', LINES],
  ['fields', FIELDS],
  ['statuses', STATUSES],
  ['connections', CONNECTIONS],
]
const SEED = 20_011
/** Longer ones are not sent in single bytes. */
const MOST_BYTES = 3_000

let referee: ResponseReferee
beforeAll(async () => {
  referee = await ResponseReferee.make()
})
afterAll(() => referee[Symbol.asyncDispose]())

function* feedings(bytes: Buffer): Generator<Uint8Array[]> {
  yield [bytes]
  if (bytes.length < MOST_BYTES) yield Array.from(bytes, (byte) => Uint8Array.of(byte))
  for (const chunks of chunkings(bytes, SEED, 3)) yield [...chunks]
}

for (const [family, rows] of FAMILIES)
  describe(`of ${family}`, () => {
    for (const [why, text, verdict, { node = verdict, undici = verdict, because, ...sending } = {}] of rows)
      test(`${why}: ${verdict}`, async () => {
        const bytes = Buffer.from(text, 'latin1')
        for (const chunks of feedings(bytes)) {
          const sizes = chunks.length > 20 ? 'single bytes' : chunks.map(({ length }) => length).join(' ')
          expect(await referee.verdict(ours, { ...sending, chunks }), `cut into ${sizes}`).toBe(verdict)
        }
        const whole = { ...sending, chunks: [bytes] }
        expect([node].flat()).toContain(await referee.verdict(nodes, whole))
        expect(await referee.verdict(undicis, whole), "undici's").toBe(undici)
        expect(because !== undefined, 'a difference has a reason').toBe(
          node !== verdict || undici !== verdict,
        )
      })
  })

test('our client never gives one request the answer to another', () => {
  const verdicts = FAMILIES.flatMap(([, rows]) => rows.map(([, , verdict]) => verdict))
  expect(verdicts.filter((verdict) => /, then |poison, in step/.test(verdict))).toEqual([])
})

test('the corpus has each of its cases once', () => {
  const texts = FAMILIES.flatMap(([, rows]) =>
    rows.map(([, text, , others]) => `${others?.method}${text}${others?.late}`),
  )
  expect(new Set(texts).size).toBe(texts.length)
})
