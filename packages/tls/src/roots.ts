/** Whom to trust unless told: the roots that come with Node, read once for each thread, when first needed. */
import { rootCertificates } from 'node:tls'
import { accepted } from './errors.js'
import { type NativeRoots, native } from './native.js'

let bundled: NativeRoots | undefined

export function bundledRoots(): NativeRoots {
  bundled ??= rootsOf(Buffer.from(rootCertificates.join('\n')))
  return bundled
}

export function rootsOf(pem: Uint8Array): NativeRoots {
  return accepted('ca', native.rootsMake(pem))
}
