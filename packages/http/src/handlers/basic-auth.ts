/**
 * Basic authentication (RFC 7617), in UTF-8. Name and password cross the network as they are: it is for TLS.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Awaitable } from '@shrapnel/core'
import { checkFunction, checkOptionNames } from '@shrapnel/core/parts'
import type { HttpRequest, HttpResponse, Middleware } from '../message.js'
import { parseCredentials, quoted } from '../wire/credentials.js'
import { checkRealm, checkUsers, setAuthenticatedUser } from './authenticated-user.js'
import { invalidValue } from './invalid-value.js'
import { reason } from './responses.js'

export interface BasicAuthOptions {
  /** What the client shows when it asks for the password. `Restricted` unless given. */
  readonly realm?: string
  /** Names and their passwords. Compared in the same time whatever is wrong. */
  readonly users?: Readonly<Record<string, string>>
  /**
   * In place of `users`: whether the password is right. It may wait, and should take as long for a name that
   * nobody has.
   */
  readonly verify?: (name: string, password: string, request: HttpRequest) => Awaitable<boolean>
}

const OPTIONS = new Set(['realm', 'users', 'verify'])
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Lets only those in who know a password: the others get 401. `authenticatedUser(request)` is the name then.
 */
export function basicAuth(options: BasicAuthOptions): Middleware {
  checkOptionNames(options, OPTIONS)
  const challenge = `Basic realm=${quoted(checkRealm(options.realm ?? 'Restricted'))}, charset="UTF-8"`
  const verify = verifier(options)
  const refusal: HttpResponse = { ...reason(401), headers: { 'WWW-Authenticate': challenge } }
  return async (request, next) => {
    const given = basicCredentials(request)
    if (given === undefined || (await verify(given.name, given.password, request)) !== true) return refusal
    setAuthenticatedUser(request, given.name)
    return next(request)
  }
}

function verifier({ users, verify }: BasicAuthOptions): NonNullable<BasicAuthOptions['verify']> {
  if ((users === undefined) === (verify === undefined))
    throw invalidValue('options', 'have one of users and verify', users === undefined ? 'neither' : 'both')
  if (verify !== undefined) {
    checkFunction('verify', verify)
    return verify
  }
  // Digests under a key that nobody knows are of one length, and how far two of them agree tells nothing.
  const key = randomBytes(32)
  const digest = (text: string): Buffer => createHmac('sha256', key).update(text).digest()
  const digests = new Map(
    Object.entries(checkUsers(users)).map(([name, password]) => [name, digest(password)]),
  )
  const nobody = randomBytes(32)
  return (name, password) => {
    const expected = digests.get(name)
    const isEqual = timingSafeEqual(digest(password), expected ?? nobody)
    return isEqual && expected !== undefined
  }
}

/**
 * Name and password that came with a request, as they are claimed; undefined: none did, or they are
 * malformed.
 */
export function basicCredentials(request: HttpRequest): { name: string; password: string } | undefined {
  const fields = request.headers.getAll('authorization')
  if (fields.length !== 1) return undefined
  const credentials = parseCredentials(fields[0] as string)
  if (credentials?.scheme !== 'basic' || !BASE64.test(credentials.word)) return undefined
  const text = decoded(credentials.word)
  const colon = text?.indexOf(':') ?? -1
  if (text === undefined || colon < 0) return undefined
  return { name: text.slice(0, colon), password: text.slice(colon + 1) }
}

function decoded(word: string): string | undefined {
  try {
    const text = utf8.decode(Buffer.from(word, 'base64'))
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i)
      if (code < 32 || code === 127) return undefined
    }
    return text
  } catch {
    return undefined
  }
}
