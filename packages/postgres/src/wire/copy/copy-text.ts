/**
 * COPY in text format: fields between tabs, rows between newlines, backslashes for what would be mistaken. Rows are read as texts and nulls;
 * what they mean is for the types (src/wire/types). PostgreSQL documentation, COPY, "Text Format".
 */
import { fail } from '../errors.js'
import { utf8Text } from '../fast-text.js'
import type { MessageWriter } from '../message-writer.js'
import { LineCutter } from './line-cutter.js'

export type CopyRow = readonly (string | null)[]

export interface CopyTextOptions {
  /** One character. A tab by default. */
  readonly delimiter?: string | undefined
  /** What stands for NULL. `\N` by default. */
  readonly nullText?: string | undefined
  /** The first line names the columns: it is written by `header`, and not given back as a row. */
  readonly hasHeader?: boolean | undefined
  /** 64 MiB by default. */
  readonly maxRowBytes?: number | undefined
}

const BACKSLASH = 0x5c
const LETTERS: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' }
const CODES: Readonly<Record<string, string>> = {
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '\\': '\\\\',
}

export class CopyTextDecoder {
  readonly #lines: LineCutter
  readonly #delimiter: string
  readonly #nullText: string
  #isHeaderNext: boolean
  #isOver = false
  /** The names in the first line, once it has come. */
  header: readonly string[] | undefined

  constructor(options: CopyTextOptions = {}) {
    this.#lines = new LineCutter(options.maxRowBytes)
    this.#delimiter = options.delimiter ?? '\t'
    this.#nullText = options.nullText ?? '\\N'
    this.#isHeaderNext = options.hasHeader ?? false
  }

  /** The rows that this chunk completes. */
  push(chunk: Uint8Array): CopyRow[] {
    const rows: CopyRow[] = []
    this.#lines.push(chunk)
    while (this.#lines.next()) this.#line(rows)
    return rows
  }

  /** The last row, if it has no newline. */
  end(): CopyRow[] {
    const rows: CopyRow[] = []
    if (this.#lines.last()) this.#line(rows)
    return rows
  }

  #line(rows: CopyRow[]): void {
    const { bytes, from, to } = this.#lines
    const end = to > from && bytes[to - 1] === 0x0d ? to - 1 : to
    const line = utf8Text(bytes, from, end)
    // Old servers and files end with it; after it there is nothing.
    if (line === '\\.') {
      this.#isOver = true
      return
    }
    if (this.#isOver) fail('PG_COPY', 'a row after the end', 0)
    const row = this.#fields(line)
    if (!this.#isHeaderNext) rows.push(row)
    else {
      this.#isHeaderNext = false
      this.header = row.map((name) => name ?? '')
    }
  }

  #fields(line: string): CopyRow {
    const parts: (string | null)[] = line.includes('\\')
      ? splitEscaped(line, this.#delimiter)
      : line.split(this.#delimiter)
    for (let i = 0; i < parts.length; i++) {
      const part = parts[i] as string
      if (part === this.#nullText) parts[i] = null
      else if (part.includes('\\')) parts[i] = unescaped(part)
    }
    return parts
  }
}

/** A delimiter behind a backslash is a character. */
function splitEscaped(line: string, delimiter: string): string[] {
  const parts: string[] = []
  let from = 0
  for (let at = 0; at < line.length; at++) {
    if (line.charCodeAt(at) === BACKSLASH) at++
    else if (line[at] === delimiter) {
      parts.push(line.slice(from, at))
      from = at + 1
    }
  }
  parts.push(line.slice(from))
  return parts
}

const ESCAPE = /\\(?:([0-7]{1,3})|x([0-9A-Fa-f]{1,2})|([\s\S]))/g

function unescaped(text: string): string {
  if (/(?:^|[^\\])(?:\\\\)*\\$/.test(text)) fail('PG_COPY', 'a field ends with a backslash', text.length - 1)
  // Bytes beyond ASCII may be written one by one: only together they are a character.
  const hasBytes = /\\(?:[2-3][0-7]{2}|x[89A-Fa-f][0-9A-Fa-f])/.test(text)
  if (hasBytes) return unescapedBytes(text)
  return text.replace(ESCAPE, (_, octal?: string, hex?: string, letter?: string) => {
    if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8) & 0xff)
    if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16))
    return LETTERS[letter as string] ?? (letter as string)
  })
}

function unescapedBytes(text: string): string {
  const latin1 = Buffer.from(text).toString('latin1')
  const bytes = latin1.replace(ESCAPE, (_, octal?: string, hex?: string, letter?: string) => {
    if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8) & 0xff)
    if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16))
    return LETTERS[letter as string] ?? (letter as string)
  })
  return Buffer.from(bytes, 'latin1').toString('utf8')
}

export class CopyTextEncoder {
  readonly #delimiter: string
  readonly #nullText: string
  readonly #special: RegExp

  constructor(options: CopyTextOptions = {}) {
    this.#delimiter = options.delimiter ?? '\t'
    this.#nullText = options.nullText ?? '\\N'
    if (this.#delimiter.length !== 1 || /[\\\r\n.a-z0-9]/.test(this.#delimiter))
      fail('PG_PARAMETER', 'a delimiter that COPY cannot have')
    if (/[\r\n]/.test(this.#nullText)) fail('PG_PARAMETER', 'a NULL of more than one line')
    this.#special = new RegExp(`[\\\\\\b\\f\\n\\r\\t\\v${this.#delimiter.replace(/[\]^\\-]/g, '\\$&')}]`)
  }

  header(writer: MessageWriter, names: readonly string[]): void {
    this.row(writer, names)
  }

  /** Appends one row. */
  row(writer: MessageWriter, values: CopyRow): void {
    let line = ''
    for (let i = 0; i < values.length; i++) {
      if (i > 0) line += this.#delimiter
      line += this.#field(values[i] as string | null)
    }
    writer.text(`${line}\n`)
  }

  #field(value: string | null): string {
    if (value === null) return this.#nullText
    const isSpecial = this.#special.test(value)
    if (!isSpecial)
      return value === this.#nullText ? fail('PG_PARAMETER', 'a value that would be read as NULL') : value
    const escaped = value.replace(/[\\\b\f\n\r\t\v]/g, (letter) => CODES[letter] as string)
    if (this.#delimiter === '\t') return escaped
    return escaped.replaceAll(this.#delimiter, (letter) => `\\${letter}`)
  }
}
