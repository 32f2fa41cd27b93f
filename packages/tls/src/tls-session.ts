/** What a client keeps of a connection to make the next one without certificates. It is good under the conditions it was made under. */

import { type NativeSession, native } from './native.js'
import type { Version } from './options.js'

const TLS_1_3 = 0x0304

/** Opaque: `TlsStream.takeSession()` gives it, the option `session` takes it. */
export class TlsSession {
  readonly protocol: Version
  /** When it ends, as `Date.now()` counts: the server forgets it, or what was verified is valid no longer. */
  readonly expiresAt: number
  /** When a full handshake is due, however often this goes on. @internal */
  readonly verifiedUntil: number
  /** Everything that a full handshake would have judged by. @internal */
  readonly policy: string
  /** Whose it is, so that a connection that fails can take it back. @internal */
  readonly origin: object
  /** @internal */
  readonly native: NativeSession

  /** @internal */
  constructor(session: NativeSession, policy: string, verifiedUntil: number, origin: object) {
    const { version, lifetimeSeconds } = native.sessionFacts(session)
    this.protocol = version === TLS_1_3 ? 'TLSv1.3' : 'TLSv1.2'
    this.expiresAt = Math.min(Date.now() + lifetimeSeconds * 1000, verifiedUntil)
    this.verifiedUntil = verifiedUntil
    this.policy = policy
    this.origin = origin
    this.native = session
  }

  /** A connection that fails makes OpenSSL say no here. @internal */
  get isFit(): boolean {
    return this.expiresAt > Date.now() && native.sessionFacts(this.native).isResumable === 1
  }

  /** TLS 1.3 wants a ticket to be used once (RFC 8446, C.4): whoever listens must not know it again. @internal */
  get isForOneUse(): boolean {
    return this.protocol === 'TLSv1.3'
  }
}
