/** Conditional requests: what the fields of a request say about a representation, in the order of RFC 9110, 13.2.2. Pure. */
import { parseHttpDate } from './date.js'
import { entityTags, isStrongMatch, isWeakMatch } from './entity-tag.js'

/** Where the fields come from. */
export interface Fields {
  get(name: string): string | undefined
}

/** What is known of the representation that would be sent. */
export interface Validators {
  /** With its quotes: `"abc"` or `W/"abc"`. */
  readonly etag?: string | undefined
  /** Milliseconds since the epoch; fields speak of whole seconds. */
  readonly lastModifiedMs?: number | undefined
}

/** `not-modified`: 304; `failed`: 412. */
export type Verdict = 'go-on' | 'not-modified' | 'failed'

const SECOND_MS = 1_000

/** Steps 1 to 4; a date that cannot be read is as none. `isRead`: the method is GET or HEAD. */
export function checkPreconditions(fields: Fields, isRead: boolean, validators: Validators): Verdict {
  const { etag } = validators
  const seconds = inSeconds(validators.lastModifiedMs)
  const ifMatch = fields.get('if-match')
  if (ifMatch !== undefined) {
    if (!isListed(ifMatch, etag, isStrongMatch)) return 'failed'
  } else {
    const since = dateOf(fields.get('if-unmodified-since'))
    if (since !== undefined && seconds !== undefined && seconds > since) return 'failed'
  }
  const ifNoneMatch = fields.get('if-none-match')
  if (ifNoneMatch !== undefined) {
    if (isListed(ifNoneMatch, etag, isWeakMatch)) return isRead ? 'not-modified' : 'failed'
  } else if (isRead) {
    const since = dateOf(fields.get('if-modified-since'))
    if (since !== undefined && seconds !== undefined && seconds <= since) return 'not-modified'
  }
  return 'go-on'
}

/**
 * Step 5: whether the Range of a request is meant, by its If-Range (13.1.5). A tag must be the same and strong; a date must be the
 * very date, and old enough that no second change can hide in its second (8.8.2.2).
 */
export function isRangeMeant(ifRange: string | undefined, validators: Validators, nowMs: number): boolean {
  if (ifRange === undefined) return true
  const text = ifRange.trim()
  const { etag } = validators
  if (text.endsWith('"')) return etag !== undefined && isStrongMatch(text, etag)
  const seconds = inSeconds(validators.lastModifiedMs)
  return seconds !== undefined && seconds === dateOf(text, nowMs) && nowMs / SECOND_MS - seconds >= 1
}

function isListed(
  text: string,
  etag: string | undefined,
  matches: (one: string, other: string) => boolean,
): boolean {
  if (text.trim() === '*') return true
  return etag !== undefined && entityTags(text).some((tag) => matches(tag, etag))
}

function inSeconds(timeMs: number | undefined): number | undefined {
  return timeMs === undefined ? undefined : Math.floor(timeMs / SECOND_MS)
}

function dateOf(text: string | undefined, nowMs?: number): number | undefined {
  return text === undefined ? undefined : inSeconds(parseHttpDate(text.trim(), nowMs))
}
