/** Which ways of authentication are good enough: libpq's `require_auth`, and what passwords must never do. */
import { PostgresError } from '../errors.js'

export const AUTHENTICATION_METHODS = [
  'password',
  'md5',
  'gss',
  'sspi',
  'scram-sha-256',
  'oauth',
  'none',
] as const
export type AuthenticationMethod = (typeof AUTHENTICATION_METHODS)[number]

export interface AuthenticationPolicy {
  readonly allowed: ReadonlySet<AuthenticationMethod>
  /** Whether the program has said of a password in clear text that it will do. */
  readonly isClearTextMeant: boolean
}

/** `scram-sha-256,md5`, or `!password,!md5`: all but these. A list is of one kind. Throws PG_OPTION. */
export function parseRequireAuth(text: string | undefined): AuthenticationPolicy {
  const all = new Set<AuthenticationMethod>(AUTHENTICATION_METHODS)
  if (text === undefined || text.trim() === '') return { allowed: all, isClearTextMeant: false }
  const names = text.split(',').map((name) => name.trim())
  const isExclusion = names[0]?.startsWith('!') ?? false
  const named = new Set<AuthenticationMethod>()
  for (const name of names) {
    if (name.startsWith('!') !== isExclusion)
      throw refuse(text, 'it has methods with and without !: one or the other')
    const method = isExclusion ? name.slice(1) : name
    if (!isMethod(method))
      throw refuse(
        text,
        `there is no method ${JSON.stringify(method)}, but ${AUTHENTICATION_METHODS.join(', ')}`,
      )
    if (named.has(method)) throw refuse(text, `it has ${method} twice`)
    named.add(method)
  }
  if (!isExclusion) return { allowed: named, isClearTextMeant: named.has('password') }
  for (const method of named) all.delete(method)
  return { allowed: all, isClearTextMeant: false }
}

function isMethod(name: string): name is AuthenticationMethod {
  return (AUTHENTICATION_METHODS as readonly string[]).includes(name)
}

function refuse(text: string, why: string): PostgresError {
  return new PostgresError('PG_OPTION', `requireAuth ${JSON.stringify(text)} cannot be used: ${why}`)
}
