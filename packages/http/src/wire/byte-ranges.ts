/** Ranges of bytes (RFC 9110, 14). What need not be honoured is ignored, which gives the whole: too many ranges, or any that overlap. */

/** From the first byte on, so many. */
export interface ByteRange {
  readonly from: number
  readonly length: number
}

/** `whole`: as if there were no Range; `none`: 416. */
export type RangeVerdict = readonly ByteRange[] | 'whole' | 'none'

const UNIT = /^bytes\s*=/i
const RANGE = /^(\d*)-(\d*)$/

/** What `Range` asks of `size` bytes, in the order in which it was asked. */
export function byteRanges(text: string, size: number, maxRanges: number): RangeVerdict {
  const unit = UNIT.exec(text)
  // Nothing of an empty body can be told in a Content-Range.
  if (unit === null || size === 0) return 'whole'
  const specs = text.slice(unit[0].length).split(',', maxRanges + 1)
  if (specs.length > maxRanges) return 'whole'
  const ranges: ByteRange[] = []
  for (const spec of specs) {
    const trimmed = spec.trim()
    if (trimmed === '') continue
    const range = oneRange(trimmed, size)
    if (range === 'bad') return 'whole'
    if (range !== undefined) ranges.push(range)
  }
  if (ranges.length === 0) return /\d/.test(text) ? 'none' : 'whole'
  return overlaps(ranges) ? 'whole' : ranges
}

/** Undefined: there is no such part. */
function oneRange(spec: string, size: number): ByteRange | 'bad' | undefined {
  const match = RANGE.exec(spec)
  if (match === null) return 'bad'
  const [, first = '', last = ''] = match
  if (first === '') {
    if (last === '') return 'bad'
    const length = Math.min(Number(last), size)
    return length === 0 ? undefined : { from: size - length, length }
  }
  const from = Number(first)
  const to = last === '' ? size - 1 : Number(last)
  if (to < from && last !== '') return 'bad'
  if (from >= size) return undefined
  return { from, length: Math.min(to, size - 1) - from + 1 }
}

/** Asking for the same bytes again and again makes a short request a long answer. */
function overlaps(ranges: readonly ByteRange[]): boolean {
  if (ranges.length < 2) return false
  const sorted = [...ranges].sort((one, other) => one.from - other.from)
  return sorted.some(({ from }, i) => {
    const before = sorted[i - 1]
    return before !== undefined && from < before.from + before.length
  })
}

/** The value of Content-Range. */
export function contentRange({ from, length }: ByteRange, size: number): string {
  return `bytes ${from}-${from + length - 1}/${size}`
}
