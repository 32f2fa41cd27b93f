/**
 * SCRAM with a server (RFC 5802, RFC 7677; PostgreSQL documentation, "SASL Authentication"). Over TLS it is bound to that very connection
 * (PLUS) wherever both sides can, so that nobody in between can pass it on.
 */
import { pbkdf2 } from 'node:crypto'
import { promisify } from 'node:util'
import { interruptible } from '@shrapnel/core'
import { PostgresError } from '../errors.js'
import {
  encodeSaslInitialResponse,
  encodeSaslResponse,
  SALTED_PASSWORD_BYTES,
  SCRAM_SHA_256,
  SCRAM_SHA_256_PLUS,
  type ScramChallenge,
  ScramClient,
  saslPrep,
} from '../wire/index.js'
import type { Login } from './login.js'

const derive = promisify(pbkdf2)

/** The first step. Throws PG_AUTH if there is no way that both sides know, or `channelBinding` wants another. */
export function beginScram(login: Login, offered: readonly string[]): ScramClient {
  const { channelBinding, maxScramIterations } = login.resolved
  const hasPlus = offered.includes(SCRAM_SHA_256_PLUS)
  if (hasPlus && login.endPoint === undefined && !login.isEncrypted)
    throw new PostgresError('PG_PROTOCOL', 'the server offers SCRAM-SHA-256-PLUS on a connection without TLS')
  const endPoint = channelBinding === 'disable' ? undefined : login.endPoint
  const isPlus = hasPlus && endPoint !== undefined
  if (!isPlus && channelBinding === 'require')
    throw new PostgresError('PG_AUTH', `channelBinding is 'require', and ${whyUnbound(login, hasPlus)}`)
  if (!isPlus && !offered.includes(SCRAM_SHA_256))
    throw new PostgresError('PG_AUTH', `the server offers no SASL that is known here: ${namesOf(offered)}`)
  return new ScramClient({
    mechanism: isPlus ? SCRAM_SHA_256_PLUS : SCRAM_SHA_256,
    channelBinding: isPlus ? endPoint : undefined,
    // With PLUS possible here and not offered, the server must swear that it did not offer it.
    isBindingPossible: endPoint !== undefined && !hasPlus,
    maxIterations: maxScramIterations,
  })
}

function whyUnbound({ isEncrypted, endPoint }: Login, hasPlus: boolean): string {
  if (!isEncrypted) return 'there is no TLS to bind to'
  if (endPoint === undefined) return "the server's certificate has no hash to bind to"
  return hasPlus ? 'it is not chosen' : 'the server does not offer SCRAM-SHA-256-PLUS'
}

/** From the server: for people, and not longer than that. */
function namesOf(offered: readonly string[]): string {
  return JSON.stringify(offered.join(', ').slice(0, 200))
}

export function sendFirst(login: Login, scram: ScramClient): void {
  encodeSaslInitialResponse(login.writer, scram.mechanism, scram.first())
}

/** Answers the challenge. PBKDF2 goes on in Node's thread pool; cancelling drops its result. */
export async function answerChallenge(
  login: Login,
  scram: ScramClient,
  data: Buffer,
  password: string,
): Promise<void> {
  const challenge = scram.challenge(data)
  encodeSaslResponse(login.writer, scram.final(await saltedPassword(password, challenge)))
}

function saltedPassword(password: string, { salt, iterations }: ScramChallenge): Promise<Buffer> {
  return interruptible(derive(saslPrep(password), salt, iterations, SALTED_PASSWORD_BYTES, 'sha256'))
}
