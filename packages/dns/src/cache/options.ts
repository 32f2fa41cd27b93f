/** What a Resolver may be told, the values it has otherwise, and what is refused. */
import { checkDuration, checkInteger, checkOptionNames, outOfRange, wrongType } from '@shrapnel/core/parts'
import { MAX_TTL_SECONDS } from '../wire/index.js'

export interface ResolverOptions {
  /** How long one `resolve` may take in all, whatever it has to ask, in milliseconds. 5,000 unless given: what resolv.conf calls `timeout`. */
  readonly timeoutMs?: number
  /** False: nothing is remembered. Questions are shared all the same. True unless given. */
  readonly cache?: boolean
  /** What the cache may take of the heap, in bytes. 8,388,608 unless given. */
  readonly maxCacheBytes?: number
  /** Records are remembered no longer than this, in seconds, whatever they say; 86,400 unless given (RFC 8767, 4 advises days to a week). */
  readonly maxTtlSeconds?: number
  /** And no shorter than this, in seconds. 0 unless given; more than 0 goes against what the zone says (RFC 1035). */
  readonly minTtlSeconds?: number
  /** That there is no such name or record is remembered no longer than this, in seconds. 10,800 unless given (RFC 2308, 5). */
  readonly maxNegativeTtlSeconds?: number
  /** A failure is remembered so long, in seconds, 0 to 300; twice as long each time it happens again. 5 unless given (RFC 9520, 3.2). 0: it is not. */
  readonly failureTtlSeconds?: number
  /** The longest that a failure is remembered, in seconds, up to 300. 30 unless given, or `failureTtlSeconds` if that is more. */
  readonly maxFailureTtlSeconds?: number
  /** While no server answers, records are given so long past their time, in seconds (RFC 8767; it advises 1 to 3 days). 0 unless given: never. */
  readonly staleSeconds?: number
  /** How long servers have to answer before such records are given, in milliseconds. 1,800 unless given (RFC 8767, 5). */
  readonly staleAfterMs?: number
  /** How many aliases may follow upon each other. 16 unless given. */
  readonly maxAliases?: number
}

export interface ResolveOptions {
  /** How long this one may take in all, in milliseconds; as the resolver's unless given. */
  readonly timeoutMs?: number
  /**
   * False: asks the servers, and does not join a question that is under way, which may have been asked before something changed. What
   * they answer is remembered. True unless given.
   */
  readonly cache?: boolean
}

export type Settings = Required<ResolverOptions>

const DEFAULTS: Settings = {
  timeoutMs: 5_000,
  cache: true,
  maxCacheBytes: 8 * 1024 * 1024,
  maxTtlSeconds: 86_400,
  minTtlSeconds: 0,
  maxNegativeTtlSeconds: 10_800,
  failureTtlSeconds: 5,
  maxFailureTtlSeconds: 30,
  staleSeconds: 0,
  staleAfterMs: 1_800,
  maxAliases: 16,
}

/** RFC 9520, 3.2. */
const MOST_FAILURE_SECONDS = 300
const MOST_ALIASES = 255

const NAMES: ReadonlySet<string> = new Set(Object.keys(DEFAULTS))
const RESOLVE_NAMES: ReadonlySet<string> = new Set(['timeoutMs', 'cache'])

export function resolverSettings(options: ResolverOptions): Settings {
  checkOptionNames(options, NAMES)
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
  const settings: Settings = { ...DEFAULTS, ...given }
  checkDuration('timeoutMs', settings.timeoutMs)
  checkBoolean('cache', settings.cache)
  checkInteger('maxCacheBytes', settings.maxCacheBytes, 0, Number.MAX_SAFE_INTEGER)
  checkInteger('maxTtlSeconds', settings.maxTtlSeconds, 0, MAX_TTL_SECONDS)
  checkInteger('minTtlSeconds', settings.minTtlSeconds, 0, MAX_TTL_SECONDS)
  if (settings.minTtlSeconds > settings.maxTtlSeconds)
    throw outOfRange(
      'minTtlSeconds',
      `at most maxTtlSeconds, ${settings.maxTtlSeconds}`,
      settings.minTtlSeconds,
    )
  checkInteger('maxNegativeTtlSeconds', settings.maxNegativeTtlSeconds, 0, MAX_TTL_SECONDS)
  checkInteger('failureTtlSeconds', settings.failureTtlSeconds, 0, MOST_FAILURE_SECONDS)
  checkInteger('maxFailureTtlSeconds', settings.maxFailureTtlSeconds, 0, MOST_FAILURE_SECONDS)
  const maxFailureTtlSeconds = Math.max(settings.maxFailureTtlSeconds, settings.failureTtlSeconds)
  checkInteger('staleSeconds', settings.staleSeconds, 0, MAX_TTL_SECONDS)
  checkDuration('staleAfterMs', settings.staleAfterMs)
  checkInteger('maxAliases', settings.maxAliases, 0, MOST_ALIASES)
  return { ...settings, maxFailureTtlSeconds }
}

export function checkResolveOptions(options: ResolveOptions): void {
  checkOptionNames(options, RESOLVE_NAMES)
  if (options.timeoutMs !== undefined) checkDuration('timeoutMs', options.timeoutMs)
  if (options.cache !== undefined) checkBoolean('cache', options.cache)
}

function checkBoolean(name: string, value: unknown): void {
  if (typeof value !== 'boolean') throw wrongType(name, 'true or false', value)
}
