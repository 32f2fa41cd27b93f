/** What is said of TLS, and where libpq looks for files of which nothing is said. */
import { join } from 'node:path'
import { checkOptions } from '@shrapnel/core/parts'
import type { ClientOptions } from '@shrapnel/tls'
import type { SslMode } from './connect-options.js'
import { unusable } from './option-kinds.js'
import type { Settings } from './option-table.js'
import type { FileSetting, TlsSettings } from './resolved-connect.js'
import { Secret } from './secret.js'

/** These verify nothing, or may go without TLS. */
const WEAK: ReadonlySet<SslMode> = new Set(['disable', 'allow', 'prefer'])

/** `said` is what the program and its URL say, without the environment. Throws PG_OPTION. */
export function resolveTls(
  settings: Settings,
  options: ClientOptions | undefined,
  said: Settings,
  home: string,
): TlsSettings {
  if (options !== undefined) checkOptions(options)
  const { sslRootCert, sslNegotiation = 'postgres', sslPassword } = settings
  const mode = modeOf(settings, options, said)
  if (sslRootCert === 'system' && mode !== 'verify-full')
    throw unusable(
      'sslMode',
      `is '${mode}', and with sslRootCert 'system' it must be 'verify-full': anybody has a certificate of those roots`,
    )
  if (sslNegotiation === 'direct' && WEAK.has(mode))
    throw unusable('sslMode', `is '${mode}', and with sslNegotiation 'direct' it must be 'require' or more`)
  const file = (path: string | undefined, usual: string): FileSetting =>
    path === undefined
      ? { path: join(home, '.postgresql', usual), isRequired: false }
      : { path, isRequired: true }
  return {
    mode,
    negotiation: sslNegotiation,
    roots: sslRootCert === 'system' ? 'system' : file(sslRootCert, 'root.crt'),
    revocations: file(settings.sslCrl, 'root.crl'),
    certificate: file(settings.sslCert, 'postgresql.crt'),
    key: file(settings.sslKey, 'postgresql.key'),
    passphrase: sslPassword === undefined ? undefined : new Secret(sslPassword),
    certificateMode: settings.sslCertMode ?? 'allow',
    minVersion: settings.sslMinProtocolVersion,
    maxVersion: settings.sslMaxProtocolVersion,
    options: () => options,
  }
}

/** Who gives roots or keys means that they are used. */
function modeOf(settings: Settings, options: ClientOptions | undefined, said: Settings): SslMode {
  if (said.sslMode !== undefined) return said.sslMode
  if (options !== undefined) return 'verify-full'
  return settings.sslMode ?? (settings.sslRootCert === 'system' ? 'verify-full' : 'prefer')
}
