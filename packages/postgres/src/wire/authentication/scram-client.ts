/**
 * The client of SCRAM-SHA-256 and SCRAM-SHA-256-PLUS (RFC 5802, RFC 7677), as a conversation without any I/O:
 *
 *   first() → server's first → challenge() → salted password → final() → server's final → verify()
 *
 * The server must know the password too: `verify` throws if it does not, and a connection that has not come that far is not to be used. The
 * salted password is made by the caller (`saltPassword`, or PBKDF2 in Node's thread pool): that takes milliseconds, and may be kept for as
 * long as salt and iterations stay the same.
 */
import { createHash, createHmac, pbkdf2Sync, randomBytes, timingSafeEqual } from 'node:crypto'
import { PostgresWireError } from '../errors.js'
import { MAX_SCRAM_ITERATIONS } from '../limits.js'
import { saslPrep } from './saslprep.js'

export const SCRAM_SHA_256 = 'SCRAM-SHA-256'
export const SCRAM_SHA_256_PLUS = 'SCRAM-SHA-256-PLUS'
export type ScramMechanism = typeof SCRAM_SHA_256 | typeof SCRAM_SHA_256_PLUS

const HASH = 'sha256'
export const SALTED_PASSWORD_BYTES = 32
/** RFC 7677 asks for 4096 at least. libpq accepts one, and so do we: a server that was set up so is not ours to refuse. */
const MIN_ITERATIONS = 1
const NONCE_BYTES = 18
const MAX_SERVER_MESSAGE_BYTES = 8192
const MAX_SALT_BYTES = 1024

export interface ScramOptions {
  readonly mechanism: ScramMechanism
  /** For SCRAM-SHA-256-PLUS: the tls-server-end-point of RFC 5929, 4: `channelBindingHash` of the certificate. */
  readonly channelBinding?: Uint8Array | undefined
  /** TLS is there, and the server has not offered PLUS: it must say so under oath, in case somebody took the offer away. */
  readonly isBindingPossible?: boolean | undefined
  /** 1 000 000 by default. */
  readonly maxIterations?: number | undefined
  /** For test vectors. Otherwise random. */
  readonly nonce?: string | undefined
  /** PostgreSQL takes the user of the start-up message and ignores this one. Empty by default. */
  readonly user?: string | undefined
}

export interface ScramChallenge {
  readonly salt: Buffer
  readonly iterations: number
}

/** The next step, which is the only one that is allowed. */
type Step = 'first' | 'challenge' | 'final' | 'verify' | 'done' | 'failed'

export class ScramClient {
  readonly mechanism: ScramMechanism
  readonly #gs2Header: string
  readonly #binding: Uint8Array
  readonly #firstBare: string
  readonly #nonce: string
  readonly #maxIterations: number
  #step: Step = 'first'
  #serverFirst = ''
  #serverNonce = ''
  #serverSignature: Buffer | undefined

