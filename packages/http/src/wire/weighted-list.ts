/** Lists whose elements have weights: Accept and its relatives (RFC 9110, 12.4.2). What cannot be read is left out, never refused. */

/** Elements behind these are not looked at: nobody sends so many in earnest. */
const MAX_ELEMENTS = 64
const QVALUE = /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/

export interface Weighted {
  /** In small letters. */
  readonly value: string
  /** `name=value` in small letters, without `q`. */
  readonly parameters: readonly string[]
  /** 0 to 1; 0: not at all. */
  readonly weight: number
}

export function weightedList(text: string): Weighted[] {
  const list: Weighted[] = []
  for (const element of splitOutsideQuotes(text, ',')) {
    if (list.length === MAX_ELEMENTS) break
    const [value = '', ...rest] = splitOutsideQuotes(element.toLowerCase(), ';')
    if (value === '') continue
    const parameters: string[] = []
    let weight = 1
    for (const parameter of rest) {
      if (/^q\s*=/.test(parameter)) {
        const text = parameter.slice(parameter.indexOf('=') + 1).trim()
        weight = QVALUE.test(text) ? Number(text) : 0
        // What follows the weight says nothing about the type.
        break
      }
      parameters.push(parameter.replace(/\s*=\s*/, '='))
    }
    list.push({ value, parameters, weight })
  }
  return list
}

/** Without white space around, and without what is empty. */
function splitOutsideQuotes(text: string, separator: string): string[] {
  if (!text.includes('"')) return trimmed(text.split(separator))
  const parts: string[] = []
  let from = 0
  let isQuoted = false
  for (let at = 0; at < text.length; at++) {
    const character = text[at]
    if (character === '"') isQuoted = !isQuoted
    else if (character === '\\' && isQuoted) at++
    else if (character === separator && !isQuoted) {
      parts.push(text.slice(from, at))
      from = at + 1
    }
  }
  parts.push(text.slice(from))
  return trimmed(parts)
}

function trimmed(parts: readonly string[]): string[] {
  return parts.map((part) => part.trim()).filter((part) => part !== '')
}
