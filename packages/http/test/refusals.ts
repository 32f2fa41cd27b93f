/** Hostile rows, each with the status that answers it, fed whole, byte by byte and in every split. */
import { everySplit, feed } from '@shrapnel/test-support'
import { describe, expect, test } from 'vitest'

export interface Fed {
  push(chunk: Uint8Array): readonly unknown[]
}

export type Refusal = readonly [
  why: string,
  text: string,
  status: number | undefined,
  code?: string,
  limit?: string,
]

function refusal(make: () => Fed, chunks: Iterable<Uint8Array>): unknown {
  try {
    return { accepted: feed(make(), chunks) }
  } catch (error) {
    const { code, status, limit } = error as { code?: string; status?: number; limit?: string }
    return { code, status, limit }
  }
}

export function describeRefusals(title: string, make: () => Fed, rows: readonly Refusal[]): void {
  describe(title, () => {
    for (const [why, text, status, code = 'HTTP_SYNTAX', limit] of rows)
      test(`${why}: ${status ?? ''} ${code}, however it is cut`, () => {
        const bytes = Buffer.from(text, 'latin1')
        const expected = { code, status, limit }
        expect(refusal(make, [bytes])).toEqual(expected)
        expect(
          refusal(
            make,
            Array.from(bytes, (byte) => Uint8Array.of(byte)),
          ),
        ).toEqual(expected)
        for (const split of everySplit(bytes))
          expect(refusal(make, split), `cut at ${split[0].length}`).toEqual(expected)
      })
  })
}
