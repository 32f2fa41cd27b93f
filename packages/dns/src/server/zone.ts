/** Handlers that answer for zones. */
import { wrongType } from '@shrapnel/core/parts'
import { isSubdomain, nameKey, parseZone, type ResourceRecord, type ZoneOptions } from '../wire/index.js'
import type { Answer, Query, QueryHandler } from './query.js'
import { answerFrom } from './zone-answer.js'
import { ZoneTree } from './zone-tree.js'

/** Answers for one zone, and refuses all else. */
export interface Zone extends QueryHandler {
  (query: Query): Answer
  /** The name of the zone. */
  readonly origin: string
}

/**
 * Answers from `records`, or from the text of a zone file (RFC 1035, 5), with authority: aliases and wildcards are followed, delegations
 * refer, and what is not there is denied with the SOA. ANY gets all there is. Signatures are records like any other. Throws
 * `ERR_OUT_OF_RANGE` for records that are no zone, and a DnsWireError for text that cannot be read.
 */
export function zone(records: string | readonly ResourceRecord[], options: ZoneOptions = {}): Zone {
  if (typeof records !== 'string' && !Array.isArray(records))
    throw wrongType('records', 'the text of a zone, or an array', records)
  const tree = new ZoneTree(typeof records === 'string' ? parseZone(records, options) : records)
  const handler = ({ question }: Query): Answer => answerFrom(tree, question)
  return Object.defineProperty(handler, 'origin', { value: tree.origin, enumerable: true }) as Zone
}

/** Answers for several zones: the one that is closest to the name does. */
export function zones(...all: readonly Zone[]): QueryHandler {
  const byDepth = all
    .map((each) => ({ each, key: nameKey(each.origin) }))
    .sort((a, b) => b.key.length - a.key.length)
  return (query) => {
    const key = nameKey(query.question.name)
    return byDepth.find((candidate) => isSubdomain(key, candidate.key))?.each(query) ?? { rcode: 'REFUSED' }
  }
}
