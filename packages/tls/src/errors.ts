/** The errors of this package. `code` is stable; OpenSSL's own words are a fact beside it. */
import { CoroError } from '@shrapnel/core'
import { FAILED, type Native, type NativeFailure, native } from './native.js'
import { type OcspErrorCode, ocspRefusal } from './ocsp-refusals.js'

export type TlsErrorCode =
  /** The peer's certificate was refused. */
  | 'TLS_CERTIFICATE'
  /** The peer refused, by an alert. */
  | 'TLS_ALERT'
  /** The two sides could not agree, or the peer sent what TLS does not allow. */
  | 'TLS_PROTOCOL'
  /** The peer went away during the handshake. */
  | 'TLS_HANDSHAKE_CUT'
  /** A certificate, key or other option that OpenSSL cannot use. */
  | 'TLS_OPTION'
  /** This connection has no binding of that kind. */
  | 'TLS_CHANNEL_BINDING'
  /** The transport ended without a close_notify. */
  | 'TRUNCATED'
  | OcspErrorCode

export class TlsError extends CoroError {
  override readonly name: string = 'TlsError'
  declare readonly code: TlsErrorCode
  /** What OpenSSL says. */
  readonly reason: string | undefined
  /** What it says of the certificate, as a number: X509_V_ERR_…. */
  readonly verifyCode: number | undefined
  /** The alert that ended the connection (RFC 8446, 6), and who sent it. */
  readonly alert: { readonly number: number; readonly by: 'us' | 'peer' } | undefined

  constructor(code: TlsErrorCode, text: string, failure?: NativeFailure) {
    super(code, text)
    this.reason = failure?.reason || undefined
    this.verifyCode = failure?.verifyCode || undefined
    this.alert =
      failure === undefined
        ? undefined
        : failure.alertReceived >= 0
          ? { number: failure.alertReceived, by: 'peer' }
          : failure.alertSent >= 0
            ? { number: failure.alertSent, by: 'us' }
            : undefined
  }
}

/** The transport ended, and the peer had not said that this is all: what came may be a part of what was sent. */
export class TruncatedStream extends TlsError {
  override readonly name: string = 'TruncatedStream'
  constructor(text = 'the connection ended without a close_notify: bytes may be missing') {
    super('TRUNCATED', text)
  }
}

/** Why the connection failed; asked directly after the call that gave `FAILED`. */
export function connectionError(): TlsError {
  const failure = native.lastFailure()
  const stapled = ocspRefusal(failure.ocsp)
  if (stapled !== undefined) return new TlsError(stapled.code, stapled.text, failure)
  if (failure.verifyCode !== 0) {
    const whose = failure.depth === 0 ? "the peer's certificate" : `certificate ${failure.depth} of the chain`
    return new TlsError('TLS_CERTIFICATE', `${whose} was refused: ${failure.verifyReason}`, failure)
  }
  if (failure.alertReceived >= 0)
    return new TlsError('TLS_ALERT', `the peer refused: ${failure.reason}`, failure)
  return new TlsError('TLS_PROTOCOL', `TLS failed: ${failure.reason || 'unknown reason'}`, failure)
}

/** `result`, unless OpenSSL refused what the option named `option` was set to. */
export function accepted<T>(option: string, result: T | number): T {
  if (result !== FAILED) return result as T
  const failure: ReturnType<Native['lastFailure']> = native.lastFailure()
  throw new TlsError('TLS_OPTION', `${option} cannot be used: ${failure.reason || 'unknown reason'}`, failure)
}
