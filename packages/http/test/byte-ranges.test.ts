import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type ByteRange, byteRanges, contentRange } from '../src/wire/byte-ranges.js'

const size = fc.integer({ min: 1, max: 1_000 })
const spec = fc.oneof(
  fc
    .tuple(fc.nat(1_200), fc.nat(1_200))
    .map(([one, other]) => ({ from: Math.min(one, other), to: Math.max(one, other) })),
  fc.nat(1_200).map((from) => ({ from, to: undefined })),
  fc.nat(1_200).map((last) => ({ from: undefined, to: last })),
)
type Spec = { readonly from: number | undefined; readonly to: number | undefined }

const written = ({ from, to }: Spec): string => `${from ?? ''}-${to ?? ''}`

/** The bytes that RFC 9110, 14.1.2 means, one by one. */
function meant({ from, to }: Spec, length: number): number[] {
  const all = Array.from({ length }, (_, i) => i)
  if (from === undefined) return to === 0 ? [] : all.slice(-(to as number))
  return all.filter((i) => i >= from && i <= (to ?? length))
}

const bytesOf = ({ from, length }: ByteRange): number[] => Array.from({ length }, (_, i) => from + i)

test('ranges are the bytes that the specification means, or all, or none', () => {
  fc.assert(
    fc.property(size, fc.array(spec, { minLength: 1, maxLength: 6 }), (length, specs: Spec[]) => {
      const wanted = specs.map((one) => meant(one, length)).filter((bytes) => bytes.length > 0)
      const given = byteRanges(`bytes=${specs.map(written).join(', ')}`, length, 5)
      const isRepeated = new Set(wanted.flat()).size < wanted.flat().length
      if (specs.length > 5) return given === 'whole'
      if (wanted.length === 0) return given === 'none'
      if (isRepeated) return given === 'whole'
      expect(Array.isArray(given) ? given.map(bytesOf) : given).toEqual(wanted)
      return true
    }),
    { seed: 20_240_601, numRuns: 1_000 },
  )
})

test('no text makes more of a file than there is', () => {
  fc.assert(
    fc.property(size, fc.string({ unit: fc.constantFrom(...'0123456789-,= \tbytes+.x') }), (length, text) => {
      const given = byteRanges(`bytes=${text}`, length, 16)
      const sum = typeof given === 'string' ? 0 : given.reduce((total, range) => total + range.length, 0)
      return sum <= length
    }),
    { seed: 7, numRuns: 2_000 },
  )
})

test('Content-Range names the first byte, the last, and how many there are', () => {
  expect(contentRange({ from: 5, length: 1 }, 10)).toBe('bytes 5-5/10')
})
