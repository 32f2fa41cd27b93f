/**
 * Whom to trust: the roots that Node has, those of the system, or what was given. The first two are read once for the process, when
 * first needed, and shared by all its threads.
 */
import { existsSync, readFileSync } from 'node:fs'
import * as nodeTls from 'node:tls'
import { outOfRange } from '@shrapnel/core/parts'
import { accepted } from './errors.js'
import { type NativeRoots, native } from './native.js'
import { pemList } from './pem.js'

/** Where systems keep them in one file, where OpenSSL in Node does not look: Fedora, openSUSE, FreeBSD, OpenBSD. */
const SYSTEM_BUNDLES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/ssl/cert.pem',
  '/usr/local/etc/ssl/cert.pem',
  '/usr/local/share/certs/ca-root-nss.crt',
] as const
const NONE = Buffer.alloc(0)

/** Which roots, as plain data. */
export interface RootsPlan {
  readonly hasNode: boolean
  readonly hasSystem: boolean
  /** Certificates given as such. */
  readonly pem: Uint8Array
}

export const NODE_ROOTS: RootsPlan = { hasNode: true, hasSystem: false, pem: NONE }

export function rootsPlan(option: string, value: unknown): RootsPlan {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value]
  if (list.length === 0) throw outOfRange(option, 'a list that is not empty', '[]')
  const given = list.filter((each) => each !== 'node' && each !== 'system')
  return {
    hasNode: list.includes('node'),
    hasSystem: list.includes('system'),
    pem: given.length === 0 ? NONE : pemList(option, Array.isArray(value) ? given : value, 'CERTIFICATE'),
  }
}

export function rootsOf(
  option: string,
  { hasNode, hasSystem, pem }: RootsPlan,
  crl?: Uint8Array,
): NativeRoots {
  const isShared = pem.length === 0 && crl === undefined
  if (isShared && hasNode && !hasSystem) return nodeRoots()
  if (isShared && hasSystem && !hasNode) return systemRoots()
  const roots = made(option, pem)
  if (hasNode) accepted(option, native.rootsAdd(roots, nodeRoots()))
  if (hasSystem) addSystem(option, roots)
  if (crl !== undefined)
    accepted('crl', native.rootsAddRevocations(roots, crl), ({ reason }) => notPem(reason, 'X509 CRL'))
  return roots
}

function nodeRoots(): NativeRoots {
  return shared('node', () => made('ca', Buffer.from(nodeCertificates().join('\n'))))
}

function systemRoots(): NativeRoots {
  return shared('system', () => {
    const roots = made('ca', NONE)
    addSystem('ca', roots)
    return roots
  })
}

function shared(name: string, make: () => NativeRoots): NativeRoots {
  const found = native.rootsShared(name)
  if (found !== undefined) return found
  const roots = make()
  native.rootsShare(name, roots)
  return roots
}

/** What `node:tls` trusts. Newer Nodes tell; older ones have no other way to ask than as it is done here. */
function nodeCertificates(): readonly string[] {
  const { getCACertificates } = nodeTls as { getCACertificates?: (type: 'default') => string[] }
  if (getCACertificates !== undefined) return getCACertificates('default')
  const extra = process.env.NODE_EXTRA_CA_CERTS
  if (extra === undefined || extra === '') return nodeTls.rootCertificates
  try {
    return [...nodeTls.rootCertificates, readFileSync(extra, 'utf8')]
  } catch (error) {
    // As Node does: a program does not fail of it, and is told.
    process.emitWarning(`NODE_EXTRA_CA_CERTS is ignored: ${(error as Error).message}`, {
      code: 'TLS_EXTRA_CA',
    })
    return nodeTls.rootCertificates
  }
}

function addSystem(option: string, roots: NativeRoots): void {
  accepted(option, native.rootsAddSystem(roots))
  const { SSL_CERT_FILE, SSL_CERT_DIR } = process.env
  if (SSL_CERT_FILE !== undefined || SSL_CERT_DIR !== undefined) return
  const bundle = SYSTEM_BUNDLES.find((path) => existsSync(path))
  if (bundle !== undefined) accepted(option, native.rootsAdd(roots, made(option, readFileSync(bundle))))
}

function made(option: string, pem: Uint8Array): NativeRoots {
  return accepted(option, native.rootsMake(pem), ({ reason }) => notPem(reason, 'CERTIFICATE'))
}

function notPem(reason: string, label: string): string {
  return reason === 'no start line' || reason === ''
    ? `there is no -----BEGIN ${label}----- in it`
    : `it is damaged (${reason})`
}
