/**
 * The patterns of routes, taken apart when a route is made: `/users/:id/files/*rest`. A segment is static
 * text, `:name` for one segment that is not empty, or, at the end alone, `*name` for all the rest, which may
 * be empty. No regular expressions: matching costs what the path is long.
 */
import { wrongType } from '@shrapnel/core/parts'
import { invalidValue } from './invalid-value.js'

export const STATIC = 0
export const PARAMETER = 1
export const WILDCARD = 2

export interface Segment {
  readonly kind: typeof STATIC | typeof PARAMETER | typeof WILDCARD
  /** The text, decoded, or the name. */
  readonly text: string
}

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/
const MAX_PATTERN_LENGTH = 2_048

/** Throws `ERR_INVALID_ARG_VALUE` for what is no pattern. */
export function parsePattern(pattern: string): readonly Segment[] {
  if (typeof pattern !== 'string') throw wrongType('path', 'text', pattern)
  if (!pattern.startsWith('/')) throw invalidValue('path', 'does not begin with a slash', pattern)
  if (pattern.length > MAX_PATTERN_LENGTH)
    throw invalidValue('path', `is longer than ${MAX_PATTERN_LENGTH}`, pattern)
  if (/[?#]/.test(pattern)) throw invalidValue('path', 'has a query: routes are of paths', pattern)
  const parts = pattern.slice(1).split('/')
  const segments = parts.map((part, at) => parseSegment(part, at === parts.length - 1, pattern))
  checkNames(segments, pattern)
  return segments
}

function parseSegment(part: string, isLast: boolean, pattern: string): Segment {
  if (part.startsWith(':')) return { kind: PARAMETER, text: checkName(part.slice(1), pattern) }
  if (part.startsWith('*')) {
    if (!isLast) throw invalidValue('path', 'has a wildcard before its end', pattern)
    return { kind: WILDCARD, text: checkName(part.slice(1) || 'rest', pattern) }
  }
  if (part.includes('*')) throw invalidValue('path', 'has a wildcard that is no whole segment', pattern)
  const text = decodeSegment(part)
  if (text === undefined) throw invalidValue('path', 'has a percent sign that encodes nothing', pattern)
  return { kind: STATIC, text }
}

function checkName(name: string, pattern: string): string {
  if (!NAME.test(name) || name === '__proto__')
    throw invalidValue('path', `has a parameter with the name ${JSON.stringify(name)}`, pattern)
  return name
}

/** Throws `ERR_INVALID_ARG_VALUE` where two parameters have one name. */
export function checkNames(segments: readonly Segment[], pattern: string): void {
  const names = segments.filter(({ kind }) => kind !== STATIC).map(({ text }) => text)
  if (new Set(names).size < names.length)
    throw invalidValue('path', 'has two parameters of one name', pattern)
}

/**
 * The text that a segment is, which may have a slash in it; undefined: a percent sign is malformed, or it is
 * no UTF-8.
 */
export function decodeSegment(text: string): string | undefined {
  if (!text.includes('%')) return text
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
