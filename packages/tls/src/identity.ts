/** Who we are, whom we trust and what may be spoken: checked as plain data first, then given to a context. */
import { checkInteger, outOfRange, wrongType } from '@shrapnel/core/parts'
import { type CredentialParts, credentialsOf, useCredentials } from './credentials.js'
import { accepted } from './errors.js'
import type { IdentityOptions, ServerIdentityOptions } from './identity-options.js'
import {
  CIPHER_SUITES,
  CIPHERS,
  GROUPS,
  type NativeContext,
  native,
  SIGNATURE_ALGORITHMS,
  VERIFY_NONE,
  VERIFY_OPTIONAL,
  VERIFY_REQUIRED,
} from './native.js'
import { type ClientOptions, checkText } from './options.js'
import { pemList } from './pem.js'
import { encodeProtocolNames } from './protocol-names.js'
import { NODE_ROOTS, type RootsPlan, rootsOf, rootsPlan } from './roots.js'

const CLIENT_MODES = { none: VERIFY_NONE, request: VERIFY_OPTIONAL, require: VERIFY_REQUIRED } as const
const NAME_SETTINGS = { ciphers: CIPHERS, ciphersuites: CIPHER_SUITES, groups: GROUPS } as const
const NOTHING = Buffer.alloc(0)

export interface IdentityParts {
  readonly credentials: readonly CredentialParts[]
  readonly names: readonly (readonly [option: string, setting: number, names: string])[]
  readonly alpn: Uint8Array | undefined
  readonly trust: {
    /** SSL_VERIFY_…, on a server. A client's is the connection's. */
    readonly clientMode: number
    readonly roots: RootsPlan | undefined
    readonly crl: Uint8Array | undefined
    readonly maxIntermediates: number | undefined
  }
}

export function identityParts(
  isServer: boolean,
  options: IdentityOptions & ServerIdentityOptions & Pick<ClientOptions, 'ca'>,
): IdentityParts {
  const { alpn, crl, maxIntermediates } = options
  const clientMode = isServer ? clientModeOf(options.clientCertificates) : VERIFY_NONE
  if (clientMode !== VERIFY_NONE && options.clientCa === undefined)
    throw wrongType('clientCa', "given, as clients' certificates are to be verified", options.clientCa)
  const needsRoots = isServer ? clientMode !== VERIFY_NONE : options.ca !== undefined
  return {
    credentials: credentialsOf(options),
    names: [...nameSettings(options)],
    alpn: alpn === undefined ? undefined : encodeProtocolNames('alpn', alpn),
    trust: {
      clientMode,
      roots: needsRoots
        ? rootsPlan(isServer ? 'clientCa' : 'ca', isServer ? options.clientCa : options.ca)
        : isServer
          ? undefined
          : NODE_ROOTS,
      crl: crl === undefined ? undefined : pemList('crl', crl, 'X509 CRL'),
      maxIntermediates:
        maxIntermediates === undefined
          ? undefined
          : checkInteger('maxIntermediates', maxIntermediates, 0, 100),
    },
  }
}

export function useIdentity(context: NativeContext, isServer: boolean, parts: IdentityParts): void {
  // First what says how strong keys must be.
  for (const [option, setting, names] of parts.names)
    accepted(
      option,
      native.contextNames(context, setting, names),
      ({ reason }) =>
        `OpenSSL ${process.versions.openssl} does not know all of ${JSON.stringify(names)}${reason && ` (${reason})`}`,
    )
  useCredentials(context, parts.credentials)
  if (parts.alpn !== undefined) accepted('alpn', native.contextProtocols(context, isServer, parts.alpn))
  const { clientMode, roots, crl, maxIntermediates } = parts.trust
  if (roots !== undefined)
    accepted('ca', native.contextRoots(context, rootsOf(isServer ? 'clientCa' : 'ca', roots, crl)))
  if (maxIntermediates !== undefined)
    accepted('maxIntermediates', native.contextDepth(context, maxIntermediates))
  if (isServer) {
    const authorities = clientMode === VERIFY_NONE ? NOTHING : (roots?.pem ?? NOTHING)
    accepted('clientCertificates', native.contextClients(context, clientMode, authorities))
  }
}

function clientModeOf(mode: unknown): number {
  if (mode === undefined) return VERIFY_NONE
  if (typeof mode !== 'string') throw wrongType('clientCertificates', 'text', mode)
  if (!Object.hasOwn(CLIENT_MODES, mode))
    throw outOfRange('clientCertificates', 'none, request or require', mode)
  return CLIENT_MODES[mode as keyof typeof CLIENT_MODES]
}

function* nameSettings(options: IdentityOptions): Generator<readonly [string, number, string]> {
  for (const [option, setting] of Object.entries({
    ...NAME_SETTINGS,
    signatureAlgorithms: SIGNATURE_ALGORITHMS,
  })) {
    const value = options[option as keyof IdentityOptions] as unknown
    if (value === undefined) continue
    const list: readonly unknown[] = Array.isArray(value) ? value : [value]
    const names = list
      .map((each) => checkText(Array.isArray(value) ? `each of ${option}` : option, each))
      .join(':')
    if (names === '') throw outOfRange(option, 'at least one name', '""')
    yield [option, setting, names]
  }
}
