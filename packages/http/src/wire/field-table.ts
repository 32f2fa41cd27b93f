/**
 * Where the fields of one head are in its text, so that one is found without a look at the others. The parser fills one for all heads as
 * it goes along: that one is good until the next head, which `serial` tells. A text that came otherwise is looked through for its own.
 */
import { CR, SPACE, TAB } from './characters.js'

/** Numbers for each field: its key, where its name begins, where its value does and where that ends. */
export const PLACES = 4

/** What makes small letters of capitals, and of other characters anything. */
const LETTER_CASE = 32

/**
 * What most names that differ differ in, whatever their case: their length, and their first and last character. Both are below 256: a name
 * that is asked for may have others, and is then no name of a field.
 */
export function fieldKey(length: number, first: number, last: number): number {
  return (length << 16) | ((first | LETTER_CASE) << 8) | last | LETTER_CASE
}

export class FieldTable {
  /** Counted up with each head. */
  serial = 0
  count = 0
  places: number[] = []

  begin(): void {
    this.serial++
    this.count = 0
  }

  add(key: number, nameFrom: number, valueFrom: number, valueTo: number): void {
    const { places } = this
    const at = PLACES * this.count++
    places[at] = key
    places[at + 1] = nameFrom
    places[at + 2] = valueFrom
    places[at + 3] = valueTo
  }

  /** Of the fields in `text` from `from` up to an empty line, which a parser has found to be well. */
  static of(text: string, from: number): FieldTable {
    const table = new FieldTable()
    for (let at = from; text.charCodeAt(at) !== CR && at < text.length; ) {
      const colon = text.indexOf(':', at)
      const end = text.indexOf('\r', colon)
      let valueFrom = colon + 1
      let valueTo = end
      while (valueFrom < valueTo && isSpace(text.charCodeAt(valueFrom))) valueFrom++
      while (valueTo > valueFrom && isSpace(text.charCodeAt(valueTo - 1))) valueTo--
      const key = fieldKey(colon - at, text.charCodeAt(at), text.charCodeAt(colon - 1))
      table.add(key, at, valueFrom, valueTo)
      at = end + 2
    }
    return table
  }
}

function isSpace(code: number): boolean {
  return code === SPACE || code === TAB
}
