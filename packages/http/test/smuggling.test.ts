/**
 * What two servers on one road could read in two ways. Each row's verdict is ours, however the bytes are cut; node:http, strict as it
 * is by default, is asked beside, and every difference has its reason.
 */
import { chunkings } from '@shrapnel/test-support'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CHUNKS } from './corpus/chunks.js'
import { CODINGS } from './corpus/codings.js'
import { FIELDS } from './corpus/fields.js'
import { LENGTHS } from './corpus/lengths.js'
import { LINES } from './corpus/lines.js'
import { MEANINGS } from './corpus/meanings.js'
import { LAX } from './corpus/reasons.js'
import type { Row } from './corpus/row.js'
import { TARGETS } from './corpus/targets.js'
import { describeVerdict, isLaxer, NodeReferee, ourVerdict, type Verdict } from './verdict.js'

const FAMILIES: readonly (readonly [string, readonly Row[]])[] = [
  ['lengths', LENGTHS],
  ['codings', CODINGS],
  ['chunks', CHUNKS],
  ['lines', LINES],
  ['fields', FIELDS],
  ['targets', TARGETS],
  ['meanings', MEANINGS],
]
const SEED = 20_011

let referee: NodeReferee
beforeAll(async () => {
  referee = new NodeReferee()
  await referee.listen()
})
afterAll(() => referee[Symbol.asyncDispose]())

async function checkOurs(bytes: Buffer, verdict: string): Promise<Verdict> {
  const ours = await ourVerdict([bytes])
  expect(describeVerdict(ours)).toBe(verdict)
  const single = Array.from(bytes, (byte) => Uint8Array.of(byte))
  expect(describeVerdict(await ourVerdict(single)), 'byte by byte').toBe(verdict)
  for (const chunks of chunkings(bytes, SEED, 4)) {
    const sizes = chunks.map(({ length }) => length).join(' ')
    expect(describeVerdict(await ourVerdict(chunks)), `cut into ${sizes}`).toBe(verdict)
  }
  return ours
}

for (const [family, rows] of FAMILIES)
  describe(`of ${family}`, () => {
    for (const [why, text, verdict, because] of rows)
      test(`${why}: ${verdict}`, async () => {
        const bytes = Buffer.from(text, 'latin1')
        const ours = await checkOurs(bytes, verdict)
        const other = await referee.verdict(bytes)
        const otherText = describeVerdict(other)
        const isExplained = otherText === verdict || because !== undefined
        expect(isExplained, `node:http's is another: ${otherText}`).toBe(true)
        const isStrict = !isLaxer(ours, other) || LAX.has(because ?? '')
        expect(isStrict, `node:http is stricter: ${otherText}`).toBe(true)
      })
  })

test('the corpus has each of its cases once', () => {
  const texts = FAMILIES.flatMap(([, rows]) => rows.map(([, text]) => text))
  expect(new Set(texts).size).toBe(texts.length)
})
