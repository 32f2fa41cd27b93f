/** Why a connection failed, in words that somebody can act on. Certificates have a file of their own. */
import { Alert, alertMeaning, alertName } from './alerts.js'
import { certificateError } from './certificate-words.js'
import { CertificateError, TlsError } from './errors.js'
import { type NativeFailure, native } from './native.js'
import { ocspRefusal } from './ocsp-refusals.js'
import { plainWords } from './plain-words.js'
import { protocolNames } from './protocol-names.js'

/** OpenSSL's library "SSL routines", and its reasons (openssl/sslerr.h). */
const SSL_LIBRARY = 20
const VERSION_REASONS = new Set([166, 191, 258, 259, 266, 267, 396])
/** Also of a record behind the first one. */
const WRONG_VERSION_NUMBER = 267
const CIPHER_REASONS = new Set([101, 118, 185, 193, 261, 394, 410])
const NO_ALPN_REASON = 235
const NO_CERTIFICATE_REASON = 199
const RECORD_HEADER_BYTES = 5
/** Handshake message ServerHello (RFC 8446, 4). */
const SERVER_HELLO = 2
const MOST_CIPHERS_NAMED = 6

/** Asked directly after the call that gave `FAILED`. */
export function connectionError(): TlsError {
  const failure = native.lastFailure()
  const stapled = ocspRefusal(failure.ocsp)
  if (stapled !== undefined) return new TlsError(stapled.code, stapled.text, failure)
  if (failure.verifyCode !== 0) return certificateError(failure)
  if (failure.alertReceived >= 0) return new TlsError('TLS_ALERT', alertWords(failure), failure)
  return (
    (failure.isFinished === 1 ? undefined : handshakeError(failure)) ??
    new TlsError('TLS_PROTOCOL', `TLS failed: ${failure.reason || 'unknown reason'}`, failure)
  )
}

function handshakeError(failure: NativeFailure): TlsError | undefined {
  const speech = plainWords(failure.firstBytes)
  if (speech !== undefined) return new TlsError('TLS_NOT_TLS', speech, failure)
  if (failure.library === SSL_LIBRARY) {
    const { reasonCode } = failure
    if (reasonCode === WRONG_VERSION_NUMBER && hasCommonVersion(failure)) return undefined
    if (VERSION_REASONS.has(reasonCode)) return new TlsError('TLS_VERSION', versionWords(failure), failure)
    if (CIPHER_REASONS.has(reasonCode)) return new TlsError('TLS_CIPHER', cipherWords(failure), failure)
    if (reasonCode === NO_ALPN_REASON) return new TlsError('TLS_ALPN', alpnWords(failure), failure)
    if (reasonCode === NO_CERTIFICATE_REASON)
      return new CertificateError(
        'TLS_CERTIFICATE_MISSING',
        'the client showed no certificate, and one is required',
        failure,
      )
  }
  return undefined
}

function alertWords(failure: NativeFailure): string {
  const { alertReceived: number } = failure
  const ours =
    number === Alert.PROTOCOL_VERSION
      ? `; we speak ${ourVersions(failure)}`
      : number === Alert.NO_ALPN
        ? `; we offered ${quoted(protocolNames(failure.ourProtocols))}`
        : ''
  return `the peer ended the connection with the alert ${alertName(number)}: ${alertMeaning(number)}${ours}`
}

function versionWords(failure: NativeFailure): string {
  const theirs =
    failure.isServer === 1 ? versionsOffered(failure.peerVersions) : versionChosen(failure.firstBytes)
  const whose = failure.isServer === 1 ? 'the client speaks' : 'the server wants'
  return `no TLS version in common: we speak ${ourVersions(failure)}, ${whose} ${theirs}`
}

function hasCommonVersion({
  isServer,
  peerVersions,
  leastVersion,
  mostVersion,
  firstBytes,
}: NativeFailure): boolean {
  const versions = isServer === 1 ? versionNumbers(peerVersions) : [chosenVersion(firstBytes) ?? 0]
  return versions.some((version) => version >= leastVersion && version <= mostVersion)
}

function cipherWords(failure: NativeFailure): string {
  if (failure.isServer === 0)
    return `the server wants a cipher or group that we do not speak (${failure.reason})`
  return (
    `no cipher, group or signature algorithm in common that goes with the certificate's key (${failure.reason}): ` +
    `the client offers ${ciphers(failure.peerCiphers)}; we speak ${ciphers(failure.ourCiphers)}`
  )
}

function alpnWords({ peerProtocols, ourProtocols }: NativeFailure): string {
  return (
    `no application protocol (ALPN) in common: the client offers ${quoted(protocolNames(peerProtocols))}, ` +
    `we speak ${quoted(protocolNames(ourProtocols))}`
  )
}

function ourVersions({ leastVersion, mostVersion }: NativeFailure): string {
  const least = versionName(leastVersion)
  return leastVersion === mostVersion ? `${least} only` : `${least} to ${versionName(mostVersion)}`
}

function versionsOffered(wire: Buffer): string {
  return versionNumbers(wire).map(versionName).join(', ') || 'none that is known'
}

/** GREASE values are no versions (RFC 8701). */
function versionNumbers(wire: Buffer): number[] {
  const numbers: number[] = []
  for (let at = 0; at + 1 < wire.length; at += 2) {
    const version = wire.readUInt16BE(at)
    if (version >> 8 === 3) numbers.push(version)
  }
  return numbers
}

function versionChosen(first: Buffer): string {
  const version = chosenVersion(first)
  return version === undefined ? 'another' : versionName(version)
}

/** The version in a ServerHello of TLS 1.2 or older. */
function chosenVersion(first: Buffer): number | undefined {
  const at = RECORD_HEADER_BYTES
  return first.length >= at + 6 && first[at] === SERVER_HELLO ? first.readUInt16BE(at + 4) : undefined
}

function versionName(version: number): string {
  const minor = (version & 0xff) - 1
  return version === 0x0300
    ? 'SSLv3'
    : version >> 8 === 3
      ? `TLSv1.${minor}`
      : `version 0x${version.toString(16)}`
}

function ciphers(names: string): string {
  const list = names.split(':').filter((name) => name !== '')
  const shown = list.slice(0, MOST_CIPHERS_NAMED).join(', ')
  const left = list.length - MOST_CIPHERS_NAMED
  return left > 0 ? `${shown} and ${left} more` : shown || 'none that is known'
}

function quoted(names: readonly string[]): string {
  return names.join(', ') || 'none'
}
