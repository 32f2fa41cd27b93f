/**
 * Records as zone files have them, both ways (RFC 1035, 5; $TTL: RFC 2308, 4). $INCLUDE and $GENERATE are refused: the one reads files,
 * the other is BIND's own.
 */
import { DnsWireError } from './errors.js'
import { decodeGeneric, isGeneric, parseGeneric } from './generic-data.js'
import type { ResourceRecord } from './message.js'
import { CLASSES, RECORD_TYPES } from './mnemonics.js'
import { recordTypeNamed } from './record-types.js'
import { formatName, formatWords } from './text-form.js'
import { absoluteName, parseSeconds, TextReader } from './text-reader.js'
import { type Entry, zoneEntries } from './zone-lexer.js'

export interface ZoneOptions {
  /** What names without a last dot are below, and what `@` is, until the first $ORIGIN (`.`). */
  readonly origin?: string | undefined
  /** The time to live, in seconds, of records before which none is given. Without it, such a record is an error. */
  readonly ttl?: number | undefined
}

/**
 * The records of a zone file, in order. A TTL that is missing is that of $TTL, else that of the record before, else `options.ttl`,
 * else the minimum of the SOA record. Throws DNS_TEXT, or a code for names or data, with the `line`.
 */
export function parseZone(text: string, options: ZoneOptions = {}): ResourceRecord[] {
  const parser = new ZoneParser(options)
  const records: ResourceRecord[] = []
  for (const entry of zoneEntries(text)) {
    const record = parser.parse(entry)
    if (record !== undefined) records.push(record)
  }
  return records
}

/** The one record that `text` is. Throws DNS_TEXT if it is none, or more than one. */
export function parseRecord(text: string, options: ZoneOptions = {}): ResourceRecord {
  const [record, ...others] = parseZone(text, options)
  if (record === undefined || others.length > 0) throw new DnsWireError('DNS_TEXT', 'that is not one record')
  return record
}

/** `example.com. 300 IN MX 10 mail.example.com.`, from which `parseRecord` makes the same record again. */
export function formatRecord(record: ResourceRecord): string {
  return formatWords(formatName(record.name), record.ttl, record.class, record.type, formatData(record))
}

/** What comes behind the type. */
export function formatData(record: ResourceRecord): string {
  return recordTypeNamed(record.type).codec.format(record.data)
}

/** Types for questions alone, and OPT, which no zone has. */
const NOT_IN_ZONES: ReadonlySet<string> = new Set(['OPT', 'ANY', 'AXFR', 'IXFR', 'MAILA', 'MAILB'])

class ZoneParser {
  #origin: string
  #owner: string | undefined
  #class = 'IN'
  #defaultTtl: number | undefined
  #lastTtl: number | undefined

  constructor(options: ZoneOptions) {
    this.#origin = absoluteName(options.origin ?? '.', '.')
    this.#lastTtl = options.ttl
  }

  parse(entry: Entry): ResourceRecord | undefined {
    try {
      const [first] = entry.words
      if (first?.text.startsWith('$') && !entry.isIndented && !first.isQuoted) {
        this.#control(first.text.toUpperCase(), new TextReader(entry.words, this.#origin, 1))
        return undefined
      }
      return this.#record(new TextReader(entry.words, this.#origin), entry.isIndented)
    } catch (error) {
      if (!(error instanceof DnsWireError)) throw error
      throw new DnsWireError(error.code, `line ${entry.line}: ${error.message}`, {
        line: entry.line,
        cause: error,
      })
    }
  }

  #control(word: string, reader: TextReader): void {
    if (word === '$ORIGIN') this.#origin = reader.name(word)
    else if (word === '$TTL') this.#defaultTtl = reader.seconds(word)
    else throw new DnsWireError('DNS_TEXT', `${word} is not understood`)
    reader.finish()
  }

  #record(reader: TextReader, isIndented: boolean): ResourceRecord {
    if (!isIndented) this.#owner = reader.name('name')
    const name = this.#owner
    if (name === undefined) throw new DnsWireError('DNS_TEXT', 'a record without a name, and none before it')
    const givenTtl = this.#head(reader)
    const word = reader.type('type')
    if (NOT_IN_ZONES.has(word)) throw new DnsWireError('DNS_TEXT', `${word} is no type of records in zones`)
    const type = recordTypeNamed(word)
    const data = isGeneric(reader)
      ? decodeGeneric(type.codec, parseGeneric(reader))
      : type.codec.parse(reader)
    reader.finish()
    const ttl = givenTtl ?? this.#defaultTtl ?? this.#lastTtl ?? minimumOf(word, data)
    if (ttl === undefined) throw new DnsWireError('DNS_TEXT', 'a record without a TTL, and none before it')
    this.#lastTtl = ttl
    return { name, type: word, class: this.#class, ttl, data } as ResourceRecord
  }

  /** The TTL and the class, in any order, each of them or not. What can be a type is one. */
  #head(reader: TextReader): number | undefined {
    let ttl: number | undefined
    let hasClass = false
    for (;;) {
      const text = reader.peek()?.text ?? ''
      const seconds = ttl === undefined ? parseSeconds(text) : undefined
      const number = hasClass || RECORD_TYPES.find(text) !== undefined ? undefined : CLASSES.find(text)
      if (seconds !== undefined) ttl = seconds
      else if (number !== undefined) {
        this.#class = CLASSES.word(number)
        hasClass = true
      } else return ttl
      reader.word('type')
    }
  }
}

function minimumOf(type: string, data: unknown): number | undefined {
  return type === 'SOA' ? (data as { readonly minimum: number }).minimum : undefined
}
