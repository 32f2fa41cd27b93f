/**
 * What is known of one question: the records, or that there are none, or that nobody could say. An entry belongs to the question it
 * answers, and says nothing of any other name, not even of those its aliases lead to: a forged reply could otherwise plant
 * whatever it liked under a name that nobody had asked for.
 */
import type { DnsErrorCode, DnsFacts } from '../errors.js'
import type { Resolution } from '../resolution.js'
import type { ResourceRecord } from '../wire/index.js'
import { arrayBytes, OwnCopy, ownText, textBytes } from './own-copy.js'

/** `alias`: only the beginning of the answer, which goes on under another name. */
export type EntryKind = 'positive' | 'alias' | 'negative' | 'failure'

/** The type of an entry that denies the name as a whole (RFC 2308, 5). */
export const EVERY_TYPE = '*'

/** An Entry, its times and its place in the map. Measured; see the test. */
const ENTRY_BYTES = 290
/** The Resolution that is made of it. */
const RESOLUTION_BYTES = 100

/** Why there are no records. */
export interface Denial {
  readonly code: DnsErrorCode
  readonly text: string
  readonly server: string | undefined
  readonly extendedError: DnsFacts['extendedError']
}

/** What a reply says about its question, before it is kept. */
export interface Finding {
  readonly kind: EntryKind
  readonly records: readonly ResourceRecord[]
  readonly aliases: readonly ResourceRecord[]
  readonly canonicalName: string
  readonly denial: Denial | undefined
  /** True: there is nothing at all under this name. */
  readonly coversName: boolean
  /** The shortest time of everything in it, as it came; 0 is not kept. */
  readonly ttlSeconds: number
}

export class Entry {
  /** The key of the name: lower case, no last dot. */
  readonly name: string
  readonly type: string
  readonly kind: EntryKind
  readonly records: readonly ResourceRecord[]
  readonly aliases: readonly ResourceRecord[]
  readonly canonicalName: string
  readonly denial: Denial | undefined
  /** When it was learned, and until when it holds, in milliseconds of `now()`. */
  readonly storedAt: number
  readonly expiresAt: number
  /** What it takes of the heap, in bytes. */
  readonly bytes: number
  hits = 0
  /** No server answered: until then it is given past its time without asking again. */
  recheckAt = 0
  /** How often in a row nobody could say. */
  failures = 0
  /** Made for the second that passes, and given to all who ask in it. */
  resolution: Resolution | null = null
  // The lists of the cache: by last use, and all types of one name.
  newer: Entry | null = null
  older: Entry | null = null
  nextType: Entry | null = null

  constructor(name: string, type: string, finding: Finding, storedAt: number, ttlSeconds: number) {
    const copy = new OwnCopy()
    this.name = copy.text(name)
    this.type = finding.coversName ? EVERY_TYPE : ownText(type)
    this.kind = finding.kind
    this.records = finding.records.length === 0 ? NONE : copy.records(finding.records)
    this.aliases = finding.aliases.length === 0 ? NONE : copy.records(finding.aliases)
    this.canonicalName = copy.text(finding.canonicalName)
    this.denial = finding.denial && ownDenial(finding.denial)
    this.storedAt = storedAt
    this.expiresAt = storedAt + 1_000 * ttlSeconds
    this.bytes =
      ENTRY_BYTES + copy.bytes + (this.denial === undefined ? RESOLUTION_BYTES : denialBytes(this.denial))
  }
}

const NONE: readonly never[] = Object.freeze([])

function ownDenial({ code, text, server, extendedError }: Denial): Denial {
  return {
    code,
    text: ownText(text),
    server: server && ownText(server),
    extendedError: extendedError && { ...extendedError, text: ownText(extendedError.text) },
  }
}

function denialBytes(denial: Denial): number {
  const { text, server = '', extendedError } = denial
  return (
    arrayBytes(4) +
    textBytes(text) +
    textBytes(server) +
    (extendedError ? 64 + textBytes(extendedError.text) : 0)
  )
}