  constructor(options: ScramOptions) {
    const { mechanism, channelBinding, maxIterations = MAX_SCRAM_ITERATIONS, user = '' } = options
    this.mechanism = mechanism
    this.#maxIterations = maxIterations
    this.#nonce = options.nonce ?? randomBytes(NONCE_BYTES).toString('base64')
    const isPlus = mechanism === SCRAM_SHA_256_PLUS
    if (isPlus && channelBinding === undefined) fail('SCRAM-SHA-256-PLUS without a channel to bind to')
    if (!/^[\x21-\x2b\x2d-\x7e]+$/.test(this.#nonce)) fail('a nonce that is none')
    this.#gs2Header = isPlus ? 'p=tls-server-end-point,,' : options.isBindingPossible === true ? 'y,,' : 'n,,'
    this.#binding = isPlus ? (channelBinding as Uint8Array) : Buffer.alloc(0)
    this.#firstBare = `n=${user.replace(/=/g, '=3D').replace(/,/g, '=2C')},r=${this.#nonce}`
  }

  /** For the SASLInitialResponse. */
  first(): Buffer {
    this.#take('first', 'challenge')
    return Buffer.from(this.#gs2Header + this.#firstBare)
  }

  /** From AuthenticationSASLContinue. Throws PG_SCRAM, or PG_LIMIT if the server asks for more work than it may. */
  challenge(data: Uint8Array): ScramChallenge {
    this.#take('challenge', 'final')
    return this.#guarded(() => {
      this.#serverFirst = textOf(data)
      const found = /^r=([\x21-\x2b\x2d-\x7e]+),s=([A-Za-z0-9+/=]+),i=([0-9]{1,10})(?:,.*)?$/.exec(
        this.#serverFirst,
      )
      if (this.#serverFirst.startsWith('m=')) fail('the server has an extension that must be understood')
      if (found === null) fail("the server's first message is not well formed")
      const [, nonce, salt, iterations] = found as unknown as [string, string, string, string]
      // The server adds to our nonce: another one, or none of its own, is a replay.
      if (!nonce.startsWith(this.#nonce) || nonce.length === this.#nonce.length)
        fail("the server's nonce does not go on from ours")
      this.#serverNonce = nonce
      return { salt: saltOf(salt), iterations: this.#iterations(Number(iterations)) }
    })
  }

  #iterations(count: number): number {
    if (count < MIN_ITERATIONS) fail(`the server asks for ${count} iterations`)
    if (count > this.#maxIterations)
      throw new PostgresWireError(
        'PG_LIMIT',
        `the server asks for ${count} iterations: more than maxIterations`,
        {
          limit: 'maxIterations',
        },
      )
    return count
  }

  /** For the SASLResponse. `saltedPassword` is 32 bytes, of `saltPassword`. */
  final(saltedPassword: Uint8Array): Buffer {
    this.#take('final', 'verify')
    const binding = Buffer.concat([Buffer.from(this.#gs2Header), this.#binding]).toString('base64')
    const withoutProof = `c=${binding},r=${this.#serverNonce}`
    const authMessage = `${this.#firstBare},${this.#serverFirst},${withoutProof}`
    const clientKey = hmac(saltedPassword, 'Client Key')
    const storedKey = createHash(HASH).update(clientKey).digest()
    const clientSignature = hmac(storedKey, authMessage)
    this.#serverSignature = hmac(hmac(saltedPassword, 'Server Key'), authMessage)
    const proof = Buffer.alloc(clientKey.length)
    for (let i = 0; i < proof.length; i++)
      proof[i] = (clientKey[i] as number) ^ (clientSignature[i] as number)
    return Buffer.from(`${withoutProof},p=${proof.toString('base64')}`)
  }

  /** From AuthenticationSASLFinal. Throws PG_SCRAM if the server does not know the password. */
  verify(data: Uint8Array): void {
    this.#take('verify', 'done')
    this.#guarded(() => {
      const text = textOf(data)
      if (text.startsWith('e=')) fail(`the server refuses: ${text.slice(2).replace(/[^\x20-\x7e]/g, '?')}`)
      const found = /^v=([A-Za-z0-9+/]{43}=)(?:,.*)?$/.exec(text)
      if (found === null) fail("the server's last message is not well formed")
      const signature = Buffer.from((found as RegExpExecArray)[1] as string, 'base64')
      const expected = this.#serverSignature as Buffer
      if (signature.length !== expected.length || !timingSafeEqual(signature, expected))
        fail('the server does not know the password: it is not the one that was meant')
    })
  }

  /** Whether the server has shown that it knows the password. AuthenticationOk before that is a lie. */
  get isVerified(): boolean {
    return this.#step === 'done'
  }

  #take(expected: Step, next: Step): void {
    if (this.#step !== expected) fail(`a step of SCRAM out of turn: ${expected} in place of ${this.#step}`)
    this.#step = next
  }

  #guarded<T>(run: () => T): T {
    try {
      return run()
    } catch (error) {
      this.#step = 'failed'
      throw error
    }
  }
}

function fail(text: string): never {
  throw new PostgresWireError('PG_SCRAM', text)
}

function hmac(key: Uint8Array, data: string): Buffer {
  return createHmac(HASH, key).update(data).digest()
}

function textOf(data: Uint8Array): string {
  if (data.length > MAX_SERVER_MESSAGE_BYTES) fail("the server's message is too long")
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('utf8')
}

function saltOf(text: string): Buffer {
  const salt = Buffer.from(text, 'base64')
  if (salt.length === 0 || salt.length > MAX_SALT_BYTES || salt.toString('base64') !== text)
    fail('a salt that is none')
  return salt
}

/** RFC 5802's Hi(): PBKDF2. Takes about half a microsecond for each iteration, and does nothing else meanwhile. */
export function saltPassword(password: string, { salt, iterations }: ScramChallenge): Buffer {
  return pbkdf2Sync(saslPrep(password), salt, iterations, SALTED_PASSWORD_BYTES, HASH)
}

/** The strongest of what the server offers. PLUS if there is a channel; undefined if the server has neither. */
export function chooseScram(mechanisms: readonly string[], hasChannel: boolean): ScramMechanism | undefined {
  if (hasChannel && mechanisms.includes(SCRAM_SHA_256_PLUS)) return SCRAM_SHA_256_PLUS
  return mechanisms.includes(SCRAM_SHA_256) ? SCRAM_SHA_256 : undefined
}
