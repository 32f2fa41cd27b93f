/** From what is known to what a caller gets: a Resolution, or an error of his own. Failures are shared by many; an error object is not. */
import { ClosedError } from '@shrapnel/core'
import { DnsError } from '../errors.js'
import type { Resolution } from '../resolution.js'
import type { ResourceRecord } from '../wire/index.js'
import type { Entry } from './entry.js'
import type { Asked } from './questions.js'

/** RFC 8767, 4: what is given past its time holds so long. */
const STALE_TTL_SECONDS = 30

/** The last part of an answer, and what came before it. */
export interface Found {
  readonly entry: Entry
  readonly source: Resolution['source']
  readonly isStale: boolean
  /** How long it is good for, in seconds. */
  readonly ttl: number
}

export function found(entry: Entry, time: number, source: Resolution['source']): Found {
  return { entry, source, isStale: false, ttl: secondsLeft(entry, time) }
}

export function foundStale(entry: Entry): Found {
  return { entry, source: 'cache', isStale: true, ttl: STALE_TTL_SECONDS }
}

/** Whole seconds: never more than is true. */
function secondsLeft(entry: Entry, time: number): number {
  return Math.max(0, Math.floor((entry.expiresAt - time) / 1_000))
}

export function joined(
  { name, type }: Asked['question'],
  aliases: readonly ResourceRecord[],
  parts: readonly Found[],
): Resolution {
  const last = (parts[parts.length - 1] as Found).entry
  return Object.freeze({
    name,
    type,
    canonicalName: aliases.length === 0 ? name : last.canonicalName,
    records: last.records,
    aliases: Object.freeze(aliases),
    ttl: parts.reduce((least, { ttl }) => Math.min(least, ttl), Infinity),
    isStale: parts.some(({ isStale }) => isStale),
    source: parts.some(({ source }) => source === 'network') ? 'network' : 'cache',
  })
}

/**
 * What the cache gives for an entry that is the whole answer. The same object for all who ask in the same second, in the spelling in which the
 * name is kept; the string of a caller is not kept, which may be a slice of a long one.
 */
export function fromCache(entry: Entry, name: string, time: number): Resolution {
  const ttl = Math.floor((entry.expiresAt - time) / 1_000)
  if (name !== entry.name) return whole(entry, name, ttl)
  const known = entry.resolution
  if (known !== null && known.ttl === ttl) return known
  entry.resolution = whole(entry, entry.name, ttl)
  return entry.resolution
}

function whole(entry: Entry, name: string, ttl: number): Resolution {
  return Object.freeze({
    name,
    type: entry.type,
    canonicalName: entry.aliases.length === 0 ? name : entry.canonicalName,
    records: entry.records,
    aliases: entry.aliases,
    ttl,
    isStale: false,
    source: 'cache',
  })
}

/** The error that an entry without records stands for. */
export function denied(entry: Entry, name: string, type: string, time: number): DnsError {
  const { code, text, server, extendedError } = entry.denial as NonNullable<Entry['denial']>
  const remembered =
    entry.kind === 'failure' ? ` (remembered for ${Math.ceil((entry.expiresAt - time) / 1_000)} s more)` : ''
  return new DnsError(code, text + remembered, { hostname: name, type, server, extendedError })
}

/** What all of those who waited for the same question get, each his own. */
export function failed(error: unknown, { question }: Asked): unknown {
  if (error instanceof ClosedError) return closed()
  if (!(error instanceof DnsError)) return error
  const { code, message, server, attempts, extendedError, reply, cause } = error
  return new DnsError(code, message, {
    hostname: question.name,
    type: question.type,
    server,
    attempts,
    extendedError,
    reply,
    cause,
  })
}

/** `soFar`: how the servers did until then. */
export function timedOut(
  { name, type }: Asked['question'],
  timeoutMs: number,
  soFar: DnsError | undefined,
): DnsError {
  const { code = 'ETIMEOUT', server, attempts = [], extendedError, reply, cause } = soFar ?? {}
  const servers = attempts.length === 0 ? '' : ` from ${attempts.map((each) => each.server).join(', ')}`
  return new DnsError(code, `no answer for ${name} ${type}${servers} within ${timeoutMs} ms`, {
    hostname: name,
    type,
    server,
    attempts: soFar?.attempts,
    extendedError,
    reply,
    cause,
  })
}

export function closed(): ClosedError {
  return new ClosedError('the resolver is closed')
}
