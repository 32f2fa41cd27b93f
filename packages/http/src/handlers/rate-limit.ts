/** How often each peer may ask: a bucket of tokens for each, which fills again as time passes. */
import { now } from '@shrapnel/core'
import { checkFunction, checkInteger, checkOptionNames, outOfRange, wrongType } from '@shrapnel/core/parts'
import type { HttpRequest, Middleware } from '../message.js'
import { tooManyRequests } from './responses.js'

export interface RateLimitOptions {
  /** Requests that a peer may make in the long run. */
  readonly perSecond: number
  /** Requests that it may make at once, after a while without any. */
  readonly burst: number
  /**
   * Whose bucket it is; undefined: nobody's, and there is no limit. The peer's address unless given, and of
   * IPv6 the first 64 bits, as a client has all of those.
   */
  readonly key?: (request: HttpRequest) => string | undefined
  /** Peers that are remembered; beyond, those that asked longest ago are forgotten. 10,000 unless given. */
  readonly maxPeers?: number
}

interface Bucket {
  tokens: number
  atMs: number
}

const OPTIONS = new Set(['perSecond', 'burst', 'key', 'maxPeers'])
const MAX_KEY_LENGTH = 256

/** Middleware that answers 429, with Retry-After, to whoever asks too often. */
export function rateLimit(options: RateLimitOptions): Middleware {
  checkOptionNames(options, OPTIONS)
  const { perSecond, key = peerKey } = options
  if (typeof perSecond !== 'number') throw wrongType('perSecond', 'a number', perSecond)
  if (!(perSecond > 0 && perSecond < Infinity)) throw outOfRange('perSecond', 'more than 0', perSecond)
  checkFunction('key', key)
  const burst = checkInteger('burst', options.burst, 1, 2 ** 31)
  const maxPeers = checkInteger('maxPeers', options.maxPeers ?? 10_000, 1, 2 ** 24)
  const buckets = new Map<string, Bucket>()

  /** 0: it may go on; otherwise when there will be a token, in milliseconds. */
  const take = (name: string): number => {
    const atMs = now()
    const bucket = buckets.get(name) ?? { tokens: burst, atMs }
    // The map keeps the order of asking: the first is the one to forget.
    buckets.delete(name)
    if (buckets.size >= maxPeers) buckets.delete(buckets.keys().next().value as string)
    buckets.set(name, bucket)
    bucket.tokens = Math.min(burst, bucket.tokens + ((atMs - bucket.atMs) * perSecond) / 1000)
    bucket.atMs = atMs
    if (bucket.tokens < 1) return ((1 - bucket.tokens) * 1000) / perSecond
    bucket.tokens--
    return 0
  }

  return (request, next) => {
    const name = key(request)
    const waitMs = name === undefined ? 0 : take(name.slice(0, MAX_KEY_LENGTH))
    return waitMs === 0 ? next(request) : tooManyRequests(undefined, Math.ceil(waitMs / 1000))
  }
}

function peerKey({ peer }: HttpRequest): string | undefined {
  if (peer === undefined) return undefined
  const { address } = peer
  if (!address.includes(':') || address.startsWith('::ffff:')) return address
  const [left = ''] = address.split('::')
  const groups = left.split(':').filter((group) => group !== '')
  return address.includes('::') && groups.length < 4
    ? `${[...groups, ...new Array<string>(4 - groups.length).fill('0')].join(':')}::`
    : `${groups.slice(0, 4).join(':')}::`
}
