/**
 * Digest authentication (RFC 7616): the password does not cross the network, and no answer is good twice.
 * With SHA-256, and MD5 for clients that know nothing else. Basic over TLS is what most should use: this is for where there is none.
 */
import type { Middleware } from '../message.js'
import { setAuthenticatedUser } from './authenticated-user.js'
import { Digest } from './digest.js'
import type { DigestAuthOptions } from './digest-options.js'

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
