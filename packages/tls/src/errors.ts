/** The errors of this package. `code` is stable; OpenSSL's own words are a fact beside it. */
import type { X509Certificate } from 'node:crypto'
import { CoroError } from '@shrapnel/core'
import { alertName } from './alerts.js'
import { FAILED, type Native, type NativeFailure, native } from './native.js'
import type { OcspErrorCode } from './ocsp-refusals.js'

export type TlsErrorCode =
  | CertificateErrorCode
  /** The peer refused, by an alert: `alert` says which. */
  | 'TLS_ALERT'
  /** The two sides have no version of TLS in common. */
  | 'TLS_VERSION'
  /** The two sides have no cipher, group or signature algorithm in common. */
  | 'TLS_CIPHER'
  /** The client offered application protocols, and the server speaks none of them. */
  | 'TLS_ALPN'
  /** The client asked for a name that this server has no context for. */
  | 'TLS_SERVER_NAME'
  /** What the peer sent is no TLS at all. */
  | 'TLS_NOT_TLS'
  /** The peer sent what TLS does not allow. */
  | 'TLS_PROTOCOL'
  /** The peer went away during the handshake. */
  | 'TLS_HANDSHAKE_CUT'
  /** The peer sent more plain text than was read before TLS began: it must not pass for what came by TLS. */
  | 'TLS_EARLY_BYTES'
  /** A certificate, key or other option that OpenSSL cannot use. */
  | 'TLS_OPTION'
  /** This connection has no binding of that kind. */
  | 'TLS_CHANNEL_BINDING'
  /** The transport ended without a close_notify. */
  | 'TRUNCATED'
  | OcspErrorCode

/** Why a certificate of the peer was refused. */
export type CertificateErrorCode =
  | 'TLS_CERTIFICATE_EXPIRED'
  | 'TLS_CERTIFICATE_NOT_YET_VALID'
  /** It is for other names, or its issuer may not issue for this one. */
  | 'TLS_CERTIFICATE_NAME'
  | 'TLS_CERTIFICATE_SELF_SIGNED'
  /** Nothing leads from it to a root that is trusted. */
  | 'TLS_CERTIFICATE_ISSUER'
  | 'TLS_CERTIFICATE_REVOKED'
  /** There is no revocation list of its issuer, or none that can be used. */
  | 'TLS_CERTIFICATE_CRL'
  /** Its key or its signature is too weak. */
  | 'TLS_CERTIFICATE_WEAK'
  /** It is not for servers, or not for clients. */
  | 'TLS_CERTIFICATE_PURPOSE'
  /** A certificate above it has no right to issue it. */
  | 'TLS_CERTIFICATE_CHAIN'
  /** The client showed none. */
  | 'TLS_CERTIFICATE_MISSING'
  /** Another reason; `reason` has it. */
  | 'TLS_CERTIFICATE'

export interface TlsAlert {
  readonly number: number
  /** `certificate_expired`, … */
  readonly name: string
  readonly by: 'us' | 'peer'
}

export class TlsError extends CoroError {
  override readonly name: string = 'TlsError'
  declare readonly code: TlsErrorCode
  /** What OpenSSL says. */
  readonly reason: string | undefined
  /** What it says of the certificate, as a number: X509_V_ERR_…. */
  readonly verifyCode: number | undefined
  /** The alert that ended the connection (RFC 8446, 6), and who sent it. */
  readonly alert: TlsAlert | undefined

  constructor(code: TlsErrorCode, text: string, failure?: NativeFailure) {
    super(code, text)
    this.reason = failure?.verifyReason || failure?.reason || undefined
    this.verifyCode = failure?.verifyCode || undefined
    this.alert = failure === undefined ? undefined : alertOf(failure)
  }
}

/** A certificate of the peer was refused, or it showed none. */
export class CertificateError extends TlsError {
  override readonly name: string = 'CertificateError'
  declare readonly code: CertificateErrorCode
  /** The one that was refused. */
  readonly certificate: X509Certificate | undefined
  /** How far above the peer's own it is in the chain: 0 is the peer's own. */
  readonly depth: number

  constructor(
    code: CertificateErrorCode,
    text: string,
    failure: NativeFailure,
    certificate?: X509Certificate,
  ) {
    super(code, text, failure)
    this.certificate = certificate
    this.depth = failure.depth
  }
}

/** The transport ended, and the peer had not said that this is all: what came may be a part of what was sent. */
export class TruncatedStream extends TlsError {
  override readonly name: string = 'TruncatedStream'
  constructor(text = 'the connection ended without a close_notify: bytes may be missing') {
    super('TRUNCATED', text)
  }
}

/** `result`, unless OpenSSL refused what the option named `option` was set to. */
export function accepted<T>(
  option: string,
  result: T | number,
  explain: (failure: NativeFailure) => string = (failure) => failure.reason || 'unknown reason',
): T {
  if (result !== FAILED) return result as T
  const failure: ReturnType<Native['lastFailure']> = native.lastFailure()
  throw new TlsError('TLS_OPTION', `${option} cannot be used: ${explain(failure)}`, failure)
}

function alertOf({ alertReceived, alertSent }: NativeFailure): TlsAlert | undefined {
  if (alertReceived >= 0) return { number: alertReceived, name: alertName(alertReceived), by: 'peer' }
  if (alertSent >= 0) return { number: alertSent, name: alertName(alertSent), by: 'us' }
  return undefined
}
