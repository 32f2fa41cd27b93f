/** Our certificates and keys: checked, and given to OpenSSL. What it refuses is said in words that somebody can act on. */
import { X509Certificate } from 'node:crypto'
import { checkOptionNames, wrongType } from '@shrapnel/core/parts'
import { accepted, TlsError } from './errors.js'
import type { Credentials, IdentityOptions } from './identity-options.js'
import { type NativeContext, type NativeFailure, native } from './native.js'
import { CREDENTIAL_NAMES } from './option-names.js'
import { checkText } from './options.js'
import { pemKey, pemList } from './pem.js'

export interface CredentialParts {
  readonly option: string
  readonly cert: Uint8Array | undefined
  readonly key: Uint8Array | undefined
  readonly pfx: Uint8Array | undefined
  readonly passphrase: string | undefined
}

/** OpenSSL's libraries and reasons (openssl/err.h, x509err.h, pkcs12err.h, sslerr.h). */
const EVP = 6
const X509 = 11
/** By library: other types of key, other curves, other values. */
const MISMATCHES: Readonly<Record<number, readonly number[]>> = { [EVP]: [101, 153], [X509]: [115, 116] }
const PKCS12 = 35
const MAC_VERIFY_FAILURE = 113
const SSL = 20
const TOO_WEAK = new Set([397, 398, 399])

export function credentialsOf(options: IdentityOptions): readonly CredentialParts[] {
  const { certificates = [] } = options
  if (!Array.isArray(certificates)) throw wrongType('certificates', 'a list', certificates)
  const first = hasFirst(options) ? [partsOf('', options)] : []
  return [...first, ...certificates.map((each, index) => further(index, each))]
}

function further(index: number, credentials: Credentials): CredentialParts {
  checkOptionNames(credentials, CREDENTIAL_NAMES)
  return partsOf(`certificates[${index}].`, credentials)
}

export function hasCredentials(options: IdentityOptions): boolean {
  return hasFirst(options) || (options.certificates?.length ?? 0) > 0
}

function hasFirst({ cert, pfx, key }: IdentityOptions): boolean {
  return cert !== undefined || pfx !== undefined || key !== undefined
}

function partsOf(
  prefix: string,
  options: Pick<IdentityOptions, 'cert' | 'key' | 'pfx' | 'passphrase'>,
): CredentialParts {
  const { cert, key, pfx, passphrase } = options
  if (pfx !== undefined && (cert !== undefined || key !== undefined))
    throw wrongType(`${prefix}pfx`, 'the only one, without cert and key', 'both')
  if (pfx !== undefined && !(pfx instanceof Uint8Array)) throw wrongType(`${prefix}pfx`, 'a Uint8Array', pfx)
  if (pfx === undefined && cert === undefined)
    throw wrongType(`${prefix}cert`, 'PEM text or a Uint8Array', cert)
  return {
    option: prefix,
    cert: cert === undefined ? undefined : pemList(`${prefix}cert`, cert, 'CERTIFICATE'),
    key: key === undefined ? undefined : pemKey(`${prefix}key`, key),
    pfx,
    passphrase: passphrase === undefined ? undefined : checkText(`${prefix}passphrase`, passphrase),
  }
}

export function useCredentials(context: NativeContext, all: readonly CredentialParts[]): void {
  const types = new Set<string>()
  for (const parts of all) {
    const { option, cert, pfx, passphrase = '' } = parts
    if (pfx !== undefined) {
      accepted(`${option}pfx`, native.contextPkcs12(context, pfx, passphrase), (failure) =>
        pfxWords(failure, parts.passphrase),
      )
    } else if (cert !== undefined) {
      const key = parts.key ?? cert
      accepted(`${option}cert or key`, native.contextCertificate(context, cert, key, passphrase), (failure) =>
        certificateWords(failure, key, parts.passphrase),
      )
      // OpenSSL would put the second in place of the first, and say nothing.
      if (all.length > 1) types.add(newType(option, types, cert))
    }
  }
}

function newType(option: string, types: ReadonlySet<string>, cert: Uint8Array): string {
  const type = new X509Certificate(cert).publicKey.asymmetricKeyType ?? ''
  if (types.has(type))
    throw new TlsError(
      'TLS_OPTION',
      `${option}cert cannot be used: there is another one with a key of type ${type}`,
    )
  return type
}

function certificateWords(failure: NativeFailure, key: Uint8Array, passphrase: string | undefined): string {
  const { library, reasonCode, reason } = failure
  if (MISMATCHES[library]?.includes(reasonCode)) return `the key is not the certificate's (${reason})`
  const weak = weakWords(failure)
  if (weak !== undefined) return weak
  const text = Buffer.from(key).toString('latin1')
  if (text.includes('ENCRYPTED'))
    return passphrase === undefined
      ? 'the key is encrypted, and passphrase is missing'
      : `the passphrase is wrong, or the key is damaged (${reason || 'it cannot be decrypted'})`
  if (reason === 'no start line' || reason === 'unsupported' || reason === '')
    return text.includes('PRIVATE KEY-----')
      ? 'there is no certificate in it that can be read (-----BEGIN CERTIFICATE-----)'
      : 'there is no certificate, or no private key, in it that can be read'
  return reason
}

function pfxWords(failure: NativeFailure, passphrase: string | undefined): string {
  const { library, reasonCode, reason } = failure
  if (library === PKCS12 && reasonCode === MAC_VERIFY_FAILURE)
    return passphrase === undefined ? 'it is encrypted, and passphrase is missing' : 'the passphrase is wrong'
  if (reason === 'unsupported')
    return (
      'it is encrypted with an algorithm that OpenSSL 3 no longer reads (RC2, as older programs wrote it). Write it anew: ' +
      'openssl pkcs12 -legacy -in old.pfx -nodes -out all.pem && openssl pkcs12 -export -in all.pem -out new.pfx'
    )
  return weakWords(failure) ?? (library === PKCS12 ? reason : `it is no PKCS#12 (${reason})`)
}

function weakWords({ library, reasonCode, reason }: NativeFailure): string | undefined {
  if (library !== SSL || !TOO_WEAK.has(reasonCode)) return undefined
  return `its key or signature is too weak for security level 2 (${reason}): RSA needs 2048 bits, and SHA-1 is refused`
}
