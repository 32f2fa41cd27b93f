/** Who a request was found to be from. Beside the request, as a request says what the client said. */

import { wrongType } from '@shrapnel/core/parts'
import type { HttpRequest } from '../message.js'
import { invalidValue } from './invalid-value.js'

const users = new WeakMap<HttpRequest, string>()

/** The name that `basicAuth` or `digestAuth` has verified; undefined: none has. */
export function authenticatedUser(request: HttpRequest): string | undefined {
  return users.get(request)
}

/** For an authentication of one's own: access logs show it too. */
export function setAuthenticatedUser(request: HttpRequest, name: string): void {
  if (typeof name !== 'string') throw wrongType('name', 'text', name)
  users.set(request, name)
}

const REALM = /^[\x20-\x7e]{0,200}$/

/** A realm is shown to people, and part of a header field. */
export function checkRealm(realm: unknown): string {
  if (typeof realm !== 'string') throw wrongType('realm', 'text', realm)
  if (!REALM.test(realm)) throw invalidValue('realm', 'is not up to 200 printable ASCII characters', realm)
  return realm
}

/** The users of a table, which has them as its own properties. */
export function checkUsers(users: unknown): Readonly<Record<string, string>> {
  if (typeof users !== 'object' || users === null) throw wrongType('users', 'an object', users)
  for (const [name, password] of Object.entries(users))
    if (typeof password !== 'string') throw wrongType(`the password of ${name}`, 'text', typeof password)
  return users as Readonly<Record<string, string>>
}
