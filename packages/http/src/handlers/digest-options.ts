/** What digest authentication may be told, checked. */
import { randomBytes } from 'node:crypto'
import type { Awaitable } from '@shrapnel/core'
import { checkDuration, checkFunction, checkInteger, checkOptionNames, wrongType } from '@shrapnel/core/parts'
import type { HttpRequest } from '../message.js'
import { checkRealm, checkUsers } from './authenticated-user.js'
import { invalidValue } from './invalid-value.js'

export type DigestAlgorithm = 'SHA-256' | 'MD5'

/**
 * A password, or for each algorithm the digest of `name:realm:password` in small hexadecimal letters, which
 * is all that is needed of it.
 */
export type DigestSecret = string | Readonly<Partial<Record<DigestAlgorithm, string>>>

export interface DigestAuthOptions {
  /** What the client shows when it asks for the password. `Restricted` unless given. */
  readonly realm?: string
  /** Names and their passwords. */
  readonly users?: Readonly<Record<string, string>>
  /** In place of `users`: the secret of a name; undefined: there is none. It may wait. */
  readonly lookup?: (name: string, request: HttpRequest) => Awaitable<DigestSecret | undefined>
  /** What is offered, the best first. `['SHA-256', 'MD5']` unless given. */
  readonly algorithms?: readonly DigestAlgorithm[]
  /** Lets clients send a digest in place of their name. With `users` only. False unless given. */
  readonly userhash?: boolean
  /**
   * How long a nonce is good; the client is given another without asking for the password again. 300,000
   * unless given.
   */
  readonly nonceLifetimeMs?: number
  /** Nonces in use that are kept. 10,000 unless given. */
  readonly maxNonces?: number
  /**
   * What nonces are signed with, 16 bytes or more, where several processes are to know those of each other;
   * replays are found by each for itself. Random unless given.
   */
  readonly key?: Uint8Array
}

export type DigestLookup = NonNullable<DigestAuthOptions['lookup']>

export interface DigestSettings {
  readonly realm: string
  readonly algorithms: readonly DigestAlgorithm[]
  readonly lookup: DigestLookup
  /** Those that clients may send a digest of; null: none. */
  readonly names: readonly string[] | null
  readonly key: Uint8Array
  readonly nonceLifetimeMs: number
  readonly maxNonces: number
}

const OPTIONS = new Set([
  'realm', 'users', 'lookup', 'algorithms', 'userhash', 'nonceLifetimeMs', 'maxNonces', 'key',
]) // biome-ignore format: a table
const ALGORITHMS: readonly string[] = ['SHA-256', 'MD5'] satisfies DigestAlgorithm[]
const MIN_KEY_BYTES = 16

export function digestSettings(options: DigestAuthOptions): DigestSettings {
  checkOptionNames(options, OPTIONS)
  const { users, lookup, userhash = false, algorithms = ['SHA-256', 'MD5'] } = options
  if (typeof userhash !== 'boolean') throw wrongType('userhash', 'true or false', userhash)
  if (userhash && users === undefined) throw invalidValue('userhash', 'needs users', userhash)
  return {
    realm: checkRealm(options.realm ?? 'Restricted'),
    algorithms: checkAlgorithms(algorithms),
    lookup: lookupOf(users, lookup),
    names: userhash ? Object.keys(users ?? {}) : null,
    key: checkKey(options.key ?? randomBytes(32)),
    nonceLifetimeMs: checkDuration('nonceLifetimeMs', options.nonceLifetimeMs ?? 300_000),
    maxNonces: checkInteger('maxNonces', options.maxNonces ?? 10_000, 1, 2 ** 24),
  }
}

function lookupOf(users: DigestAuthOptions['users'], lookup: DigestAuthOptions['lookup']): DigestLookup {
  if ((users === undefined) === (lookup === undefined))
    throw invalidValue('options', 'have one of users and lookup', users === undefined ? 'neither' : 'both')
  if (lookup !== undefined) {
    checkFunction('lookup', lookup)
    return lookup
  }
  const table = new Map(Object.entries(checkUsers(users)))
  return (name) => table.get(name)
}

function checkAlgorithms(algorithms: readonly DigestAlgorithm[]): readonly DigestAlgorithm[] {
  if (!Array.isArray(algorithms)) throw wrongType('algorithms', 'an array', algorithms)
  const isKnown = algorithms.every((one: string) => ALGORITHMS.includes(one))
  if (algorithms.length === 0 || !isKnown || new Set(algorithms).size < algorithms.length)
    throw invalidValue('algorithms', 'are not SHA-256, MD5 or both', String(algorithms))
  return [...algorithms]
}

function checkKey(key: Uint8Array): Uint8Array {
  if (!(key instanceof Uint8Array)) throw wrongType('key', 'bytes', typeof key)
  if (key.length < MIN_KEY_BYTES) throw invalidValue('key', `has ${MIN_KEY_BYTES} bytes or more`, key.length)
  return key
}
