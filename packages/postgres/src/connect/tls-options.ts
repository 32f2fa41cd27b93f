/**
 * What `sslMode` and its files come to for a handshake. As in libpq: without roots nobody is verified below `verify-ca`; with a file of
 * roots every chain is, whatever the mode says; `verify-full` looks at the name, too. Unlike libpq, `verify-full` has Node's roots if there
 * is no file. Files are read for each connection, so that new certificates need no restart.
 */
import { readFile, stat } from 'node:fs/promises'
import { Interrupted, interruptible } from '@shrapnel/core'
import type { ClientOptions } from '@shrapnel/tls'
import { PostgresError } from '../errors.js'
import type { FileSetting, TlsSettings } from './resolved-connect.js'

/** What TLS from the first byte must agree on, so that nobody takes another protocol for this one (PostgreSQL 17). */
export const ALPN = 'postgresql'

export async function tlsOptions(settings: TlsSettings, host: string): Promise<ClientOptions> {
  const { minVersion, maxVersion, mode } = settings
  const given = settings.options() ?? {}
  const ca = given.ca ?? (await rootsOf(settings))
  const verify = given.verify ?? verification(mode, ca !== undefined)
  const crl = await optionalFile(settings.revocations)
  return {
    serverName: host,
    alpn: [ALPN],
    // The server has no tickets to go on with, and SCRAM binds to the certificate of a full handshake.
    sessions: 'none',
    handshakeTimeoutMs: Number.POSITIVE_INFINITY,
    ...(minVersion === undefined ? {} : { minVersion }),
    ...(maxVersion === undefined ? {} : { maxVersion }),
    ...(ca === undefined ? {} : { ca }),
    ...(crl === undefined || verify === false ? {} : { crl }),
    ...(await identityOf(settings, given)),
    ...given,
    verify,
  }
}

function verification(mode: TlsSettings['mode'], hasRoots: boolean): boolean | 'chain' {
  if (mode === 'verify-full') return true
  if (hasRoots) return 'chain'
  if (mode !== 'verify-ca') return false
  throw new PostgresError(
    'PG_OPTION',
    "sslMode 'verify-ca' needs sslRootCert: among the roots of the public anybody has a certificate",
  )
}

async function rootsOf({ roots }: TlsSettings): Promise<ClientOptions['ca']> {
  return roots === 'system' ? 'system' : optionalFile(roots)
}

async function identityOf(settings: TlsSettings, given: ClientOptions): Promise<ClientOptions> {
  const isGiven = given.cert !== undefined || given.pfx !== undefined || given.certificates !== undefined
  if (settings.certificateMode === 'disable' || isGiven) return {}
  const cert = await optionalFile(settings.certificate)
  if (cert === undefined) return {}
  const key = await privateKey(settings.key)
  const passphrase = settings.passphrase?.reveal()
  return { cert, key, ...(typeof passphrase === 'string' ? { passphrase } : {}) }
}

async function privateKey(setting: FileSetting | undefined): Promise<Buffer> {
  const key = await optionalFile(setting)
  if (key === undefined || setting === undefined)
    throw new PostgresError(
      'PG_OPTION',
      `there is a certificate of ours, and no key at ${JSON.stringify(setting?.path)}`,
    )
  const { mode, uid } = await interruptible(stat(setting.path))
  // As libpq: the owner's alone; root's may be readable by a group.
  if ((mode & (uid === 0 ? 0o037 : 0o077)) !== 0)
    throw new PostgresError(
      'PG_OPTION',
      `others can read the private key ${JSON.stringify(setting.path)}: its permissions must be 0600 or less`,
    )
  return key
}

/** The file; undefined if it is not there and nobody asked for it. Fails with PG_OPTION. */
async function optionalFile(setting: FileSetting | undefined): Promise<Buffer | undefined> {
  if (setting === undefined) return undefined
  try {
    return await interruptible(readFile(setting.path))
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if ((code === 'ENOENT' || code === 'ENOTDIR') && !setting.isRequired) return undefined
    if (cause instanceof Interrupted) throw cause
    throw new PostgresError('PG_OPTION', `the file ${JSON.stringify(setting.path)} cannot be read`, { cause })
  }
}
