/**
 * Shows a server who we are, in the way that it asks for. Promises: nothing that a password could be found from is sent in a way that
 * `requireAuth` or `channelBinding` forbid, nor in clear text over a network unless that was asked for; and with SCRAM the server has
 * shown that it knows the password, too, before anything else is believed.
 */
import { PostgresError } from '../errors.js'
import {
  type AuthenticationRequest,
  encodePassword,
  md5Response,
  SCRAM_SHA_256_PLUS,
  type ScramClient,
} from '../wire/index.js'
import type { Login } from './login.js'
import { passwordFor } from './password.js'
import type { AuthenticationMethod } from './require-auth.js'
import { answerChallenge, beginScram, sendFirst } from './sasl.js'
import { isLoopback } from './server-place.js'

/** What the server may send next: the beginning, a verdict on a password, or a step of SCRAM. */
type Step = 'beginning' | 'verdict' | 'scram-challenge' | 'scram-final' | 'scram-verdict'

export class Authentication {
  readonly #login: Login
  #step: Step = 'beginning'
  #scram: ScramClient | undefined
  #password = ''

  constructor(login: Login) {
    this.#login = login
  }

  /** Answers. True when the server has let us in. Waits for what gives the password. */
  async answer(request: AuthenticationRequest): Promise<boolean> {
    const login = this.#login
    switch (request.method) {
      case 'ok':
        this.#checkVerdict()
        return true
      case 'cleartext-password':
        this.#begin('password')
        if (!isPrivate(login)) throw inTheClear(login)
        encodePassword(login.writer, await passwordFor(login))
        break
      case 'md5-password':
        this.#begin('md5')
        encodePassword(login.writer, md5(login.resolved.user, await passwordFor(login), request.salt))
        break
      case 'sasl':
        this.#begin('scram-sha-256')
        await this.#beginScram(request.mechanisms)
        break
      case 'sasl-continue':
        await answerChallenge(
          login,
          this.#inScram('scram-challenge', 'scram-final'),
          request.data,
          this.#password,
        )
        this.#password = ''
        break
      case 'sasl-final':
        verify(this.#inScram('scram-final', 'scram-verdict'), request.data)
        return false
      default:
        throw new PostgresError('PG_AUTH', `the server asks for ${request.method}, which is not spoken here`)
    }
    await login.send()
    return false
  }

  async #beginScram(mechanisms: readonly string[]): Promise<void> {
    this.#scram = beginScram(this.#login, mechanisms)
    this.#password = await passwordFor(this.#login)
    sendFirst(this.#login, this.#scram)
    this.#step = 'scram-challenge'
  }

  /** A way of authentication begins: the first, and one that is good enough. */
  #begin(method: AuthenticationMethod): void {
    if (this.#step !== 'beginning') throw outOfTurn(`a request for ${method}`)
    const { authentication, channelBinding } = this.#login.resolved
    if (!authentication.allowed.has(method)) throw notGoodEnough(`asks for ${method}`)
    if (channelBinding === 'require' && method !== 'scram-sha-256') throw notBound(`asks for ${method}`)
    this.#step = 'verdict'
  }

  #inScram(expected: Step, next: Step): ScramClient {
    if (this.#step !== expected || this.#scram === undefined) throw outOfTurn('a message of SASL')
    this.#step = next
    return this.#scram
  }

  #checkVerdict(): void {
    const { authentication, channelBinding } = this.#login.resolved
    if (this.#step === 'scram-challenge' || this.#step === 'scram-final')
      throw new PostgresError(
        'PG_PROTOCOL',
        'the server lets us in without having shown that it knows the password',
      )
    if (this.#step === 'beginning' && !authentication.allowed.has('none'))
      throw notGoodEnough('lets everybody in')
    if (channelBinding === 'require' && this.#scram?.mechanism !== SCRAM_SHA_256_PLUS)
      throw notBound('lets us in without')
  }
}

/** Its proof is the one thing in SCRAM that a server can get wrong without being no server at all. */
function verify(scram: ScramClient, data: Buffer): void {
  try {
    scram.verify(data)
  } catch (cause) {
    throw new PostgresError('PG_AUTH', (cause as Error).message, { cause })
  }
}

function md5(user: string, password: string, salt: Buffer): string {
  try {
    return md5Response(user, password, salt)
  } catch (cause) {
    throw new PostgresError('PG_AUTH', "the server asks for MD5, which this Node's OpenSSL does not do", {
      cause,
    })
  }
}

/** Whoever listens cannot be on the way: TLS, a UNIX socket, this very machine; or the program knows and wants it. */
function isPrivate({ isEncrypted, place, peer, resolved }: Login): boolean {
  if (isEncrypted || place.kind === 'unix' || resolved.authentication.isClearTextMeant) return true
  return peer !== undefined && isLoopback(peer.address)
}

function inTheClear({ resolved }: Login): PostgresError {
  const how =
    resolved.tls.mode === 'prefer' || resolved.tls.mode === 'allow'
      ? `, as sslMode '${resolved.tls.mode}' permits`
      : ''
  return new PostgresError(
    'PG_AUTH',
    `the server asks for the password in clear text on a connection without TLS${how}: use sslMode 'verify-full' or at least 'require', or say requireAuth 'password' if it is meant`,
  )
}

function notGoodEnough(what: string): PostgresError {
  return new PostgresError('PG_AUTH', `the server ${what}, which requireAuth does not allow`)
}

function notBound(what: string): PostgresError {
  return new PostgresError('PG_AUTH', `channelBinding is 'require', and the server ${what}`)
}

function outOfTurn(what: string): PostgresError {
  return new PostgresError('PG_PROTOCOL', `${what} that comes out of turn`)
}
