/** What the options, the URL and the environment come to, once they are put together: nothing in it is left to be looked up but files and names. */
import type { ClientOptions } from '@shrapnel/tls'
import type { ServerReport } from '../wire/index.js'
import type {
  CertificateMode,
  ChannelBinding,
  HostOrder,
  SessionTarget,
  SslMode,
  SslNegotiation,
} from './connect-options.js'
import type { AuthenticationPolicy } from './require-auth.js'
import type { Secret } from './secret.js'
import type { ServerPlace } from './server-place.js'

/** A file, and whether somebody asked for it: one that is only looked for need not be there. */
export interface FileSetting {
  readonly path: string
  readonly isRequired: boolean
}

export interface TlsSettings {
  readonly mode: SslMode
  readonly negotiation: SslNegotiation
  /** A file, or what the system trusts; undefined where there is no home to look in. */
  readonly roots: FileSetting | 'system' | undefined
  readonly revocations: FileSetting | undefined
  readonly certificate: FileSetting | undefined
  readonly key: FileSetting | undefined
  readonly passphrase: Secret | undefined
  readonly certificateMode: CertificateMode
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3' | undefined
  readonly maxVersion: 'TLSv1.2' | 'TLSv1.3' | undefined
  /** Of the program; not for eyes, as a key may be in it. */
  readonly options: () => ClientOptions | undefined
}

export interface KeepAlive {
  readonly isOn: boolean
  readonly idleMs: number | undefined
  readonly intervalMs: number | undefined
  readonly probes: number | undefined
}

export interface ResolvedConnect {
  readonly places: readonly ServerPlace[]
  readonly user: string
  readonly database: string
  readonly password: Secret | undefined
  readonly passwordFile: string | undefined
  readonly tls: TlsSettings
  readonly channelBinding: ChannelBinding
  readonly authentication: AuthenticationPolicy
  readonly connectTimeoutMs: number
  readonly sessionTarget: SessionTarget
  readonly hostOrder: HostOrder
  readonly keepAlive: KeepAlive
  /** Of the start-up message, with user and database. */
  readonly startup: ReadonlyMap<string, string>
  readonly minMinorVersion: 0 | 2
  readonly maxMinorVersion: 0 | 2
  readonly maxScramIterations: number
  readonly maxStartupMessages: number
  readonly maxStartupMessageBytes: number
}

/** What whoever opens wants to hear. */
export interface OpenHooks {
  /** What the server remarks before it is ready, and what is remarked here: a password file that others can read. */
  readonly onNotice?: ((notice: ServerReport) => void) | undefined
}
