/**
 * COPY in CSV: quotes where they are needed, doubled inside, newlines allowed between them. An unquoted field that is the text for NULL is
 * NULL; a quoted one is never. PostgreSQL documentation, COPY, "CSV Format".
 */
import { fail, failLimit } from '../errors.js'
import { utf8Text } from '../fast-text.js'
import { MAX_COPY_ROW_BYTES } from '../limits.js'
import type { MessageWriter } from '../message-writer.js'
import type { CopyRow } from './copy-text.js'
import { HeldBytes } from './held-bytes.js'

export interface CopyCsvOptions {
  /** One character of ASCII. A comma by default. */
  readonly delimiter?: string | undefined
  /** One character of ASCII. `"` by default. */
  readonly quote?: string | undefined
  /** What a quote inside of quotes has before it. The quote itself by default. */
  readonly escape?: string | undefined
  /** Empty by default. */
  readonly nullText?: string | undefined
  readonly hasHeader?: boolean | undefined
  /** 64 MiB by default. */
  readonly maxRowBytes?: number | undefined
}

const NEWLINE = 0x0a
const RETURN = 0x0d
const EMPTY = Buffer.alloc(0)

interface CsvMarks {
  readonly delimiter: number
  readonly quote: number
  readonly escape: number
  readonly nullText: string
}

function marksOf(options: CopyCsvOptions): CsvMarks {
  const { delimiter = ',', quote = '"', nullText = '' } = options
  const mark = options.escape ?? quote
  for (const letter of [delimiter, quote, mark])
    if (!/^[\t\x20-\x7e]$/.test(letter))
      fail('PG_PARAMETER', 'a mark of CSV that is no single character of ASCII')
  if (delimiter === quote) fail('PG_PARAMETER', 'a delimiter that is the quote')
  if (nullText.includes(quote) || nullText.includes(delimiter) || /[\r\n]/.test(nullText))
    fail('PG_PARAMETER', 'a NULL that CSV cannot have')
  return {
    delimiter: delimiter.charCodeAt(0),
    quote: quote.charCodeAt(0),
    escape: mark.charCodeAt(0),
    nullText,
  }
}

export class CopyCsvDecoder {
  readonly #marks: CsvMarks
  readonly #maxRowBytes: number
  #isHeaderNext: boolean
  /** What the last chunk left: the beginning of a row. */
  readonly #held = new HeldBytes()
  /** How much of it has been looked at, and whether that ended between quotes. */
  #seen = 0
  #isQuoted = false
  #isEscaped = false
  header: readonly string[] | undefined

  constructor(options: CopyCsvOptions = {}) {
    this.#marks = marksOf(options)
    this.#maxRowBytes = options.maxRowBytes ?? MAX_COPY_ROW_BYTES
    this.#isHeaderNext = options.hasHeader ?? false
  }

