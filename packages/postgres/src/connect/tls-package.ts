/** @shrapnel/tls is loaded when it is needed first: those who speak without TLS need not have it. */
import { Interrupted, interruptible } from '@shrapnel/core'
import { PostgresError } from '../errors.js'

export type TlsPackage = typeof import('@shrapnel/tls')['tls']

/** Undefined if it is not installed. Fails with PG_OPTION if it is, and cannot be used. */
export async function findTls(): Promise<TlsPackage | undefined> {
  try {
    return (await interruptible(import('@shrapnel/tls'))).tls
  } catch (cause) {
    const { code } = cause as { readonly code?: unknown }
    if (code === 'ERR_MODULE_NOT_FOUND') return undefined
    if (cause instanceof Interrupted) throw cause
    throw new PostgresError('PG_OPTION', 'the package @shrapnel/tls cannot be loaded', { cause })
  }
}

/** Fails with PG_OPTION without it. */
export async function needTls(why: string): Promise<TlsPackage> {
  const tls = await findTls()
  if (tls !== undefined) return tls
  throw new PostgresError('PG_OPTION', `${why} needs the package @shrapnel/tls: npm install @shrapnel/tls`)
}
