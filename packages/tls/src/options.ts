/** What can be chosen, and the checks of it. What belongs to a context comes first: connections with the same share one. */
import type { ConnectOptions as TcpConnectOptions, ListenOptions as TcpListenOptions } from '@shrapnel/core'
import { checkOptions, outOfRange, wrongType } from '@shrapnel/core/parts'

import type { IdentityOptions, Roots, ServerIdentityOptions } from './identity-options.js'
import type { NativeSession } from './native.js'

export type Version = 'TLSv1.2' | 'TLSv1.3'

/** As on the wire (RFC 8446, 4.2.1). */
const VERSION_NUMBERS = { 'TLSv1.2': 0x0303, 'TLSv1.3': 0x0304 } as const satisfies Record<Version, number>

export interface ContextOptions extends IdentityOptions {
  /** `TLSv1.2` unless given. */
  readonly minVersion?: Version
  /** `TLSv1.3` unless given. */
  readonly maxVersion?: Version
}

interface HandshakeOptions {
  /** How long the handshake may take, in milliseconds; then `TimeoutError`. 10,000 unless given. */
  readonly handshakeTimeoutMs?: number
}

export interface ClientOptions extends ContextOptions, HandshakeOptions {
  /** Whom to trust. `node` unless given. */
  readonly ca?: Roots | readonly Roots[]
  /** False: any certificate will do, and whoever is in between can read and change everything. */
  readonly verify?: boolean
  /** The name or address that the certificate must be for, and that the server is asked for. The host unless given. */
  readonly serverName?: string
  /** An earlier connection's, to the same server under the same options, to be resumed if the server agrees. */
  readonly session?: TlsSession | undefined
}

/** What a client needs to resume: `TlsStream.takeSession()`. */
export type TlsSession = NativeSession

export interface ServerOptions extends ContextOptions, HandshakeOptions, ServerIdentityOptions {}

export interface ConnectOptions extends ClientOptions, Omit<TcpConnectOptions, 'timeoutMs'> {
  /** Time for name lookup and all attempts together to get a TCP connection, in milliseconds. No limit unless given. */
  readonly connectTimeoutMs?: number
}

export interface ListenOptions extends ServerOptions, TcpListenOptions {
  /**
   * How many handshakes may go on at a time, together with connections that are ready and that nobody has taken; more clients wait in
   * the kernel. 256 unless given.
   */
  readonly maxPendingHandshakes?: number
  /** Told of each handshake that failed. */
  readonly onHandshakeFailure?: (error: unknown) => void
}

export const DEFAULT_HANDSHAKE_TIMEOUT_MS = 10_000
export const DEFAULT_PENDING_HANDSHAKES = 256

export function versionNumber(name: string, version: unknown): number {
  if (typeof version !== 'string') throw wrongType(name, 'text', version)
  if (!Object.hasOwn(VERSION_NUMBERS, version)) throw outOfRange(name, 'TLSv1.2 or TLSv1.3', version)
  return VERSION_NUMBERS[version as Version]
}

export function checkText(name: string, value: unknown): string {
  if (typeof value !== 'string') throw wrongType(name, 'text', value)
  if (value.includes('\0')) throw outOfRange(name, 'text without NUL', JSON.stringify(value))
  return value
}

export { checkOptions }
