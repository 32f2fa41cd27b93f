/** Which of the offered forms a client likes best (RFC 9110, 12.5). Among equals the first offered wins. Pure text, no request. */
import { type Weighted, weightedList } from './weighted-list.js'

/** Of the media types offered, such as `text/html`; undefined: none is acceptable. Without the field all are. */
export function negotiateType(accept: string | undefined, offered: readonly string[]): string | undefined {
  if (accept === undefined) return offered[0]
  const ranges = weightedList(accept)
  return best(offered, (type) => typeWeight(ranges, type.toLowerCase()))
}

/** The range that says most about the type decides (12.5.1). */
function typeWeight(ranges: readonly Weighted[], offered: string): number {
  const [type = '', ...parameters] = offered.split(';').map((part) => part.trim())
  const family = type.slice(0, type.indexOf('/') + 1)
  let weight = 0
  let most = -1
  for (const range of ranges) {
    let precision = -1
    if (range.value === type) precision = 2
    else if (range.value === `${family}*`) precision = 1
    else if (range.value === '*/*') precision = 0
    if (precision < 0 || !range.parameters.every((parameter) => parameters.includes(parameter))) continue
    precision += range.parameters.length
    if (precision <= most) continue
    most = precision
    weight = range.weight
  }
  return weight
}

/**
 * Of the content codings offered; `identity` is always there, and is the answer if no other is wanted (12.5.3), or if nothing is
 * acceptable: a body that is not encoded is understood by everybody. Without the field it is `identity` too.
 */
export function negotiateEncoding(accept: string | undefined, offered: readonly string[]): string {
  if (accept === undefined || offered.length === 0) return 'identity'
  const codings = weightedList(accept)
  const weightOf = (name: string): number | undefined =>
    codings.find(({ value }) => value === name || value === `x-${name}`)?.weight
  const any = weightOf('*')
  // Nobody's first choice unless it is named: it is what a coding is to save.
  const plain = weightOf('identity') ?? 0
  let found = 'identity'
  let most = 0
  for (const coding of offered) {
    const weight = coding === 'identity' ? 0 : (weightOf(coding) ?? any ?? 0)
    if (weight <= most || weight < plain) continue
    found = coding
    most = weight
  }
  return found
}

/**
 * Of the languages offered, such as `de-CH`; undefined: none is acceptable. `en` asks for `en-GB` too (RFC 4647, 3.3.1), and one who asks for
 * `en-GB` alone gets `en` rather than nothing (3.4).
 */
export function negotiateLanguage(
  accept: string | undefined,
  offered: readonly string[],
): string | undefined {
  if (accept === undefined) return offered[0]
  const ranges = weightedList(accept)
  const filtered = best(offered, (language) => languageWeight(ranges, language.toLowerCase()))
  if (filtered !== undefined) return filtered
  return best(offered, (language) => {
    const prefix = `${language.toLowerCase()}-`
    const refused = ranges.some(({ value, weight }) => weight === 0 && `${value}-` === prefix)
    const weights = ranges.filter(({ value }) => value.startsWith(prefix)).map(({ weight }) => weight)
    return refused ? 0 : Math.max(0, ...weights)
  })
}

function languageWeight(ranges: readonly Weighted[], language: string): number {
  let weight = 0
  let most = -1
  for (const { value, weight: its } of ranges) {
    const length = value === '*' ? 0 : value.length
    const fits = value === '*' || language === value || language.startsWith(`${value}-`)
    if (!fits || length <= most) continue
    most = length
    weight = its
  }
  return weight
}

function best(offered: readonly string[], weightOf: (one: string) => number): string | undefined {
  let found: string | undefined
  let most = 0
  for (const one of offered) {
    const weight = weightOf(one)
    if (weight <= most) continue
    found = one
    most = weight
  }
  return found
}
