/**
 * What an authority says of its certificates after it has issued them: a list of the revoked (CRL, RFC 5280 §5) and
 * answers about one (OCSP, RFC 6960), both made by `openssl` from a database that is written for each call. An
 * expired OCSP answer is a valid one with other times (ocsp-dates.ts).
 */
import { createPrivateKey, sign } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Certificate } from './certificate.js'
import { configurationOf, opensslTime } from './certificate-options.js'
import { redatedOcspResponse } from './ocsp-dates.js'
import { type OpensslRun, openssl } from './openssl-command.js'

const DAY_MS = 24 * 3_600_000

/** RFC 5280 §5.3.1. */
export type RevocationReason =
  | 'unspecified'
  | 'keyCompromise'
  | 'CACompromise'
  | 'affiliationChanged'
  | 'superseded'
  | 'cessationOfOperation'
  | 'certificateHold'

export interface Revocation {
  readonly at: Date
  readonly reason: RevocationReason
}

export interface DatabaseEntry {
  readonly certificate: Certificate
  readonly revocation: Revocation | undefined
}

/** The list of what `entries` say is revoked. Expired: its next update was due yesterday. */
export function makeCrl(
  authority: Certificate,
  folder: string,
  entries: readonly DatabaseEntry[],
  isExpired: boolean,
): Promise<string> {
  return withDatabase(folder, entries, async (run) => {
    const now = Date.now()
    const [from, to] = isExpired ? [now - 8 * DAY_MS, now - DAY_MS] : [now - DAY_MS / 24, now + 7 * DAY_MS]
    const signer = ['-cert', authority.certificatePath, '-keyfile', authority.keyPath]
    const times = [
      '-crl_lastupdate',
      opensslTime(new Date(from)),
      '-crl_nextupdate',
      opensslTime(new Date(to)),
    ]
    const args = ['ca', '-batch', '-gencrl', '-crlexts', 'crl', ...signer, ...times, '-out', 'crl.pem']
    await openssl(args, run)
    return await readFile(join(run.cwd, 'crl.pem'), 'utf8')
  })
}

/** The DER of an answer about one certificate, signed by the authority itself; `entry` undefined: it is not known. */
export function makeOcspResponse(
  authority: Certificate,
  folder: string,
  certificate: Certificate,
  { entry, isExpired }: { readonly entry: DatabaseEntry | undefined; readonly isExpired: boolean },
): Promise<Buffer> {
  return withDatabase(folder, entry === undefined ? [] : [entry], async (run) => {
    const { certificatePath, keyPath } = authority
    const key = createPrivateKey(authority.keyPem)
    const hash = key.asymmetricKeyType === 'ed25519' ? undefined : 'sha256'
    const signer = ['-CA', certificatePath, '-rsigner', certificatePath, '-rkey', keyPath]
    if (hash !== undefined) signer.push('-rmd', hash)
    const question = ['-issuer', certificatePath, '-cert', certificate.certificatePath, '-no_nonce']
    const answer = ['-index', 'index', '-ndays', '7', '-noverify', '-respout', 'response.der']
    await openssl(['ocsp', ...signer, ...question, ...answer], run)
    const response = await readFile(join(run.cwd, 'response.der'))
    if (!isExpired) return response
    const dates = { thisUpdate: new Date(Date.now() - 8 * DAY_MS), nextUpdate: new Date(Date.now() - DAY_MS) }
    return redatedOcspResponse(response, dates, (data) => sign(hash, data, key))
  })
}

async function withDatabase<Result>(
  folder: string,
  entries: readonly DatabaseEntry[],
  work: (run: OpensslRun) => Promise<Result>,
): Promise<Result> {
  const cwd = await mkdtemp(join(folder, 'answer-'))
  try {
    const configurationPath = join(cwd, 'openssl.cnf')
    await Promise.all([
      writeFile(configurationPath, configurationOf({ names: [] })),
      writeFile(join(cwd, 'index'), entries.map(databaseLine).join('')),
    ])
    return await work({ cwd, configurationPath })
  } finally {
    await rm(cwd, { recursive: true, force: true })
  }
}

/** Columns: state, expiry, revocation, serial, file, subject. The subject is for people. */
function databaseLine({ certificate, revocation }: DatabaseEntry): string {
  const expiry = shortTime(certificate.notAfter)
  const columns =
    revocation === undefined
      ? ['V', expiry, '']
      : ['R', expiry, `${shortTime(revocation.at)},${revocation.reason}`]
  return `${[...columns, certificate.serial, 'unknown', '/CN=-'].join('\t')}\n`
}

/** With two digits for the year: the revocation time is read as a UTCTime and nothing else. */
function shortTime(time: Date): string {
  return opensslTime(time).slice(2)
}
