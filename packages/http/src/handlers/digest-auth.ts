/**
 * Digest authentication (RFC 7616): the password does not cross the network, and no answer is good twice.
 * With SHA-256, and MD5 for clients that know nothing else; `qop=auth` alone. Basic over TLS is what most
 * should use: this is for where there is none.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Awaitable } from '@shrapnel/core'
import { checkDuration, checkFunction, checkInteger, checkOptionNames, wrongType } from '@shrapnel/core/parts'
import type { HttpRequest, HttpResponse, Middleware } from '../message.js'
import { parseCredentials, quoted } from '../wire/credentials.js'
import { checkRealm, checkUsers, setAuthenticatedUser } from './authenticated-user.js'
import { DigestNonces } from './digest-nonces.js'
import { invalidValue } from './invalid-value.js'
import { reason } from './responses.js'

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

const OPTIONS = new Set([
  'realm', 'users', 'lookup', 'algorithms', 'userhash', 'nonceLifetimeMs', 'maxNonces', 'key',
]) // biome-ignore format: a table
const HASHES: Readonly<Record<DigestAlgorithm, string>> = { 'SHA-256': 'sha256', MD5: 'md5' }
const MIN_KEY_BYTES = 16
const COUNT = /^[0-9a-f]{8}$/i
const EXTENDED = /^UTF-8'[A-Za-z0-9-]*'(.*)$/i

interface Claim {
  readonly algorithm: DigestAlgorithm
  readonly name: string
  readonly isHashed: boolean
  readonly parameters: ReadonlyMap<string, string>
}

class Digest {
  readonly #realm: string
  readonly #algorithms: readonly DigestAlgorithm[]
  readonly #lookup: NonNullable<DigestAuthOptions['lookup']>
  readonly #nonces: DigestNonces
  /** Names by their digest; null: no client may send one. */
  readonly #hashed: ReadonlyMap<string, string> | null

  constructor(options: DigestAuthOptions) {
    checkOptionNames(options, OPTIONS)
    const { users, lookup, userhash = false, algorithms = ['SHA-256', 'MD5'] } = options
    this.#realm = checkRealm(options.realm ?? 'Restricted')
    this.#algorithms = checkAlgorithms(algorithms)
    this.#lookup = lookupOf(users, lookup)
    if (typeof userhash !== 'boolean') throw wrongType('userhash', 'true or false', userhash)
    if (userhash && users === undefined) throw invalidValue('userhash', 'needs users', userhash)
    this.#hashed = userhash ? this.#hashesOf(Object.keys(users ?? {})) : null
    this.#nonces = new DigestNonces(
      checkKey(options.key ?? randomBytes(32)),
      checkDuration('nonceLifetimeMs', options.nonceLifetimeMs ?? 300_000),
      checkInteger('maxNonces', options.maxNonces ?? 10_000, 1, 2 ** 24),
    )
  }

  #hashesOf(names: readonly string[]): Map<string, string> {
    return new Map(
      this.#algorithms.flatMap((algorithm) =>
        names.map((name) => [hash(algorithm, `${name}:${this.#realm}`), name] as const),
      ),
    )
  }

  /** 401, with a challenge for each algorithm. */
  challenge(isStale: boolean): HttpResponse {
    const nonce = quoted(this.#nonces.make())
    const rest = `${isStale ? ', stale=true' : ''}${this.#hashed === null ? '' : ', userhash=true'}`
    const challenges = this.#algorithms.map(
      (algorithm) =>
        `Digest realm=${quoted(this.#realm)}, qop="auth", algorithm=${algorithm}, nonce=${nonce}, charset=UTF-8${rest}`,
    )
    return { ...reason(401), headers: { 'WWW-Authenticate': challenges, 'Cache-Control': 'no-store' } }
  }

  /** The name; or why not. */
  async verify(request: HttpRequest): Promise<{ readonly name: string } | 'stale' | 'wrong'> {
    const claim = this.#claimOf(request)
    if (claim === undefined) return 'wrong'
    const nonce = claim.parameters.get('nonce') as string
    const verdict = this.#nonces.check(nonce)
    if (verdict === 'forged') return 'wrong'
    const name = claim.isHashed ? this.#hashed?.get(claim.name) : claim.name
    const secret = name === undefined ? undefined : await this.#lookup(name, request)
    const isRight = this.#isRight(request, claim, name ?? '', secret)
    if (!isRight || name === undefined) return 'wrong'
    // Whoever knows the password is told, so that nobody is asked for it again.
    if (verdict === 'stale') return 'stale'
    const count = Number.parseInt(claim.parameters.get('nc') as string, 16)
    return this.#nonces.use(nonce, count) ? { name } : 'stale'
  }

  #claimOf(request: HttpRequest): Claim | undefined {
    const fields = request.headers.getAll('authorization')
    const credentials = fields.length === 1 ? parseCredentials(fields[0] as string) : undefined
    if (credentials?.scheme !== 'digest') return undefined
    const { parameters } = credentials
    const given = (parameters.get('algorithm') ?? 'MD5').toUpperCase()
    const algorithm = this.#algorithms.find((one) => one === given)
    const isHashed = parameters.get('userhash')?.toLowerCase() === 'true'
    const name = nameOf(parameters)
    const isWhole =
      parameters.get('realm') === this.#realm &&
      parameters.get('qop')?.toLowerCase() === 'auth' &&
      parameters.get('uri') === request.target &&
      COUNT.test(parameters.get('nc') ?? '') &&
      parameters.get('nc') !== '00000000' &&
      ['nonce', 'cnonce', 'response'].every((key) => parameters.has(key))
    if (algorithm === undefined || name === undefined || !isWhole) return undefined
    return { algorithm, name, isHashed, parameters }
  }

  #isRight(request: HttpRequest, claim: Claim, name: string, secret: DigestSecret | undefined): boolean {
    const { algorithm, parameters } = claim
    const part = (key: string): string => parameters.get(key) as string
    const known = typeof secret === 'object' ? secret[algorithm] : undefined
    // For a name that nobody has as much is done, with nothing.
    const password = typeof secret === 'string' ? secret : ''
    const owner = hash(algorithm, `${name}:${this.#realm}:${password}`)
    const asked = hash(algorithm, `${request.method}:${part('uri')}`)
    const counted = `${part('nonce')}:${part('nc')}:${part('cnonce')}:${part('qop')}`
    const expected = hash(algorithm, `${known ?? owner}:${counted}:${asked}`)
    const given = part('response').toLowerCase()
    const isEqual =
      given.length === expected.length && timingSafeEqual(Buffer.from(given, 'latin1'), Buffer.from(expected))
    return isEqual && (typeof secret === 'string' || known !== undefined)
  }
}

