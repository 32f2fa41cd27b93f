/**
 * Copies of records that share nothing with what they were copied from: a name may be a slice of a megabyte, and bytes a view of a
 * receive buffer, and either would be kept for a day. Also says what the copy takes in memory. What it gives is frozen, as many
 * callers get the same records; only bytes are not, which JavaScript cannot freeze.
 */
import type { ResourceRecord } from '../wire/index.js'

// What V8 takes on a 64-bit machine without compressed pointers, in bytes.
const OBJECT_BYTES = 24
const FIELD_BYTES = 8
const ARRAY_BYTES = 56
const TEXT_BYTES = 20
/** A typed array, its ArrayBuffer, and the block outside of the heap. */
const BYTES_BYTES = 280
/** A number that is no small integer. */
const NUMBER_BYTES = 16
/** An entry of a Map, with its share of the empty places. */
const MAP_ENTRY_BYTES = 48
const LARGEST_SMALL_INTEGER = 2 ** 31 - 1
/** V8 makes slices and ropes of 13 characters and more; what is shorter is its own copy. */
const SHORTEST_SLICE = 13

/** An object that was filled field by field: four fields are in it, and more outside of it, by threes. */
function dataBytes(fields: number): number {
  const inside = OBJECT_BYTES + 4 * FIELD_BYTES
  return fields <= 4 ? inside : inside + 16 + 3 * FIELD_BYTES * Math.ceil((fields - 4) / 3)
}

/** A flat string that keeps no other one alive. */
export function ownText(text: string): string {
  if (text.length < SHORTEST_SLICE) return text
  const copy = Buffer.from(text, 'latin1').toString('latin1')
  return copy === text ? copy : Buffer.from(text, 'utf16le').toString('utf16le')
}

/** What a string of its own takes. */
export function textBytes(text: string): number {
  return TEXT_BYTES + text.length
}

/** What an array of so many references takes, without what they lead to. */
export function arrayBytes(length: number): number {
  return ARRAY_BYTES + FIELD_BYTES * length
}

/** Copies everything that is kept together, so that a name which occurs in each record is there once. */
export class OwnCopy {
  /** What all copies so far take in memory, in bytes. */
  bytes = 0
  readonly #texts = new Map<string, string>()

  /** `known`: strings that are there already, and cost nothing more. */
  constructor(...known: readonly string[]) {
    for (const text of known) this.#texts.set(text, text)
  }

  records<Kind extends ResourceRecord>(records: readonly Kind[]): readonly Kind[] {
    this.bytes += arrayBytes(records.length)
    return Object.freeze(records.map((record) => this.#record(record)))
  }

  text(text: string): string {
    const known = this.#texts.get(text)
    if (known !== undefined) return known
    const own = ownText(text)
    this.#texts.set(own, own)
    this.bytes += textBytes(own)
    return own
  }

  #record<Kind extends ResourceRecord>(record: Kind): Kind {
    this.bytes += OBJECT_BYTES + 5 * FIELD_BYTES
    return Object.freeze({
      name: this.text(record.name),
      type: record.type,
      class: record.class,
      ttl: record.ttl,
      data: this.#value(record.data),
    }) as Kind
  }

  #value(value: unknown): unknown {
    if (typeof value === 'string') return this.text(value)
    if (typeof value === 'number') {
      if (!Number.isInteger(value) || Math.abs(value) > LARGEST_SMALL_INTEGER) this.bytes += NUMBER_BYTES
      return value
    }
    if (typeof value !== 'object' || value === null) return value
    if (value instanceof Uint8Array) {
      this.bytes += BYTES_BYTES + value.length
      return new Uint8Array(value)
    }
    if (Array.isArray(value)) {
      this.bytes += arrayBytes(value.length)
      return Object.freeze(value.map((each) => this.#value(each)))
    }
    if (value instanceof Map) {
      this.bytes += ARRAY_BYTES + MAP_ENTRY_BYTES * value.size
      return new Map([...value].map(([key, each]) => [this.#value(key), this.#value(each)]))
    }
    // Filled field by field: V8 would give each frozen copy that a spread made a shape of its own, of 110 bytes.
    const own: Record<string, unknown> = {}
    const names = Object.keys(value)
    this.bytes += dataBytes(names.length)
    for (const name of names) own[name] = this.#value((value as Record<string, unknown>)[name])
    return Object.freeze(own)
  }
}
