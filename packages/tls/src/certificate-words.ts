/** Why a certificate was refused, in words that somebody can act on. The numbers are those of openssl/x509_vfy.h. */
import { X509Certificate } from 'node:crypto'
import { CertificateError, type CertificateErrorCode } from './errors.js'
import type { NativeFailure } from './native.js'

/** What is known when the words are made: `whose` is "the peer's certificate CN=…" or the like. */
interface Facts {
  readonly whose: string
  readonly certificate: X509Certificate | undefined
  readonly failure: NativeFailure
}

type Words = (facts: Facts) => string

const expired: Words = ({ whose, certificate }) => `${whose} expired on ${dateOf(certificate?.validTo)}`
const notYetValid: Words = ({ whose, certificate }) =>
  `${whose} is not valid before ${dateOf(certificate?.validFrom)}; it is ${dateOf(new Date())} now`
const wrongName: Words = ({ whose, certificate, failure }) =>
  `${whose} is not for ${failure.expectedName}: ${namesIn(certificate)}`
const noIssuer: Words = ({ whose, certificate }) =>
  `${whose} was issued by ${issuerOf(certificate)}, which is not among the trusted roots and which the peer ` +
  'did not send; either the root is missing here or the peer forgot an intermediate certificate'
const foreignRoot: Words = ({ certificate }) =>
  `the chain of the peer ends at ${subjectOf(certificate)}, which is not among the trusted roots`
const selfSigned: Words = ({ whose }) =>
  `${whose} is signed by itself, and is not among the trusted roots; to trust it, give it as ca`
const revoked: Words = ({ whose, certificate }) => `${whose} was revoked by ${issuerOf(certificate)}`
const noCrl: Words = ({ whose, certificate }) =>
  `whether ${whose} was revoked is not known: no list of ${issuerOf(certificate)} is among those given as crl`
const uselessCrl: Words = ({ whose, certificate, failure }) =>
  `whether ${whose} was revoked is not known: the list of ${issuerOf(certificate)} cannot be used ` +
  `(${failure.verifyReason})`
const weakKey: Words = ({ whose, certificate }) => `${whose} has a key that is too weak${keyOf(certificate)}`
const weakSignature: Words = ({ whose }) => `${whose} is signed with a hash that is too weak, SHA-1 or MD5`
const wrongPurpose: Words = ({ whose, failure }) =>
  `${whose} is not for ${failure.isServer === 1 ? 'clients (extendedKeyUsage lacks clientAuth)' : 'servers (extendedKeyUsage lacks serverAuth)'}`
const noAuthority: Words = ({ whose }) =>
  `${whose} issued the one below it, and has no right to: it is no authority`
const tooLong: Words = ({ whose }) =>
  `${whose} is below more intermediate certificates than an authority of the chain allows`
const tooDeep: Words = ({ whose }) => `above ${whose} are more certificates than maxIntermediates allows`
const notIssued: Words = ({ whose, certificate, failure }) =>
  `${whose} is for names that an authority above it may not issue for (${failure.verifyReason}): ${namesIn(certificate)}`
const badSignature: Words = ({ whose, certificate }) =>
  `${whose} was not signed by ${issuerOf(certificate)}, which it names as its issuer`

const REFUSALS: Readonly<Record<number, readonly [CertificateErrorCode, Words]>> = {
  2: ['TLS_CERTIFICATE_ISSUER', noIssuer],
  3: ['TLS_CERTIFICATE_CRL', noCrl],
  7: ['TLS_CERTIFICATE_CHAIN', badSignature],
  8: ['TLS_CERTIFICATE_CRL', uselessCrl],
  9: ['TLS_CERTIFICATE_NOT_YET_VALID', notYetValid],
  10: ['TLS_CERTIFICATE_EXPIRED', expired],
  11: ['TLS_CERTIFICATE_CRL', uselessCrl],
  12: ['TLS_CERTIFICATE_CRL', uselessCrl],
  18: ['TLS_CERTIFICATE_SELF_SIGNED', selfSigned],
  19: ['TLS_CERTIFICATE_ISSUER', foreignRoot],
  20: ['TLS_CERTIFICATE_ISSUER', noIssuer],
  21: ['TLS_CERTIFICATE_ISSUER', noIssuer],
  22: ['TLS_CERTIFICATE_CHAIN', tooDeep],
  23: ['TLS_CERTIFICATE_REVOKED', revoked],
  25: ['TLS_CERTIFICATE_CHAIN', tooLong],
  26: ['TLS_CERTIFICATE_PURPOSE', wrongPurpose],
  32: ['TLS_CERTIFICATE_CHAIN', noAuthority],
  33: ['TLS_CERTIFICATE_CRL', noCrl],
  35: ['TLS_CERTIFICATE_CRL', uselessCrl],
  44: ['TLS_CERTIFICATE_CRL', uselessCrl],
  47: ['TLS_CERTIFICATE_NAME', notIssued],
  48: ['TLS_CERTIFICATE_NAME', notIssued],
  62: ['TLS_CERTIFICATE_NAME', wrongName],
  64: ['TLS_CERTIFICATE_NAME', wrongName],
  66: ['TLS_CERTIFICATE_WEAK', weakKey],
  67: ['TLS_CERTIFICATE_WEAK', weakKey],
  68: ['TLS_CERTIFICATE_WEAK', weakSignature],
  79: ['TLS_CERTIFICATE_CHAIN', noAuthority],
}

export function certificateError(failure: NativeFailure): CertificateError {
  const certificate = parsed(failure.certificate)
  const title = subjectOf(certificate)
  const whose =
    failure.depth === 0 ? `the peer's certificate ${title}` : `certificate ${title} of the peer's chain`
  const facts = { whose, certificate, failure }
  const [code, words] = REFUSALS[failure.verifyCode] ?? ['TLS_CERTIFICATE', undefined]
  const text = words?.(facts) ?? `${whose} was refused: ${failure.verifyReason}`
  return new CertificateError(code, text, failure, certificate)
}

/** Node may refuse to read what OpenSSL read. */
function parsed(der: Uint8Array): X509Certificate | undefined {
  if (der.length === 0) return undefined
  try {
    return new X509Certificate(der)
  } catch {
    return undefined
  }
}

function subjectOf(certificate: X509Certificate | undefined): string {
  if (certificate === undefined) return '(that cannot be shown)'
  // Newer names are in subjectAltName only.
  return oneLine(certificate.subject) || certificate.subjectAltName || `number ${certificate.serialNumber}`
}

function issuerOf(certificate: X509Certificate | undefined): string {
  return oneLine(certificate?.issuer) || 'an issuer without a name'
}

function namesIn(certificate: X509Certificate | undefined): string {
  const names = certificate?.subjectAltName
  if (names !== undefined && names !== '') return `it is for ${names}`
  return 'it has no names (subjectAltName is missing, and the CN of the subject does not count)'
}

function keyOf(certificate: X509Certificate | undefined): string {
  const key = certificate?.publicKey
  const bits = key?.asymmetricKeyDetails?.modulusLength
  return bits === undefined
    ? ''
    : ` (${key?.asymmetricKeyType?.toUpperCase()} of ${bits} bits; 2048 are needed)`
}

function dateOf(date: string | Date | undefined): string {
  const time = new Date(date ?? Number.NaN)
  return Number.isNaN(time.getTime()) ? 'an unknown date' : `${time.toISOString().slice(0, 19)}Z`
}

function oneLine(text: string | undefined): string {
  return text?.replaceAll('\n', ', ') ?? ''
}
