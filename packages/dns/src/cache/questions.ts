/** Questions: what a caller asked for, in the form in which it is looked up and put to servers. */
import { outOfRange, wrongType } from '@shrapnel/core/parts'
import { DnsError } from '../errors.js'
import type { Question } from '../wire/index.js'
import { nameKey } from './names.js'

export interface Asked {
  /** As the cache knows the name. */
  readonly key: string
  readonly question: Question
}

/** They ask for something else than the records of one type, and are answered with what no cache can keep (RFC 8482, RFC 5936). */
const NO_TYPES_OF_RECORDS: ReadonlySet<string> = new Set([
  'ANY',
  '*',
  'AXFR',
  'IXFR',
  'MAILA',
  'MAILB',
  'OPT',
  'TKEY',
  'TSIG',
])

/** For mistakes in the program: a name or type that is no text, or asks for no records. */
export function checkAsked(name: unknown, type: unknown): void {
  if (typeof name !== 'string') throw wrongType('name', 'text', name)
  if (typeof type !== 'string') throw wrongType('type', 'text', type)
  if (NO_TYPES_OF_RECORDS.has(type.toUpperCase())) throw outOfRange('type', 'a type of records', type)
}

/** A DnsError `EBADNAME` for what is no domain name. */
export function asked(name: string, type: string): Asked {
  if (name === '') throw new DnsError('EBADNAME', 'an empty text is no domain name', { hostname: name, type })
  const key = nameKey(name)
  return { key, question: { name: name.length > key.length ? name.slice(0, -1) : name, type: type.toUpperCase(), class: 'IN' } }
}
