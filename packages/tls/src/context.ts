/**
 * Contexts: certificates and keys, read once and shared by all connections that have the same. A few are remembered by what they
 * were made of, so that a client which connects again and again reads nothing twice. What is remembered is found by a hash: no key
 * stays in the memory of JavaScript for it.
 */
import { createHash, type Hash } from 'node:crypto'
import { outOfRange } from '@shrapnel/core/parts'
import { accepted } from './errors.js'
import { type IdentityParts, identityParts, useIdentity } from './identity.js'
import { type NativeContext, native } from './native.js'
import { type ClientOptions, type ServerOptions, versionNumber } from './options.js'

/** Enough for the few identities of a program. The one that was not used for longest is forgotten. */
const REMEMBERED = 32

const remembered = new Map<string, NativeContext>()

interface Parts {
  readonly isServer: boolean
  readonly identity: IdentityParts
  readonly least: number
  readonly most: number
}

export function contextFor(isServer: boolean, options: ClientOptions | ServerOptions): NativeContext {
  const parts = partsOf(isServer, options)
  const name = nameOf(parts)
  const found = remembered.get(name) ?? makeContext(parts)
  // Last in the order of the Map: used last.
  remembered.delete(name)
  remembered.set(name, found)
  if (remembered.size > REMEMBERED) remembered.delete(remembered.keys().next().value as string)
  return found
}

function partsOf(isServer: boolean, options: ClientOptions | ServerOptions): Parts {
  const { minVersion = 'TLSv1.2', maxVersion = 'TLSv1.3' } = options
  const least = versionNumber('minVersion', minVersion)
  const most = versionNumber('maxVersion', maxVersion)
  if (least > most) throw outOfRange('maxVersion', `at least minVersion (${minVersion})`, maxVersion)
  return {
    isServer,
    identity: identityParts(isServer, options),
    least,
    most,
  }
}

function nameOf(parts: Parts): string {
  const hash = createHash('sha256')
  addTo(hash, parts)
  return hash.digest('base64')
}

/** Each value with its kind and length before it: no two look the same. */
function addTo(hash: Hash, value: unknown): void {
  if (value instanceof Uint8Array) {
    hash.update(`bytes ${value.length}:`).update(value)
  } else if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value)
    hash.update(`object ${entries.length}:`)
    for (const [key, each] of entries) {
      addTo(hash, key)
      addTo(hash, each)
    }
  } else {
    const text = String(value)
    hash.update(`${typeof value} ${text.length}:${text}`)
  }
}

function makeContext(parts: Parts): NativeContext {
  const { isServer } = parts
  const context = accepted<NativeContext>('the context', native.contextMake(isServer))
  accepted('minVersion', native.contextVersions(context, parts.least, parts.most))
  useIdentity(context, isServer, parts.identity)
  return context
}
