/**
 * Contexts: certificates and keys, read once and shared by all connections that have the same. A few are remembered by what they
 * were made of, so that a client which connects again and again reads nothing twice. What is remembered is found by a hash: no key
 * stays in the memory of JavaScript for it.
 */
import { createHash } from 'node:crypto'
import { outOfRange } from '@shrapnel/core/parts'
import { accepted } from './errors.js'
import { type NativeContext, native } from './native.js'
import { type ContextOptions, checkText, pemBytes, pemList, versionNumber } from './options.js'
import { bundledRoots, rootsOf } from './roots.js'

/** Enough for the few identities of a program. The one that was not used for longest is forgotten. */
const REMEMBERED = 32

const remembered = new Map<string, NativeContext>()

interface Parts {
  readonly isServer: boolean
  readonly cert: Uint8Array | undefined
  readonly key: Uint8Array | undefined
  readonly passphrase: string
  readonly ca: Uint8Array | undefined
  readonly least: number
  readonly most: number
}

export function contextFor(isServer: boolean, options: ContextOptions): NativeContext {
  const parts = partsOf(isServer, options)
  const name = nameOf(parts)
  const found = remembered.get(name) ?? makeContext(parts)
  // Last in the order of the Map: used last.
  remembered.delete(name)
  remembered.set(name, found)
  if (remembered.size > REMEMBERED) remembered.delete(remembered.keys().next().value as string)
  return found
}

function partsOf(isServer: boolean, options: ContextOptions): Parts {
  const { cert, key, passphrase, ca, minVersion = 'TLSv1.2', maxVersion = 'TLSv1.3' } = options
  const least = versionNumber('minVersion', minVersion)
  const most = versionNumber('maxVersion', maxVersion)
  if (least > most) throw outOfRange('maxVersion', `at least minVersion (${minVersion})`, maxVersion)
  return {
    isServer,
    cert: cert === undefined ? undefined : pemBytes('cert', cert),
    key: key === undefined ? undefined : pemBytes('key', key),
    passphrase: passphrase === undefined ? '' : checkText('passphrase', passphrase),
    ca: ca === undefined ? undefined : pemList('ca', ca),
    least,
    most,
  }
}

function nameOf(parts: Parts): string {
  const hash = createHash('sha256')
  // Each with its length before it: no two lists of values look the same.
  for (const value of Object.values(parts)) {
    const bytes = value instanceof Uint8Array ? value : Buffer.from(String(value))
    hash.update(`${value === undefined ? 'none' : bytes.length}:`).update(bytes)
  }
  return hash.digest('base64')
}

function makeContext(parts: Parts): NativeContext {
  const context = accepted<NativeContext>('the context', native.contextMake(parts.isServer))
  accepted('minVersion', native.contextVersions(context, parts.least, parts.most))
  if (parts.cert !== undefined) {
    const key = parts.key ?? parts.cert
    accepted('cert or key', native.contextCertificate(context, parts.cert, key, parts.passphrase))
  }
  const roots = parts.ca !== undefined ? rootsOf(parts.ca) : parts.isServer ? undefined : bundledRoots()
  if (roots !== undefined) accepted('ca', native.contextRoots(context, roots))
  return context
}
