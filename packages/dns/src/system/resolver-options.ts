/** The `options` of resolv.conf, with glibc's defaults and limits. */

export interface ResolverOptions {
  /** A name with so many dots is asked for as it is before the search list is tried. 1 unless given, at most 15. */
  readonly ndots: number
  /** How long one server is waited for at first, in milliseconds. 5,000 unless given, at most 30,000. */
  readonly timeoutMs: number
  /** How often all servers are asked. 2 unless given, at most 5. */
  readonly attempts: number
  /** Whether `timeout` or `attempts` are said at all. */
  readonly hasTimes: boolean
  /** The servers take turns. */
  readonly rotate: boolean
  /** `use-vc`: TCP alone. */
  readonly useTcp: boolean
  readonly edns0: boolean
  /** The AD bit of a reply is believed. */
  readonly trustAd: boolean
  /** A and AAAA one after the other: some home routers lose one of two. */
  readonly singleRequest: boolean
  /** A name without dots is not asked for as it is, when there is a search list. */
  readonly noTldQuery: boolean
  /** `no-aaaa`: `lookup` asks for no IPv6 addresses. */
  readonly noAaaa: boolean
  /** `no-reload`: the file is read once. */
  readonly noReload: boolean
}

const MAX_NDOTS = 15
const MAX_TIMEOUT_SECONDS = 30
const MAX_ATTEMPTS = 5

/** Names that are not known say nothing, as in glibc; it knows a name by how it begins. A later one wins. */
export function readOptions(words: readonly string[]): ResolverOptions {
  const has = (...names: string[]): boolean =>
    words.some((word) => names.some((name) => word.startsWith(name)))
  const timeout = lastNumber(words, 'timeout:') ?? lastNumber(words, 'retrans:')
  const attempts = lastNumber(words, 'attempts:') ?? lastNumber(words, 'retry:')
  return {
    ndots: Math.min(lastNumber(words, 'ndots:') ?? 1, MAX_NDOTS),
    timeoutMs: 1_000 * Math.min(Math.max(timeout ?? 5, 1), MAX_TIMEOUT_SECONDS),
    attempts: Math.min(Math.max(attempts ?? 2, 1), MAX_ATTEMPTS),
    hasTimes: timeout !== undefined || attempts !== undefined,
    rotate: has('rotate'),
    useTcp: has('use-vc'),
    edns0: has('edns0'),
    trustAd: has('trust-ad'),
    // Each of our queries has a socket of its own, so `single-request-reopen` is always so.
    singleRequest: words.some(
      (word) => word.startsWith('single-request') && !word.startsWith('single-request-reopen'),
    ),
    noTldQuery: has('no_tld_query', 'no-tld-query'),
    noAaaa: has('no-aaaa'),
    noReload: has('no-reload'),
  }
}

/** As atoi(3): digits at the beginning, and 0 without any. */
function lastNumber(words: readonly string[], name: string): number | undefined {
  const word = words.findLast((each) => each.startsWith(name))
  if (word === undefined) return undefined
  return Number(/^\d*/.exec(word.slice(name.length))?.[0] ?? 0)
}
