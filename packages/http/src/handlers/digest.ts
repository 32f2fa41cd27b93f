/**
 * The two sides of a digest (RFC 7616): what a client is asked for, and whether its answer is that of somebody who knows the password.
 * `qop=auth` alone.
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { HttpRequest, HttpResponse } from '../message.js'
import { parseCredentials, quoted } from '../wire/credentials.js'
import { DigestNonces } from './digest-nonces.js'
import {
  type DigestAlgorithm,
  type DigestAuthOptions,
  type DigestLookup,
  type DigestSecret,
  digestSettings,
} from './digest-options.js'
import { reason } from './responses.js'

const HASHES: Readonly<Record<DigestAlgorithm, string>> = { 'SHA-256': 'sha256', MD5: 'md5' }
const COUNT = /^[0-9a-f]{8}$/i
const EXTENDED = /^UTF-8'[A-Za-z0-9-]*'(.*)$/i

interface Claim {
  readonly algorithm: DigestAlgorithm
  readonly name: string
  readonly isHashed: boolean
  readonly parameters: ReadonlyMap<string, string>
}

export class Digest {
  readonly #realm: string
  readonly #algorithms: readonly DigestAlgorithm[]
  readonly #lookup: DigestLookup
  readonly #nonces: DigestNonces
  /** Names by their digest; null: no client may send one. */
  readonly #hashed: ReadonlyMap<string, string> | null

  constructor(options: DigestAuthOptions) {
    const { realm, algorithms, lookup, names, key, nonceLifetimeMs, maxNonces } = digestSettings(options)
    this.#realm = realm
    this.#algorithms = algorithms
    this.#lookup = lookup
    this.#hashed = names === null ? null : this.#hashesOf(names)
    this.#nonces = new DigestNonces(key, nonceLifetimeMs, maxNonces)
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