function nameOf(parameters: ReadonlyMap<string, string>): string | undefined {
  const plain = parameters.get('username')
  const extended = parameters.get('username*')
  // Fields come as one character a byte, and the challenge asked for UTF-8.
  if (extended === undefined) return plain === undefined ? undefined : Buffer.from(plain, 'latin1').toString()
  const encoded = EXTENDED.exec(extended)?.[1]
  if (plain !== undefined || encoded === undefined || parameters.get('userhash') === 'true') return undefined
  try {
    return decodeURIComponent(encoded)
  } catch {
    return undefined
  }
}

function hash(algorithm: DigestAlgorithm, text: string): string {
  return createHash(HASHES[algorithm]).update(text).digest('hex')
}

function lookupOf(
  users: DigestAuthOptions['users'],
  lookup: DigestAuthOptions['lookup'],
): NonNullable<DigestAuthOptions['lookup']> {
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
  const isKnown = algorithms.every((one: string) => Object.hasOwn(HASHES, one))
  if (algorithms.length === 0 || !isKnown || new Set(algorithms).size < algorithms.length)
    throw invalidValue('algorithms', 'are not SHA-256, MD5 or both', String(algorithms))
  return [...algorithms]
}

function checkKey(key: Uint8Array): Uint8Array {
  if (!(key instanceof Uint8Array)) throw wrongType('key', 'bytes', typeof key)
  if (key.length < MIN_KEY_BYTES) throw invalidValue('key', `has ${MIN_KEY_BYTES} bytes or more`, key.length)
  return key
}

/**
 * Lets only those in who know a password: the others get 401. `authenticatedUser(request)` is the name then.
 */
export function digestAuth(options: DigestAuthOptions): Middleware {
  const digest = new Digest(options)
  return async (request, next) => {
    const verdict = await digest.verify(request)
    if (typeof verdict === 'string') return digest.challenge(verdict === 'stale')
    setAuthenticatedUser(request, verdict.name)
    return next(request)
  }
}