  push(chunk: Uint8Array): CopyRow[] {
    const rows: CopyRow[] = []
    const bytes = this.#held.join(chunk)
    let from = 0
    for (;;) {
      const end = this.#rowEnd(bytes, this.#seen)
      if (end < 0) break
      this.#row(rows, bytes, from, end)
      from = end + 1
      this.#seen = from
    }
    if (bytes.length - from > this.#maxRowBytes)
      failLimit('maxRowBytes', this.#maxRowBytes, `a row of ${bytes.length - from} bytes or more`, 0)
    this.#held.keep(bytes, from)
    this.#seen = bytes.length - from
    return rows
  }

  /** The last row, if it has no newline. Throws PG_COPY if a quote was not closed. */
  end(): CopyRow[] {
    const rows: CopyRow[] = []
    if (this.#isQuoted) fail('PG_COPY', 'a quote that is not closed', 0)
    const bytes = this.#held.join(EMPTY)
    if (bytes.length > 0) this.#row(rows, bytes, 0, bytes.length)
    this.#held.keep(bytes, bytes.length)
    this.#seen = 0
    return rows
  }

  /** Where the newline is that ends the row, or -1: one between quotes does not. */
  #rowEnd(bytes: Buffer, from: number): number {
    const { quote, escape: mark } = this.#marks
    const isDoubled = mark === quote
    for (let at = from; at < bytes.length; at++) {
      const byte = bytes[at]
      if (this.#isQuoted) {
        if (this.#isEscaped) this.#isEscaped = false
        else if (byte === mark && !isDoubled) this.#isEscaped = true
        else if (byte === quote) this.#isQuoted = false
      } else if (byte === quote) this.#isQuoted = true
      else if (byte === NEWLINE) return at
    }
    return -1
  }

  #row(rows: CopyRow[], bytes: Buffer, from: number, newline: number): void {
    if (newline - from > this.#maxRowBytes)
      failLimit('maxRowBytes', this.#maxRowBytes, `a row of ${newline - from} bytes`, 0)
    const end = newline > from && bytes[newline - 1] === RETURN ? newline - 1 : newline
    const row = this.#fields(utf8Text(bytes, from, end))
    if (!this.#isHeaderNext) rows.push(row)
    else {
      this.#isHeaderNext = false
      this.header = row.map((name) => name ?? '')
    }
  }

  #fields(line: string): CopyRow {
    const { delimiter, quote, escape: mark, nullText } = this.#marks
    const fields: (string | null)[] = []
    let at = 0
    for (;;) {
      let field = ''
      let from = at
      let wasQuoted = false
      let isQuoted = false
      for (; at < line.length; at++) {
        const code = line.charCodeAt(at)
        if (isQuoted) {
          const next = line.charCodeAt(at + 1)
          if (code === mark && (next === quote || (next === mark && mark !== quote))) {
            field += line.slice(from, at)
            from = ++at
          } else if (code === quote) {
            field += line.slice(from, at)
            from = at + 1
            isQuoted = false
          }
        } else if (code === quote) {
          field += line.slice(from, at)
          from = at + 1
          isQuoted = true
          wasQuoted = true
        } else if (code === delimiter) break
      }
      if (isQuoted) fail('PG_COPY', 'a quote that is not closed', at)
      field += line.slice(from, at)
      fields.push(!wasQuoted && field === nullText ? null : field)
      if (at === line.length) return fields
      at++
    }
  }
}

export class CopyCsvEncoder {
  readonly #delimiter: string
  readonly #quote: string
  readonly #escape: string
  readonly #nullText: string

  constructor(options: CopyCsvOptions = {}) {
    const marks = marksOf(options)
    this.#delimiter = String.fromCharCode(marks.delimiter)
    this.#quote = String.fromCharCode(marks.quote)
    this.#escape = String.fromCharCode(marks.escape)
    this.#nullText = marks.nullText
  }

  header(writer: MessageWriter, names: readonly string[]): void {
    this.row(writer, names)
  }

  /** Appends one row. */
  row(writer: MessageWriter, values: CopyRow): void {
    let line = ''
    for (let i = 0; i < values.length; i++) {
      if (i > 0) line += this.#delimiter
      const value = values[i] as string | null
      line += value === null ? this.#nullText : this.#field(value, values.length === 1)
    }
    writer.text(`${line}\n`)
  }

  #field(value: string, isAlone: boolean): string {
    const mustQuote =
      value === this.#nullText ||
      // Alone in its line, it would be the end of the data.
      (isAlone && value === '\\.') ||
      value.includes(this.#delimiter) ||
      value.includes(this.#quote) ||
      /[\r\n]/.test(value)
    if (!mustQuote) return value
    let inside = value
    if (this.#escape !== this.#quote)
      inside = inside.replaceAll(this.#escape, () => this.#escape + this.#escape)
    return this.#quote + inside.replaceAll(this.#quote, () => this.#escape + this.#quote) + this.#quote
  }
}
