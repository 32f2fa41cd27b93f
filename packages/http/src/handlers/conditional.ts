/** Conditional requests for any handler: answers 304 or 412 where the request's own conditions ask for that (RFC 9110, 13). */
import { createHash } from 'node:crypto'
import { wrongType } from '@shrapnel/core/parts'
import type { HttpRequest, HttpResponse } from '../message.js'
import { formatHttpDate } from '../wire/date.js'
import { isEntityTag } from '../wire/entity-tag.js'
import { checkPreconditions, type Validators } from '../wire/preconditions.js'

/** What is known of the representation that the handler would send. */
export interface ConditionalFacts {
  /** With its quotes: `"abc"`, or `W/"abc"` if only the meaning is the same. `etagOf` makes one. */
  readonly etag?: string | undefined
  /** A Date, or milliseconds since the epoch. */
  readonly lastModified?: Date | number | undefined
}

/**
 * The answer that a request's conditions ask for, or undefined: go on, and send the same `ETag` and `Last-Modified` with what you send. Looks
 * at If-Match, If-Unmodified-Since, If-None-Match and If-Modified-Since in the order of RFC 9110, 13.2.2. Call it where a GET would be answered
 * with 200, or before a method that changes something does so (there a condition that fails is 412, against lost updates).
 */
export function conditional(request: HttpRequest, facts: ConditionalFacts): HttpResponse | undefined {
  const validators = validatorsOf(facts)
  const isRead = request.method === 'GET' || request.method === 'HEAD'
  const verdict = checkPreconditions(request.headers, isRead, validators)
  if (verdict === 'go-on') return undefined
  if (verdict === 'failed') return { status: 412 }
  const { etag, lastModifiedMs } = validators
  return {
    status: 304,
    headers: {
      ETag: etag,
      'Last-Modified': lastModifiedMs === undefined ? undefined : formatHttpDate(lastModifiedMs),
    },
  }
}

function validatorsOf({ etag, lastModified }: ConditionalFacts): Validators {
  if (etag !== undefined && (typeof etag !== 'string' || !isEntityTag(etag)))
    throw wrongType('etag', 'an entity tag with its quotes', etag)
  const lastModifiedMs = lastModified instanceof Date ? lastModified.getTime() : lastModified
  if (lastModifiedMs !== undefined && !Number.isFinite(lastModifiedMs))
    throw wrongType('lastModified', 'a valid Date or a number', lastModified)
  return { etag, lastModifiedMs }
}

/** A strong entity tag of these very bytes (a string's are UTF-8): their SHA-256, with quotes. About 1 ms for each 500 KB. */
export function etagOf(bytes: string | Uint8Array): string {
  if (typeof bytes !== 'string' && !(bytes instanceof Uint8Array))
    throw wrongType('bytes', 'a string or a Uint8Array', bytes)
  return `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 27)}"`
}
